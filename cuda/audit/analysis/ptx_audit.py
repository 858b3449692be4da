"""Which instructions of a PTX kernel multiply data."""

import control_flow
from instructions import multiplies_floats
from syntax import Immediate, Instruction, Label

_LOADS = {"ld", "ldu", "tex", "atom"}


def data_registers(kernel):
    """Registers whose values come, by whatever way, from memory: registers are written in few places, so that the
    order of instructions need not be looked at."""
    instructions = [s for s in kernel.body if isinstance(s, Instruction)]
    data = set()
    size = -1
    while size != len(data):
        size = len(data)
        for i in instructions:
            loads = i.opcode[0] in _LOADS and "param" not in i.opcode
            if loads or not data.isdisjoint(control_flow.read(i)):
                data |= control_flow.written(i)
    return data


def multiplications(kernel):
    """(of data, of indices and sizes): lists of instructions. Products of floats count as the former, whatever they are
    of; products of integers only if both factors are data."""
    data = data_registers(kernel)
    of_data, of_indices = [], []
    for i in kernel.body:
        if isinstance(i, Label):
            continue
        if multiplies_floats(i):
            of_data.append(i)
        elif i.opcode[0] in ("mul", "mad", "div", "rem", "mul24", "mad24"):
            factors = [o for o in i.operands[1:3] if not isinstance(o, Immediate)]
            both = len(factors) == 2 and all(f.name in data for f in factors)
            (of_data if both else of_indices).append(i)
    return of_data, of_indices


def facts(module, unit):
    """An entry of "code" for each kernel."""
    for kernel in module.kernels:
        of_data, of_indices = multiplications(kernel)
        instructions = [s for s in kernel.body if isinstance(s, Instruction)]
        yield {
            "unit": kernel.name,
            "file": unit,
            "kind": "ptx",
            "architecture": module.target,
            "multiplications": len(of_data),
            "index_multiplications": len(of_indices),
            "instructions": len(instructions),
            "found": [f"{i.text} at line {i.line}" for i in of_data[:5]],
            "flushes": [f"{i.text} at line {i.line}" for i in instructions if "ftz" in i.opcode],
        }
