"""One PTX instruction as C++: what each opcode does to registers, which are unsigned integers of their width.

The C++ operators stand in cuda/ptx/include/pamkit/ptx/operations.hpp. Opcodes, types and modifiers that are not named here are
refused; so are, in every kernel, modes that change bits (.ftz, .sat, other roundings) and fused multiply-add, and
in kernels that promise to be free of multiplications every floating-point product, quotient and root.
"""

from syntax import SIZES, Address, FloatImmediate, Immediate, Negated, Pair, PtxError, Register, Special, Symbol, Vector

_FLOATS = {"f16", "bf16", "f16x2", "bf16x2", "f32", "f64", "tf32", "e4m3x2", "e5m2x2"}
_MULTIPLYING = {"mul", "mad", "fma", "div", "rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh"}
_TENSOR = {"mma", "wmma", "wgmma", "tcgen05", "dp2a", "dp4a"}

_INTEGERS = {f"{kind}{bits}" for kind in "us" for bits in (16, 32, 64)}
_BITS = {"b16", "b32", "b64"}
_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
            "lo": "<", "ls": "<=", "hi": ">", "hs": ">="}  # fmt: skip
_CACHING = {"nc", "ca", "cg", "cs", "cv", "wb", "wt", "volatile", "relaxed", "weak", "gpu", "cta", "sys"}


def multiplies_floats(instruction):
    """Whether an instruction multiplies, divides or takes roots of floating-point numbers, or fuses a product."""
    base = instruction.opcode[0]
    return base in _TENSOR or (base in _MULTIPLYING and not _FLOATS.isdisjoint(instruction.opcode[1:]))


def c_name(name):
    """A PTX name as a C++ one."""
    return name.replace("%", "").replace("$", "")


def c_type(kind):
    """The C++ type that an operation of PTX type `kind` works on."""
    if kind == "pred":
        return "bool"
    if kind == "f32":
        return "float"
    if kind not in SIZES or kind[0] not in "bus" or kind == "bf16":
        raise KeyError(kind)
    return ("s" if kind[0] == "s" else "u") + kind[1:]


def storage_type(kind):
    """The C++ type of a register of PTX type `kind`."""
    return "bool" if kind == "pred" else f"u{8 * SIZES[kind]}"


class InstructionWriter:
    """Writes the instructions of one kernel. `statement` is the only thing to call."""

    def __init__(self, kernel, may_multiply):
        self.kernel = kernel
        self.may_multiply = may_multiply
        self.instruction = None
        self.shared_widths = set()
        self.stored_widths = set()  # to global memory

    def statement(self, instruction):
        """C++ for everything but jumps and suspensions, without its guard."""
        self.instruction = instruction
        self._refuse_what_changes_bits()
        method = getattr(self, "_" + instruction.opcode[0], None)
        if method is None:
            raise self._unsupported()
        try:
            return method(list(instruction.opcode[1:]), instruction.operands)
        except (KeyError, IndexError, AttributeError, TypeError, ValueError):
            raise self._unsupported() from None

    def predicate(self, operand):
        return "!" + c_name(operand.register.name) if isinstance(operand, Negated) else c_name(operand.name)

    # --- Refusals

    def _unsupported(self):
        return PtxError(self.instruction.line, f"{self.instruction.text} in {self.kernel.name} is not supported")

    def _refuse_what_changes_bits(self):
        i = self.instruction
        if "ftz" in i.opcode:
            raise PtxError(i.line, f"{i.text} in {self.kernel.name} flushes subnormals; compile without -ftz")
        if i.opcode[0] == "fma":
            raise PtxError(i.line, f"{i.text} in {self.kernel.name} fuses a product and a sum; compile with -fmad=false")
        if multiplies_floats(i) and not self.may_multiply:
            raise PtxError(i.line, f"{i.text} in {self.kernel.name}, which promises to multiply no floats")

    def _only(self, modifiers, allowed=()):
        if not set(modifiers) <= set(allowed):
            raise self._unsupported()

    # --- Operands

    def _read(self, operand, kind):
        """The operand as a C++ value of type c_type(kind)."""
        cpp = c_type(kind)
        if isinstance(operand, Immediate):
            if kind == "pred":
                return "true" if operand.value else "false"
            if kind == "f32":
                raise self._unsupported()
            width = 8 * SIZES[kind]
            literal = f"{operand.value & (2**width - 1):#x}{'u' if width < 64 else 'ull'}"
            return f"{cpp}({literal})"
        if isinstance(operand, FloatImmediate):
            if operand.width != SIZES[kind]:
                raise self._unsupported()
            return f"to<{cpp}>(u32({operand.bits:#010x}u))"
        if isinstance(operand, Special):
            return f"{cpp}({self._special(operand.name)})"
        if isinstance(operand, Symbol):
            return f"{cpp}({self._address_of(operand)}u)"
        if isinstance(operand, Negated) or kind == "pred":
            return self.predicate(operand)
        return f"to<{cpp}>({c_name(operand.name)})"

    def _special(self, name):
        if name == "laneid":
            return "t.lane"
        place, axis = name.split(".")
        return {"tid": "t.index", "ntid": "b.size", "ctaid": "b.index", "nctaid": "b.grid"}[place] + "." + axis

    def _address_of(self, symbol):
        """Of a variable, in its state space."""
        for table in (self.kernel.shared, self.kernel.parameters):
            if symbol.name in table:
                return table[symbol.name][0] + symbol.offset
        raise PtxError(self.instruction.line, f"{symbol.name} is no shared variable or parameter of {self.kernel.name}")

    def _write(self, operand, value):
        """Puts a C++ value of any integral or float type into a register: wider registers are extended."""
        if operand is None:
            return ""
        if self.kernel.registers[operand.name] == "pred":
            return f"{c_name(operand.name)} = {value};"
        return f"put({c_name(operand.name)}, {value});"

    # --- Arithmetic

    def _add(self, modifiers, o, operator="+"):
        *rest, kind = modifiers
        if kind == "f32":
            self._only(rest, {"rn"})
            x, y = self._read(o[1], kind), self._read(o[2], kind)
            # Sums go through the block, which may have another operation in their place; differences are operands of
            # terms. One that is meant for a sum shows then in the result.
            return self._write(o[0], f"b.add({x}, {y})" if operator == "+" else f"canonical({x} - {y})")
        self._only(rest)
        self._only([kind], _INTEGERS)
        return self._modular(o[0], kind, operator, o[1], o[2])

    def _sub(self, modifiers, o):
        return self._add(modifiers, o, "-")

    def _modular(self, target, kind, operator, a, b):
        unsigned = "u" + kind[1:]
        x, y = self._read(a, unsigned), self._read(b, unsigned)
        return self._write(target, f"{unsigned}({x} {operator} {y})")

    def _mul(self, modifiers, o):
        *rest, kind = modifiers
        if kind == "f32":
            self._only(rest, {"rn"})
            return self._write(o[0], f"canonical({self._read(o[1], kind)} * {self._read(o[2], kind)})")
        return self._write(o[0], self._product(rest, kind, o))

    def _mad(self, modifiers, o):
        *rest, kind = modifiers
        wide = rest == ["wide"]
        sum_kind = f"u{2 * int(kind[1:])}" if wide else "u" + kind[1:]
        addend = self._read(o[3], sum_kind)
        return self._write(o[0], f"{sum_kind}({sum_kind}({self._product(rest, kind, o)}) + {addend})")

    def _product(self, rest, kind, o):
        self._only([kind], _INTEGERS)
        (part,) = rest
        function = {"lo": "multiply_low", "hi": "multiply_high", "wide": "multiply_wide"}[part]
        return f"{function}({self._read(o[1], kind)}, {self._read(o[2], kind)})"

    def _div(self, modifiers, o):
        *rest, kind = modifiers
        x, y = self._read(o[1], kind), self._read(o[2], kind)
        if kind == "f32":
            if rest != ["rn"]:
                raise self._unsupported()
            return self._write(o[0], f"canonical({x} / {y})")
        self._only(rest)
        self._only([kind], _INTEGERS)
        return self._write(o[0], f"quotient({x}, {y})")

    def _rem(self, modifiers, o):
        (kind,) = modifiers
        self._only([kind], _INTEGERS)
        return self._write(o[0], f"remainder({self._read(o[1], kind)}, {self._read(o[2], kind)})")

    def _sqrt(self, modifiers, o):
        if modifiers != ["rn", "f32"]:
            raise self._unsupported()
        return self._write(o[0], f"canonical(std::sqrt({self._read(o[1], 'f32')}))")

    def _neg(self, modifiers, o):
        (kind,) = modifiers
        if kind == "f32":
            return self._write(o[0], f"{self._read(o[1], 'u32')} ^ 0x80000000u")
        unsigned = "u" + kind[1:]
        return self._write(o[0], f"{unsigned}(0 - {self._read(o[1], unsigned)})")

    def _abs(self, modifiers, o):
        (kind,) = modifiers
        if kind == "f32":
            return self._write(o[0], f"{self._read(o[1], 'u32')} & 0x7fffffffu")
        self._only([kind], {"s16", "s32", "s64"})
        return self._write(o[0], f"absolute({self._read(o[1], kind)})")

    def _min(self, modifiers, o, function="minimum"):
        *rest, kind = modifiers
        if kind == "f32":
            self._only(rest, {"NaN"})
            function += "_or_nan" if rest else ""
        else:
            self._only(rest)
            self._only([kind], _INTEGERS)
        return self._write(o[0], f"{function}({self._read(o[1], kind)}, {self._read(o[2], kind)})")

    def _max(self, modifiers, o):
        return self._min(modifiers, o, "maximum")

    # --- Bits

    def _bitwise(self, operator, modifiers, o):
        (kind,) = modifiers
        self._only([kind], {*_BITS, "pred"})
        cpp = c_type(kind)
        operator = {"&": "&&", "|": "||", "^": "!="}[operator] if kind == "pred" else operator
        return self._write(o[0], f"{cpp}({self._read(o[1], kind)} {operator} {self._read(o[2], kind)})")

    def _and(self, modifiers, o):
        return self._bitwise("&", modifiers, o)

    def _or(self, modifiers, o):
        return self._bitwise("|", modifiers, o)

    def _xor(self, modifiers, o):
        return self._bitwise("^", modifiers, o)

    def _not(self, modifiers, o):
        (kind,) = modifiers
        self._only([kind], {*_BITS, "pred"})
        return self._write(o[0], f"{c_type(kind)}({'!' if kind == 'pred' else '~'}{self._read(o[1], kind)})")

    def _lop3(self, modifiers, o):
        if modifiers != ["b32"]:
            raise self._unsupported()
        a, b, c, table = (self._read(x, "b32") for x in o[1:])
        return self._write(o[0], f"lookup({a}, {b}, {c}, {table})")

    def _shl(self, modifiers, o, function="shift_left"):
        (kind,) = modifiers
        return self._write(o[0], f"{function}({self._read(o[1], kind)}, {self._read(o[2], 'u32')})")

    def _shr(self, modifiers, o):
        return self._shl(modifiers, o, "shift_right")

    def _shf(self, modifiers, o):
        direction, mode, kind = modifiers
        self._only([direction, mode, kind], {"l", "r", "wrap", "clamp", "b32"})
        low, high, count = (self._read(x, "u32") for x in o[1:])
        count = f"{count} & 31u" if mode == "wrap" else f"minimum({count}, 32u)"
        side = {"l": "left", "r": "right"}[direction]
        return self._write(o[0], f"funnel_{side}({low}, {high}, {count})")

    def _bfe(self, modifiers, o):
        (kind,) = modifiers
        self._only([kind], {"u32", "s32", "u64", "s64"})
        return self._write(o[0], f"extract({self._read(o[1], kind)}, {self._read(o[2], 'u32')}, {self._read(o[3], 'u32')})")

    def _bfi(self, modifiers, o):
        (kind,) = modifiers
        self._only([kind], {"b32", "b64"})
        a, b = self._read(o[1], kind), self._read(o[2], kind)
        return self._write(o[0], f"insert({a}, {b}, {self._read(o[3], 'u32')}, {self._read(o[4], 'u32')})")

    def _prmt(self, modifiers, o):
        if modifiers != ["b32"]:
            raise self._unsupported()
        return self._write(o[0], f"permute({', '.join(self._read(x, 'u32') for x in o[1:])})")

    def _popc(self, modifiers, o, function="std::popcount"):
        (kind,) = modifiers
        self._only([kind], {"b32", "b64"})
        return self._write(o[0], f"u32({function}({self._read(o[1], kind)}))")

    def _clz(self, modifiers, o):
        return self._popc(modifiers, o, "std::countl_zero")

    def _brev(self, modifiers, o):
        (kind,) = modifiers
        return self._write(o[0], f"reversed({self._read(o[1], kind)})")

    # --- Moves, conversions, comparisons

    def _mov(self, modifiers, o):
        (kind,) = modifiers
        if isinstance(o[0], Vector):
            parts = [x for x in o[0].elements]
            width = 8 * SIZES[kind] // len(parts)
            value = self._read(o[1], "b" + kind[1:])
            return " ".join(self._write(x, f"u{width}({value} >> {i * width})") for i, x in enumerate(parts))
        if isinstance(o[1], Vector):
            parts = o[1].elements
            width = 8 * SIZES[kind] // len(parts)
            whole = c_type("b" + kind[1:])
            terms = [f"({whole}({self._read(x, f'b{width}')}) << {i * width})" for i, x in enumerate(parts)]
            return self._write(o[0], f"{whole}({' | '.join(terms)})")
        return self._write(o[0], self._read(o[1], kind))

    def _cvta(self, modifiers, o):
        """Addresses: what is shared lies in a window of the generic space, what is global at its own address."""
        self._only(modifiers, {"to", "global", "shared", "u64"})
        value = self._read(o[1], "u64")
        if "shared" in modifiers:
            value = f"u64({value} {'-' if 'to' in modifiers else '+'} kSharedWindow)"
        return self._write(o[0], value)

    def _cvt(self, modifiers, o):
        *rest, to, source = modifiers
        value = self._read(o[1], source)
        roundings = {"rni": "nearest", "rzi": "zero", "rmi": "down", "rpi": "up"}
        if source == "f32" and to in _INTEGERS:
            (mode,) = rest
            return self._write(o[0], f"to_integer<{c_type(to)}>(round_{roundings[mode]}({value}))")
        if source == "f32" and to == "f32":
            (mode,) = rest
            return self._write(o[0], f"canonical(round_{roundings[mode]}({value}))")
        if to == "f32" and source[0] in "us":
            if rest != ["rn"]:
                raise self._unsupported()
            return self._write(o[0], f"static_cast<float>({value})")
        self._only(rest)
        self._only([to, source], _INTEGERS | {"u8", "s8"})
        return self._write(o[0], f"static_cast<{c_type(to)}>({value})")

    def _selp(self, modifiers, o):
        (kind,) = modifiers
        return self._write(o[0], f"{self.predicate(o[3])} ? {self._read(o[1], kind)} : {self._read(o[2], kind)}")

    def _setp(self, modifiers, o):
        relation, *rest, kind = modifiers
        first, second = (o[0].first, o[0].second) if isinstance(o[0], Pair) else (o[0], None)
        x, y = self._read(o[1], kind), self._read(o[2], kind)
        if kind == "f32":
            truth = self._float_comparison(relation, x, y)
        else:
            truth = f"({x} {_COMPARE[relation]} {y})"
        if not rest:
            if second is not None:
                return f"{self._write(first, truth)} {self._write(second, '!' + truth)}"
            return self._write(first, truth)
        (join,) = rest
        operator = {"and": "&&", "or": "||", "xor": "!="}[join]
        joined = [f"{value} {operator} {self.predicate(o[3])}" for value in (truth, "!" + truth)]
        if second is None:
            return self._write(first, joined[0])
        return f"{{ const bool other = {joined[1]}; {self._write(first, joined[0])} {self._write(second, 'other')} }}"

    def _float_comparison(self, relation, x, y):
        ordered = f"are_ordered({x}, {y})"
        if relation in ("num", "nan"):
            return ordered if relation == "num" else f"(!{ordered})"
        if relation in ("eq", "ne", "lt", "le", "gt", "ge"):
            return f"({ordered} && {x} {_COMPARE[relation]} {y})"
        if relation[-1] != "u":
            raise KeyError(relation)
        return f"(!{ordered} || {x} {_COMPARE[relation[:-1]]} {y})"

    # --- Memory

    def _ld(self, modifiers, o):
        space, count, kind = self._access(modifiers)
        registers = o[0].elements if count > 1 else (o[0],)
        if len(registers) != count:
            raise self._unsupported()
        cpp = c_type(kind)
        where = f"{self._address(o[1], space)}, {self.instruction.line}"
        if space == "param":
            call = f"b.parameter<{cpp}, {count}>({where})"
        else:
            call = f"b.load_{space}<{cpp}, {count}>(t, {where})"
        if count == 1:
            return self._write(registers[0], f"{call}[0]")
        writes = " ".join(self._write(r, f"loaded[{i}]") for i, r in enumerate(registers))
        return f"{{ const auto loaded = {call}; {writes} }}"

    def _st(self, modifiers, o):
        space, count, kind = self._access(modifiers)
        registers = o[1].elements if count > 1 else (o[1],)
        if len(registers) != count or space == "param":
            raise self._unsupported()
        if space != "shared":
            self.stored_widths.add(SIZES[kind])
        cpp = c_type(kind)
        values = ", ".join(self._read(r, kind) for r in registers)
        return (
            f"b.store_{space}<{cpp}, {count}>(t, {self._address(o[0], space)}, "
            f"std::array<{cpp}, {count}>{{{values}}}, {self.instruction.line});"
        )

    def _access(self, modifiers):
        *rest, kind = modifiers
        rest = [m for m in rest if m not in _CACHING]
        space = "generic"
        if rest and rest[0] in ("global", "shared", "param", "const", "local"):
            space = rest.pop(0)
            self._only([space], {"global", "shared", "param"})
        count = 1
        if rest and rest[0] in ("v2", "v4"):
            count = int(rest.pop(0)[1:])
        self._only(rest)
        if space in ("shared", "generic"):
            self.shared_widths.add(SIZES[kind])
        return space, count, kind

    def _address(self, operand, space):
        if not isinstance(operand, Address):
            raise self._unsupported()
        width = "u32" if space == "shared" else "u64"
        base = self._read(operand.base, width)
        return f"{width}({base} + {width}({operand.offset}))" if operand.offset else base

    # --- What orders memory, and what ends

    def _membar(self, modifiers, o):
        return ""  # accesses happen one after the other as it is

    _fence = _membar

    def _trap(self, modifiers, o):
        return f"b.trap(t, {self.instruction.line});"
