"""Which instructions of a PTX kernel multiply data."""

import control_flow
from instructions import multiplies_floats
from syntax import Address, Immediate, Instruction

_LOADS = {"ld", "ldu", "tex", "atom"}


def flow_of(kernel):
    """(instruction, names of the registers that it reads, and that it writes) of each."""
    return [(s, control_flow.read(s), control_flow.written(s)) for s in kernel.body if isinstance(s, Instruction)]


def data_registers(flow):
    """Registers whose values come, by whatever way, from memory: registers are written in few places, so that the
    order of instructions need not be looked at."""
    data = set()
    size = -1
    while size != len(data):
        size = len(data)
        for i, read, written in flow:
            loads = i.opcode[0] in _LOADS and "param" not in i.opcode
            if loads or not data.isdisjoint(read):
                data |= written
    return data


# What an address is made by; whatever else reads a value takes it for data.
_ADDRESSING = {"add", "sub", "mul", "mad", "shl", "neg", "mov", "cvt", "cvta", "selp", "min", "max", "div", "rem"}
_ACCESSES = {"ld", "ldu", "st", "atom", "red", "prefetch"}


def address_registers(flow):
    """Registers that nothing but addresses is made of: each is only read to access memory at it, or to compute another one."""
    only = {name for _, _, written in flow for name in written}
    size = -1
    while size != len(only):
        size = len(only)
        for i, read, written in flow:
            if i.opcode[0] in _ADDRESSING and not read.isdisjoint(only):
                if not written <= only:
                    only -= read
            elif i.opcode[0] in _ACCESSES:
                only -= {name for o in i.operands if not isinstance(o, Address) for name in control_flow.registers(o)}
                only -= set(control_flow.registers(i.guard))
            else:
                only -= read
    return only


def is_power_of_two(operand):
    return isinstance(operand, Immediate) and abs(operand.value).bit_count() <= 1


def multiplications(kernel):
    """(of data, of indices and sizes): lists of instructions. Products of floats count as the former, whatever they are
    of; products of integers if a factor is data, unless the other is a constant power of two, which is a shift, or the
    product serves as an address alone."""
    flow = flow_of(kernel)
    data, addresses = data_registers(flow), address_registers(flow)
    of_data, of_indices = [], []
    for i, _, written in flow:
        if multiplies_floats(i):
            of_data.append(i)
        elif i.opcode[0] in ("mul", "mad", "div", "rem", "mul24", "mad24"):
            factors = i.operands[1:3]
            is_of_data = any(name in data for f in factors for name in control_flow.registers(f))
            is_shift = any(map(is_power_of_two, factors))
            is_address = written <= addresses
            (of_data if is_of_data and not is_shift and not is_address else of_indices).append(i)
    return of_data, of_indices


_ARITHMETIC = ("add", "sub", "mul", "mad", "fma", "div", "sqrt", "rcp")


def is_fused(i):
    return i.opcode[0] == "fma" or (i.opcode[0] == "mad" and multiplies_floats(i))


def is_rounded_otherwise(i):
    """Rounded in another direction, or not exactly."""
    return i.opcode[0] in _ARITHMETIC and not {"rz", "rm", "rp", "rna", "approx", "full"}.isdisjoint(i.opcode)


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
            "fused": [f"{i.text} at line {i.line}" for i in instructions if is_fused(i)],
            "rounded_otherwise": [f"{i.text} at line {i.line}" for i in instructions if is_rounded_otherwise(i)],
            "flushes": [f"{i.text} at line {i.line}" for i in instructions if "ftz" in i.opcode],
        }
