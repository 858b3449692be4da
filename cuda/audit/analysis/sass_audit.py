"""Which instructions of machine code multiply data, and what a kernel costs."""

import functools
import re
from collections import Counter

from sass import Instruction, target_of

_FLOAT_PRODUCTS = {"FMUL", "FMUL2", "FFMA", "FFMA2", "HMUL2", "HFMA2", "DMUL", "DFMA", "MUFU", "FFMA32I", "FMUL32I"}
_TENSOR = re.compile(r"(H|I|D|Q|O|B|UTC\w*)G?MMA|IDP|IDP4A")
_INTEGER_PRODUCTS = {"IMAD", "UIMAD", "IMUL", "XMAD"}
_LOADS = {"LDG", "LDS", "LD", "LDL", "SHFL", "ATOMG", "ATOMS", "ATOM", "LDGSTS"}
_STORES = {"STG", "STS", "ST", "STL", "RED", "BAR", "EXIT", "BRA", "NOP", "BSSY", "BSYNC", "WARPSYNC", "DEPBAR", "MEMBAR"}
_ZEROS = {"RZ", "URZ", "-RZ"}


def _registers(operand):
    return re.findall(r"\bU?R\d+\b", operand)


def _span(register, count):
    letters, number = re.fullmatch(r"(U?R)(\d+)", register).groups()
    return [f"{letters}{int(number) + i}" for i in range(count)]


def _target_count(opcode):
    """How many registers an instruction writes from its target on."""
    if "128" in opcode:
        return 4
    wide = opcode[0] in ("IMAD", "UIMAD") and "WIDE" in opcode
    return 2 if wide or "64" in opcode or opcode[0] in ("FADD2", "FMUL2", "FFMA2") else 1


_PREDICATE = re.compile(r"!?(U?P(?:\d|T|R))")


def _predicates(operand):
    """The predicate registers of an operand that is one, PR being all; None for any other operand."""
    found = _PREDICATE.fullmatch(operand)
    if not found:
        return None
    name = found.group(1)
    return [f"P{k}" for k in range(7)] if name == "PR" else [] if name.endswith("T") else [name]


def _is_register(operand):
    return re.fullmatch(r"U?R\d+", operand) is not None


@functools.lru_cache(maxsize=None)
def _flow_of(opcode, operands, guard):
    """(written, read): names of registers, predicates included. An instruction writes up to two predicates (a vote one),
    or a register and then such predicates, where sources follow them; a shuffle both."""
    name = opcode[0]
    targets, sources = [], list(_predicates(guard) or [])
    left = list(operands)

    def take_predicates():
        taken = 0
        while left and taken < (1 if name in ("VOTE", "VOTEU") else 2) and _predicates(left[0]) is not None:
            targets.extend(_predicates(left.pop(0)))
            taken += 1
        return taken

    if name not in _STORES:
        leading = take_predicates()
        if left and _is_register(left[0]) and (not leading or name == "SHFL"):
            targets += _span(left.pop(0), _target_count(opcode))
            if name in ("VOTE", "VOTEU") or any(_predicates(o) is None for o in left):
                take_predicates()
    for operand in left:
        predicates = _predicates(operand)
        found = _registers(operand) if predicates is None else predicates
        if ".64" in operand or "WIDE" in opcode and operand == operands[-1]:
            found = [r for f in found if "R" in f for r in _span(f, 2)] + [f for f in found if "R" not in f]
        sources += found
    return tuple(targets), tuple(sources)


def written(i):
    return _flow_of(i.opcode, i.operands, i.guard)[0]


def read(i):
    return _flow_of(i.opcode, i.operands, i.guard)[1]


class Flow:
    """Which registers hold data: a value is data if it comes, by whatever way, from memory, selections and guards by a
    comparison of data included."""

    def __init__(self, function):
        self.blocks, self.labels = [[]], {}
        for statement in function.code:
            if isinstance(statement, Instruction):
                self.blocks[-1].append(statement)
                if statement.opcode[0] in ("BRA", "EXIT", "BSYNC", "RET", "JMP", "CALL", "BRX"):
                    self.blocks.append([])
            else:
                if self.blocks[-1]:
                    self.blocks.append([])
                self.labels[statement] = len(self.blocks) - 1
        self._entering = {0: set()}
        self._solve()

    def _successors(self, index):
        block = self.blocks[index]
        last = block[-1] if block else None
        found = []
        for i in block:
            # A BSYNC goes to where its BSSY points, which is one of the labels that are named.
            if i.opcode[0] in ("BRA", "BSSY", "CALL") and target_of(i) in self.labels:
                found.append(self.labels[target_of(i)])
        ends = last is not None and not last.guard and last.opcode[0] in ("BRA", "EXIT") and len(last.operands) <= 1
        if not ends and index + 1 < len(self.blocks):
            found.append(index + 1)
        return found

    def _solve(self):
        entering = self._entering
        work = [0]
        while work:
            index = work.pop()
            data = set(entering[index])
            for i in self.blocks[index]:
                self._step(i, data)
            for successor in self._successors(index):
                if successor not in entering or not data <= entering[successor]:
                    entering[successor] = entering.get(successor, set()) | data
                    work.append(successor)

    def walk(self):
        """(instruction, registers that hold data before it, constants of registers where it runs); none for code that is
        not reached, but for padding."""
        for index, block in enumerate(self.blocks):
            data = set(self._entering.get(index, ()))
            constants = {}  # register: (guard under which it holds, the constant), within the block
            for i in block:
                yield i, data, {r: c for r, (guard, c) in constants.items() if guard in ("", i.guard)}
                self._step(i, data)
                targets = written(i)
                constants = {
                    r: (guard, c)
                    for r, (guard, c) in constants.items()
                    if r not in targets and guard.removeprefix("!") not in targets
                }
                if (value := _moved_constant(i)) is not None:
                    constants[targets[0]] = (i.guard, value)

    @staticmethod
    def _step(i, data):
        targets = written(i)
        if i.opcode[0] in _LOADS or not data.isdisjoint(read(i)):
            data.update(targets)
        elif not i.guard:
            data.difference_update(targets)


def _moved_constant(i):
    """The immediate that an instruction does nothing with but write it to a register."""
    if i.opcode[0] in ("MOV", "UMOV") and len(i.operands) == 2:
        value = i.operands[1]
    elif i.opcode[:2] == ("IMAD", "MOV") and len(i.operands) == 4 and i.operands[1:3] == ("RZ", "RZ"):
        value = i.operands[3]
    else:
        return None
    return value if re.fullmatch(r"0x[0-9a-f]+|\d+", value) else None


_CONSTANT = r"-?(0x[0-9a-f]+|\d+)"


def _is_power_of_two(operand):
    if not re.fullmatch(_CONSTANT, operand):
        return False
    value = abs(int(operand, 0))
    return value & (value - 1) == 0


def multiplications(flow):
    """(of data, of indices and sizes): lists of instructions. A product of integers is one of data if both factors are; and
    if one is, where the other is a constant, or where the high half of the product is taken, since no address is computed
    like that. IMAD with a zero or a power of two for a factor is a move, a
    sum or a shift, FFMA and HFMA2 with a zero are constants. The reciprocal of an integer division of indices is theirs."""
    of_data, of_indices = [], []
    for i, data, constants in flow.walk():
        name = i.opcode[0]
        if _TENSOR.fullmatch(name):
            of_data.append(i)
            continue
        if name not in _FLOAT_PRODUCTS and name not in _INTEGER_PRODUCTS:
            continue
        values = [o for o in i.operands if not re.fullmatch(r"!?U?P(\d+|T)", o)]
        factors = values[1:2] if name == "MUFU" else values[1:3]
        is_data = [not data.isdisjoint(_registers(f)) for f in factors]
        if name in _INTEGER_PRODUCTS:
            known = [constants.get(f, f) for f in factors]
            if any(f in _ZEROS or _is_power_of_two(f) for f in known):
                continue
            is_scaled = "HI" in i.opcode or any(re.fullmatch(_CONSTANT, f) for f in known)
            (of_data if all(is_data) or any(is_data) and is_scaled else of_indices).append(i)
        elif not any(f in _ZEROS for f in factors):
            index_only = name == "MUFU" and not any(is_data)
            (of_indices if index_only else of_data).append(i)
    return of_data, of_indices


def fused_products(flow):
    """Products that are added unrounded. With a factor of zero they are moves of constants."""
    return [
        i
        for i, _, _ in flow.walk()
        if i.opcode[0] in ("FFMA", "FFMA2", "FFMA32I", "HFMA2", "DFMA") and not any(o in _ZEROS for o in i.operands[1:3])
    ]


def rounded_otherwise(flow):
    """Sums and products of data that are not rounded to nearest; integer division has such of indices."""
    return [
        i
        for i, data, _ in flow.walk()
        if i.opcode[0] in ("FADD", "FADD2", "FMUL", "FMUL2", "FFMA", "DADD", "DMUL", "FADD32I")
        and not {"RZ", "RM", "RP"}.isdisjoint(i.opcode)
        and not data.isdisjoint(read(i))
    ]


def hot_block(function):
    """The straight run of instructions with most additions of floats; of equals the shortest."""
    best, most = [], 0
    run = []
    for statement in [*function.code, None]:
        if isinstance(statement, Instruction) and statement.opcode[0] not in ("BRA", "BAR", "EXIT", "BSSY", "BSYNC", "NOP"):
            run.append(statement)
            continue
        additions = additions_in(run)
        if additions > most or (additions == most and 0 < len(run) < len(best)):
            best, most = run, additions
        run = []
    return best


def additions_in(run):
    """Sums of floats, fused ones included; a paired instruction has two."""
    counts = Counter(i.opcode[0] for i in run)
    return sum(counts[n] for n in ("FADD", "FFMA")) + 2 * sum(counts[n] for n in ("FADD2", "FFMA2"))


def _shown(i):
    return f"{i.text} {', '.join(i.operands)} at {i.address:#x}"


def facts(module, unit, options, additions_a_term=()):
    """An entry of "code" for each kernel. `additions_a_term` says of which kernels a term is more than one sum of floats."""
    for function in module.functions.values():
        flow = Flow(function)
        of_data, of_indices = multiplications(flow)
        instructions = function.instructions
        entry = {
            "unit": function.name,
            "file": unit,
            "kind": "sass",
            "architecture": module.target,
            "multiplications": len(of_data),
            "index_multiplications": len(of_indices),
            "instructions": len(instructions),
            "registers": function.registers,
            "stack_bytes": function.stack_bytes,
            "spills": sum(i.opcode[0] in ("LDL", "STL") for i in instructions),
            "found": [_shown(i) for i in of_data[:5]],
            "fused": [_shown(i) for i in fused_products(flow)[:5]],
            "rounded_otherwise": [_shown(i) for i in rounded_otherwise(flow)[:5]],
            "flushes": _flushes(flow),
            "options": options,
        }
        block = hot_block(function)
        additions = additions_in(block)
        a_term = next((rule["additions"] for rule in additions_a_term if re.search(rule["kernel"], function.name)), 1)
        terms = additions / a_term
        if terms >= 16:
            entry["instructions_per_term"] = round(len(block) / terms, 3)
            entry["hot_block"] = dict(Counter(i.opcode[0] for i in block).most_common())
            kinds = Counter(_kind(i) for i in block)
            entry["per_term"] = {k: round(n / terms, 3) for k, n in sorted(kinds.items())}
        yield entry


def _kind(i):
    """By whose lanes an instruction is computed."""
    name = i.opcode[0]
    if name in ("FADD", "FADD2", "FFMA", "FFMA2", "FMUL"):
        return "float"
    if name in ("FSETP", "ISETP", "FMNMX", "IMNMX", "VIMNMX", "VIADDMNMX"):
        return "comparison"
    return "memory" if name[:2] in ("LD", "ST") else "integer"


def _flushes(flow):
    """.FTZ on data. Integer division goes by way of floats: its indices are no data, and what it truncates to an integer is
    0 for a subnormal in any case."""
    return [
        f"{i.text} at {i.address:#x}"
        for i, data, _ in flow.walk()
        if "FTZ" in i.opcode and not (i.opcode[0] == "F2I" and "TRUNC" in i.opcode) and not data.isdisjoint(read(i))
    ]
