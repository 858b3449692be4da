"""Which instructions of machine code multiply data, and what a kernel costs."""

import re
from collections import Counter

from sass import Instruction
from sass_flow import Flow, read, registers, shown
from sass_opcodes import FLOAT_PRODUCTS, FLOAT_SUMS, FUSED_PRODUCTS, INTEGER_PRODUCTS, is_known, is_tensor

_ZEROS = {"RZ", "URZ", "-RZ"}


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
    for i, data, constants in flow.computations:
        name = i.opcode[0]
        if is_tensor(name):
            of_data.append(i)
            continue
        if name not in FLOAT_PRODUCTS and name not in INTEGER_PRODUCTS:
            continue
        values = [o for o in i.operands if not re.fullmatch(r"!?U?P(\d+|T)", o)]
        factors = values[1:2] if name == "MUFU" else values[1:3]
        is_data = [not data.isdisjoint(registers(f)) for f in factors]
        if name in INTEGER_PRODUCTS:
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
        for i, _, _ in flow.computations
        if i.opcode[0] in FUSED_PRODUCTS and not any(o in _ZEROS for o in i.operands[1:3])
    ]


def rounded_otherwise(flow):
    """Sums and products of data that are not rounded to nearest; integer division has such of indices."""
    return [
        i
        for i, data, _ in flow.computations
        if i.opcode[0] in FLOAT_SUMS | FLOAT_PRODUCTS
        and not {"RZ", "RM", "RP"}.isdisjoint(i.opcode)
        and not data.isdisjoint(read(i))
    ]


def straight_runs(function):
    """The instructions between jumps and barriers."""
    run = []
    for statement in [*function.code, None]:
        if isinstance(statement, Instruction) and statement.opcode[0] not in ("BRA", "BAR", "EXIT", "BSSY", "BSYNC", "NOP"):
            run.append(statement)
            continue
        yield run
        run = []


def hot_block(runs):
    """The run with most additions of floats; of equals the shortest, and nothing where none has any."""
    return min((r for r in runs if additions_in(r)), key=lambda r: (-additions_in(r), len(r)), default=[])


def compared_block(runs):
    """The run with most additions among those of class threshold: a comparison, and a sum under a guard, for every term."""
    return hot_block(
        run
        for run in runs
        if sum(i.opcode[0] == "FSETP" for i in run) >= additions_in(run)
        and all(i.guard for i in run if i.opcode[0] in FLOAT_SUMS)
    )


def additions_in(run):
    """Sums of floats, fused ones included; a paired instruction has two."""
    counts = Counter(i.opcode[0] for i in run)
    return sum(counts[n] for n in ("FADD", "FFMA")) + 2 * sum(counts[n] for n in ("FADD2", "FFMA2"))


# Of a run that is called one of terms: no tile gives a thread fewer for a step along K.
_LEAST_TERMS = 16


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
            "found": [shown(i) for i in of_data[:5]],
            "fused": [shown(i) for i in fused_products(flow)[:5]],
            "rounded_otherwise": [shown(i) for i in rounded_otherwise(flow)[:5]],
            "flushes": _flushes(flow),
            "not_followed": flow.not_followed[:5],
            "not_known": [shown(i) for i in instructions if not is_known(i.opcode[0])][:5],
            "options": options,
        }
        runs = list(straight_runs(function))
        block, compared = hot_block(runs), compared_block(runs)
        a_term = next((rule["additions"] for rule in additions_a_term if re.search(rule["kernel"], function.name)), 1)
        # A hybrid has both, and is as fast as the one that its operands let it take.
        if compared is not block and (terms := additions_in(compared) / a_term) >= _LEAST_TERMS:
            entry["threshold_instructions_per_term"] = round(len(compared) / terms, 3)
        if (terms := additions_in(block) / a_term) >= _LEAST_TERMS:
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
        for i, data, _ in flow.computations
        if "FTZ" in i.opcode and not (i.opcode[0] == "F2I" and "TRUNC" in i.opcode) and not data.isdisjoint(read(i))
    ]
