"""A module of PTX as one C++ file: a function for each kernel, and a table of them.

A function runs one thread until it ends or waits for others. It waits by storing what is live, saying where to go on,
and returning; registers are local variables in between, so that the C++ compiler can do its work.
"""

import control_flow
from instructions import InstructionWriter, c_name, multiplies_floats, storage_type
from syntax import Instruction, Label, Negated, Pair, PtxError, Symbol

_POISON = {"bool": "true", "u16": "0xcdcd", "u32": "0xcdcdcdcdu", "u64": "0xcdcdcdcdcdcdcdcdull", "u8": "0xcd"}
_SHUFFLES = {"up": "up", "down": "down", "bfly": "butterfly", "idx": "index"}


class KernelWriter:
    def __init__(self, kernel, number, may_multiply):
        self.kernel = kernel
        self.number = number
        self.may_multiply = may_multiply
        self.flow = control_flow.ControlFlow(kernel)
        self.live = self.flow.live_after_suspensions()
        self.writer = InstructionWriter(kernel, may_multiply)
        self.suspensions = 0

    def text(self):
        instructions = [s for s in self.kernel.body if isinstance(s, Instruction)]
        targets = self.flow.targets()
        body = []
        for statement in self.kernel.body:
            if isinstance(statement, Label):
                if statement.name in targets:
                    body.append(f"{c_name(statement.name)}:;")
            else:
                body.append(self._guarded(statement))
        early = self.flow.live_at_entry()
        if early:
            raise PtxError(self.kernel.line, f"{self.kernel.name} may read {min(early)} before it writes it")
        used = set().union(*(control_flow.written(i) | control_flow.read(i) for i in instructions), set())
        kept = sorted(set().union(*self.live.values(), set()))
        lines = [f"struct saved_{self.number} {{"]
        lines += [f"  {storage_type(self.kernel.registers[r])} {c_name(r)};" for r in kept]
        lines += ["};", ""]
        lines += [f"// {self.kernel.name}"]
        lines += [f"void kernel_{self.number}([[maybe_unused]] thread& t, [[maybe_unused]] block& b) {{"]
        if kept:
            lines += [f"  auto& kept = *static_cast<saved_{self.number}*>(t.saved);"]
        for register in sorted(used):
            kind = storage_type(self.kernel.registers[register])
            lines += [f"  [[maybe_unused]] {kind} {c_name(register)} = {_POISON[kind]};"]
        if self.suspensions:
            cases = "".join(f" case {i}: goto resume_{i};" for i in range(1, self.suspensions + 1))
            lines += [f"  switch (t.resume) {{{cases} default: break; }}"]
        lines += ["  " + line for line in body if line]
        lines += ["  b.finish(t);", "}", ""]
        return "\n".join(lines)

    def entry(self):
        """The kernel in the module's table."""
        k = self.kernel
        shared = min(self.writer.shared_widths | {4})
        stored = min(self.writer.stored_widths | {4})
        products = sum(multiplies_floats(s) for s in k.body if isinstance(s, Instruction))
        return (
            f'    {{"{k.name}", kernel_{self.number}, sizeof(saved_{self.number}), {k.max_threads}, {k.shared_bytes}, '
            f"{'true' if k.has_dynamic_shared else 'false'}, {shared}, {stored}, {k.parameter_bytes}, {products}}},"
        )

    def _guarded(self, instruction):
        code = self._instruction(instruction)
        if instruction.guard is None or not code:
            return code
        return f"if ({self.writer.predicate(instruction.guard)}) {{ {code} }}"

    def _instruction(self, i):
        base = i.opcode[0]
        if base == "bra":
            if not set(i.opcode[1:]) <= {"uni"}:
                raise PtxError(i.line, f"{i.text} in {self.kernel.name} is not supported")
            return f"goto {c_name(i.operands[0].name)};"
        if base in ("ret", "exit"):
            return "{ b.finish(t); return; }"
        if control_flow.is_suspension(i):
            return self._suspension(i)
        return self.writer.statement(i)

    def _suspension(self, i):
        try:
            request, results = self._request(i)
        except (IndexError, AttributeError, ValueError, KeyError):
            raise PtxError(i.line, f"{i.text} in {self.kernel.name} is not supported") from None
        self.suspensions += 1
        live = sorted(self.live[id(i)])
        save = " ".join(f"kept.{c_name(r)} = {c_name(r)};" for r in live)
        restore = " ".join(f"{c_name(r)} = kept.{c_name(r)};" for r in live)
        n = self.suspensions
        return f"{request} t.resume = {n}; {save} return;\n  resume_{n}: {restore} {results}"

    def _request(self, i):
        """What the thread asks of the others, and what it does with the answer."""
        read = self.writer._read
        opcode = [m for m in i.opcode if m not in ("cta", "aligned")]
        operands = i.operands
        if opcode[0] == "vote":
            _, sync, mode, kind = opcode
            if sync != "sync" or (mode, kind) not in (("any", "pred"), ("all", "pred"), ("ballot", "b32")):
                raise ValueError
            self.writer.instruction = i
            request = f"t.vote(vote_mode::{mode}, {self.writer.predicate(operands[1])}, {read(operands[2], 'u32')}, {i.line});"
            name = c_name(operands[0].name)
            return request, f"{name} = t.answer{' != 0' if kind == 'pred' else ''};"
        if opcode[0] == "shfl":
            _, sync, mode, kind = opcode
            if (sync, kind) != ("sync", "b32"):
                raise ValueError
            self.writer.instruction = i
            value, lane, clamp, mask = (read(o, "u32") for o in operands[1:])
            request = f"t.shuffle(shuffle_mode::{_SHUFFLES[mode]}, {value}, {lane}, {clamp}, {mask}, {i.line});"
            target = operands[0]
            if isinstance(target, Pair):
                results = f"{c_name(target.first.name)} = t.answer;" if target.first else ""
                results += f" {c_name(target.second.name)} = t.is_in_range;" if target.second else ""
                return request, results
            return request, f"{c_name(target.name)} = t.answer;"
        if opcode[1] == "warp":
            self.writer.instruction = i
            return f"t.wait_for_warp({read(operands[0], 'u32')}, {i.line});", ""
        if opcode[1] == "sync":
            self._require_barrier_0(i, operands)
            return f"t.wait_at_barrier(barrier_mode::plain, false, {i.line});", ""
        _, red, mode, kind = opcode
        if red != "red" or (mode, kind) not in (("and", "pred"), ("or", "pred"), ("popc", "u32")):
            raise ValueError
        self._require_barrier_0(i, operands[1:-1])
        names = {"and": "all", "or": "any", "popc": "count"}
        request = f"t.wait_at_barrier(barrier_mode::{names[mode]}, {self.writer.predicate(operands[-1])}, {i.line});"
        name = c_name(operands[0].name)
        return request, f"{name} = t.answer{' != 0' if kind == 'pred' else ''};"

    def _require_barrier_0(self, i, operands):
        if len(operands) != 1 or getattr(operands[0], "value", None) != 0:
            raise PtxError(i.line, f"{i.text} in {self.kernel.name}: only barrier 0 for the whole block is supported")


class RefusedKernel:
    """In the place of a kernel that is not translated: whoever runs it is told why it is not."""

    def __init__(self, kernel, number, error):
        self.kernel = kernel
        self.number = number
        self.why = f"{kernel.name}: line {error.line} of its PTX: {error.message}"

    def text(self):
        why = self.why.replace("\\", "\\\\").replace('"', '\\"')
        return (
            f"struct saved_{self.number} {{}};\n\n// {self.kernel.name}\n"
            f'void kernel_{self.number}(thread&, block&) {{ throw fault("{why}"); }}\n'
        )

    def entry(self):
        k = self.kernel
        return (
            f'    {{"{k.name}", kernel_{self.number}, sizeof(saved_{self.number}), {k.max_threads}, {k.shared_bytes}, '
            f"{'true' if k.has_dynamic_shared else 'false'}, 1, 1, {k.parameter_bytes}, 0}},"
        )


def write_module(module, name, may_multiply, refuse=None):
    """The C++ file. `may_multiply` tells, from a kernel's name, whether it may multiply floats. `refuse` is called with the
    error of each kernel that is refused, which is then left to fail where it is run; without it the error is raised."""
    functions, entries = [], []
    for number, kernel in enumerate(module.kernels):
        try:
            writer = KernelWriter(kernel, number, may_multiply(kernel.name))
            function = writer.text()
        except PtxError as error:
            if refuse is None:
                raise
            refuse(error)
            writer = RefusedKernel(kernel, number, error)
            function = writer.text()
        functions.append(function)
        entries.append(writer.entry())
    table = "\n".join(entries)
    return f"""// Generated by cuda/ptx/translator from PTX for {module.target}. Do not edit.
#include "pamkit/ptx/block.hpp"
#include "pamkit/ptx/kernel.hpp"
#include "pamkit/ptx/operations.hpp"

namespace pamkit::ptx {{
namespace {{

{chr(10).join(functions)}
constexpr kernel kKernels[] = {{
{table}
}};

}}  // namespace

std::span<const kernel> {name}_kernels() {{ return kKernels; }}

}}  // namespace pamkit::ptx
"""
