"""PTX instructions as terms. Parameters are the variables that `parameters` names by byte offset."""

from execution import ProofError
from syntax import SIZES, Address, FloatImmediate, Immediate, Instruction, Negated, Register, Symbol
from terms import FALSE, TRUE, Term, constant

_SIGNED = {"lt": "bvslt", "le": "bvsle", "gt": "bvsgt", "ge": "bvsge"}
_UNSIGNED = {"lt": "bvult", "le": "bvule", "gt": "bvugt", "ge": "bvuge", "lo": "bvult", "ls": "bvule",
             "hi": "bvugt", "hs": "bvuge"}  # fmt: skip


def blocks_of(kernel):
    """Blocks and labels for `execution`."""
    blocks, labels = [[]], {}
    for statement in kernel.body:
        if isinstance(statement, Instruction):
            blocks[-1].append(statement)
            if statement.opcode[0] in ("bra", "ret"):
                blocks.append([])
        else:
            if blocks[-1]:
                blocks.append([])
            labels[statement.name] = len(blocks) - 1
    return blocks, labels


class PtxMeaning:
    def __init__(self, terms, kernel, parameters, out):
        self.t = terms
        self.kernel = kernel
        self.parameters = parameters  # offset -> Term
        self.out = out  # offset of the pointer to the result

    def jump_target(self, i):
        return i.operands[0].name if i.opcode[0] == "bra" else ""

    def never_goes_on(self, i):
        return i.opcode[0] in ("bra", "ret") and i.guard is None

    def step(self, i, state, condition, execution):
        try:
            return self._step(i, state, condition, execution)
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise ProofError(f"{i.text} at line {i.line} has no meaning here ({error})") from None

    def _step(self, i, state, condition, execution):
        guard = TRUE if i.guard is None else self._read(state, i.guard, "pred")
        base = i.opcode[0]
        if base == "bra":
            return ("jump", i.operands[0].name, guard)
        if base == "ret":
            return ("end", guard)
        if base == "st":
            if i.opcode[1:] not in (("global", "u32"), ("global", "f32")) or i.operands[0].offset != 0:
                raise ValueError("it does not store the result")
            if self._read(state, i.operands[0].base, "u64") != Term("out", 64):
                raise ValueError("it does not store the result")
            execution.stores.append((self.t.conjunction(condition, guard), self._read(state, i.operands[1], "u32")))
            return None
        if guard != TRUE:
            raise ValueError("it is guarded")
        self._write(state, i.operands[0], getattr(self, "_" + base)(state, list(i.opcode[1:]), i.operands))
        return None

    # --- Registers

    def _width(self, kind):
        return 0 if kind == "pred" else 8 * SIZES[kind]

    def _read(self, state, operand, kind):
        width = self._width(kind)
        if isinstance(operand, Negated):
            return self.t.negation(self._read(state, operand.register, kind))
        if isinstance(operand, Immediate):
            return constant(operand.value, width) if width else (TRUE if operand.value else FALSE)
        if isinstance(operand, FloatImmediate):
            return constant(operand.bits, width)
        if not isinstance(operand, Register) or operand.name not in state.registers:
            raise ValueError("a register without a value")
        value = state.registers[operand.name]
        return self.t.part(value, width - 1, 0) if width else value

    def _write(self, state, register, value, is_signed=False):
        width = self._width(self.kernel.registers[register.name])
        state.registers[register.name] = self.t.extended(value, width, is_signed) if width else value

    # --- Instructions

    def _ld(self, state, modifiers, o):
        space, kind = modifiers
        if space != "param" or not isinstance(o[1], Address) or not isinstance(o[1].base, Symbol):
            raise ValueError("not of a parameter")
        offset = self.kernel.parameters[o[1].base.name][0] + o[1].offset
        if offset == self.out and kind == "u64":
            return Term("out", 64)
        value = self.parameters[offset]
        if value.width != self._width(kind):
            raise ValueError("a part of a parameter")
        width = self._width(self.kernel.registers[o[0].name])
        return self.t.extended(value, width, kind[0] == "s")

    def _cvta(self, state, modifiers, o):
        if modifiers != ["to", "global", "u64"]:
            raise ValueError("not to global")
        return self._read(state, o[1], "u64")

    def _mov(self, state, modifiers, o):
        return self._read(state, o[1], modifiers[0])

    def _binary(self, operator, state, modifiers, o):
        (kind,) = modifiers
        x, y = (self._read(state, v, kind) for v in o[1:])
        if kind == "pred":
            return self.t.make(0, {"bvand": "and", "bvor": "or", "bvxor": "xor"}[operator], x, y)
        if kind not in {f"{k}{w}" for k in "bus" for w in (16, 32, 64)}:
            raise ValueError(kind)
        return self.t.binary(operator, x, y)

    def _add(self, state, modifiers, o):
        if modifiers in (["f32"], ["rn", "f32"]):
            return self.t.float_sum(*(self._read(state, v, "f32") for v in o[1:]))
        return self._binary("bvadd", state, modifiers, o)

    def _sub(self, *a):
        return self._binary("bvsub", *a)

    def _and(self, *a):
        return self._binary("bvand", *a)

    def _or(self, *a):
        return self._binary("bvor", *a)

    def _xor(self, *a):
        return self._binary("bvxor", *a)

    def _not(self, state, modifiers, o):
        x = self._read(state, o[1], modifiers[0])
        return self.t.negation(x) if modifiers == ["pred"] else self.t.make(x.width, "bvnot", x)

    def _neg(self, state, modifiers, o):
        x = self._read(state, o[1], modifiers[0])
        if modifiers == ["f32"]:
            return self.t.binary("bvxor", x, constant(1 << 31, 32))
        return self.t.make(x.width, "bvneg", x)

    def _abs(self, state, modifiers, o):
        if modifiers != ["f32"]:
            raise ValueError(modifiers)
        return self.t.binary("bvand", self._read(state, o[1], "f32"), constant(0x7FFFFFFF, 32))

    def _mul(self, state, modifiers, o):
        part, kind = modifiers
        x, y = (self._read(state, v, kind) for v in o[1:])
        if part == "lo":
            return self.t.binary("bvmul", x, y)
        if part != "wide":
            raise ValueError(part)
        return self.t.binary("bvmul", *(self.t.extended(v, 2 * v.width, kind[0] == "s") for v in (x, y)))

    def _shl(self, state, modifiers, o):
        return self._shift("bvshl", state, modifiers, o)

    def _shr(self, state, modifiers, o):
        return self._shift("bvashr" if modifiers[0][0] == "s" else "bvlshr", state, modifiers, o)

    def _shift(self, operator, state, modifiers, o):
        count = self._read(state, o[2], "u32")
        return self.t.shifted(operator, self._read(state, o[1], modifiers[0]), count)

    def _clz(self, state, modifiers, o):
        if modifiers != ["b32"]:
            raise ValueError(modifiers)
        return self.t.leading_zeros(self._read(state, o[1], "b32"))

    def _min(self, state, modifiers, o, lesser=True):
        (kind,) = modifiers
        x, y = (self._read(state, v, kind) for v in o[1:])
        less = self.t.relation({"s": "bvslt", "u": "bvult"}[kind[0]], x, y)
        return self.t.choice(less, x, y) if lesser else self.t.choice(less, y, x)

    def _max(self, state, modifiers, o):
        return self._min(state, modifiers, o, False)

    def _cvt(self, state, modifiers, o):
        to, source = modifiers
        if source[0] == "f" or to[0] == "f":
            raise ValueError("a conversion of floats")
        x = self._read(state, o[1], source)
        width = self._width(to)
        return self.t.part(x, width - 1, 0) if width <= x.width else self.t.extended(x, width, source[0] == "s")

    def _selp(self, state, modifiers, o):
        x, y = (self._read(state, v, modifiers[0]) for v in o[1:3])
        return self.t.choice(self._read(state, o[3], "pred"), x, y)

    def _setp(self, state, modifiers, o):
        relation, *join, kind = modifiers
        x, y = (self._read(state, v, kind) for v in o[1:3])
        if kind == "f32":
            holds = self.t.float_relation(relation, x, y)
        elif relation in ("eq", "ne"):
            holds = self.t.relation("=", x, y)
            holds = self.t.negation(holds) if relation == "ne" else holds
        else:
            holds = self.t.relation((_SIGNED if kind[0] == "s" else _UNSIGNED)[relation], x, y)
        if join:
            holds = self.t.make(0, join[0], holds, self._read(state, o[3], "pred"))
        return holds
