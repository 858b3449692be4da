"""SASS instructions as terms, for the scalar code that probes are made of. NVIDIA documents the opcodes by name only; what
they mean here is what the proofs show to fit. An opcode or form that is not named is refused."""

import re

from execution import ProofError
from sass import Instruction, target_of
from terms import FALSE, TRUE, Term, constant

_COMPARE = {"LT": ("bvslt", "bvult"), "LE": ("bvsle", "bvule"), "GT": ("bvsgt", "bvugt"), "GE": ("bvsge", "bvuge")}
_NOTHING = {"NOP", "BSSY", "S2R", "S2UR", "WARPSYNC"}
_ZERO = constant(0, 32)


def blocks_of(function):
    """Blocks and labels for `execution`."""
    blocks, labels = [[]], {}
    for statement in function.code:
        if isinstance(statement, Instruction):
            blocks[-1].append(statement)
            if statement.opcode[0] in ("BRA", "EXIT"):
                blocks.append([])
        else:
            if blocks[-1]:
                blocks.append([])
            labels[statement] = len(blocks) - 1
    return blocks, labels


class SassMeaning:
    def __init__(self, terms, function, parameters, out):
        self.t = terms
        self.base = function.parameter_base
        self.literals = function.literals
        self.parameters = parameters  # offset -> Term
        self.out = out

    def jump_target(self, i):
        return target_of(i) if i.opcode[0] == "BRA" else ""

    def never_goes_on(self, i):
        return i.opcode[0] in ("BRA", "EXIT") and not i.guard and len(i.operands) <= 1

    def step(self, i, state, condition, execution):
        guard = self._predicate(state, i.guard) if i.guard else TRUE
        name = i.opcode[0]
        try:
            if name == "BRA":
                if len(i.operands) == 2:  # BRA P0, label: both conditions
                    guard = self.t.conjunction(guard, self._predicate(state, i.operands[0]))
                return ("jump", target_of(i), guard)
            if name == "EXIT":
                return ("end", guard)
            if name in _NOTHING:
                return None
            if name == "STG":
                address = re.search(r"\[(R\d+)\.64\]", i.operands[0]).group(1)
                if i.opcode[1:] != ("E",) or self._pair(state, address) != Term("out", 64):
                    raise ValueError("not of the result")
                execution.stores.append((self.t.conjunction(condition, guard), self._read(state, i.operands[1])))
                return None
            uniform = name.startswith("U") and name != "UMOV" and hasattr(self, "_" + name[1:])
            method = getattr(self, "_" + (name[1:] if uniform or name == "UMOV" else name))
            results = method(state, i.opcode[1:], list(i.operands))
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise ProofError(f"{i.text} {', '.join(i.operands)} at {i.address:#x} has no meaning here ({error})") from None
        for register, value in results:
            self._write(state, register, value, guard)
        return None

    # --- Registers

    def _write(self, state, register, value, guard):
        if register in ("RZ", "URZ", "PT", "UPT"):
            return
        if guard != TRUE:
            old = state.registers.get(register) or self.t.unknown(value.width)
            value = self.t.choice(guard, value, old)
        state.registers[register] = value

    def _write_pair(self, register, value):
        """A value of 64 bits to two registers."""
        letters, number = re.fullmatch(r"(U?R)(\d+)", register).groups()
        if value == Term("out", 64):
            return [(register, Term("outlow", 32)), (f"{letters}{int(number) + 1}", Term("outhigh", 32))]
        return [
            (register, self.t.part(value, 31, 0)),
            (f"{letters}{int(number) + 1}", self.t.part(value, 63, 32)),
        ]

    def _pair(self, state, register):
        if register in ("RZ", "URZ"):
            return constant(0, 64)
        letters, number = re.fullmatch(r"(U?R)(\d+)", register).groups()
        low, high = state.registers[register], state.registers[f"{letters}{int(number) + 1}"]
        if (low, high) == (Term("outlow", 32), Term("outhigh", 32)):
            return Term("out", 64)
        return self.t.joined(high, low)

    def _read(self, state, operand):
        """An operand of 32 bits: -x, ~x and |x| are integer negation, complement and magnitude of a float."""
        if operand.startswith("~"):
            return self.t.make(32, "bvnot", self._read(state, operand[1:]))
        if re.fullmatch(r"-(U?R.*|c\[.*)", operand):
            return self.t.make(32, "bvneg", self._read(state, operand[1:]))
        if operand in ("RZ", "URZ"):
            return _ZERO
        if re.fullmatch(r"-?(0x[0-9a-f]+|\d+)", operand):
            return constant(int(operand, 0), 32)
        if operand.startswith("c["):
            return self._constant(operand, 4)
        return state.registers[operand]

    def _float(self, state, operand):
        if operand.startswith("|"):
            return self.t.binary("bvand", self._read(state, operand.strip("|")), constant(0x7FFFFFFF, 32))
        if operand.startswith("-"):
            raise ValueError("a negated float")
        if operand == "+INF":
            return constant(0x7F800000, 32)
        return self._read(state, operand)

    def _constant(self, operand, size):
        bank, offset = re.fullmatch(r"c\[(0x[0-9a-f]+)\]\[(0x[0-9a-f]+)\]", operand).groups()
        if bank == "0x2":
            word = self.literals[int(offset, 16):int(offset, 16) + size]
            if len(word) != size:
                raise ValueError("beyond the literals")
            return constant(int.from_bytes(word, "little"), 8 * size)
        if bank != "0x0":
            raise ValueError("a constant of another bank")
        at = int(offset, 16) - self.base
        if at < 0:
            return self.t.unknown(8 * size)  # the launch's sizes and stack, which no result rests on
        if at in (self.out, self.out + 4) and size == 4:
            return Term("outlow" if at == self.out else "outhigh", 32)
        if at == self.out:
            return Term("out", 64)
        if size == 8:
            return self.t.joined(self.parameters[at + 4], self.parameters[at])
        value = self.parameters[at]
        if value.width != 8 * size:
            raise ValueError("a part of a parameter")
        return value

    def _predicate(self, state, operand):
        if operand.startswith("!"):
            return self.t.negation(self._predicate(state, operand[1:]))
        return TRUE if operand in ("PT", "UPT") else state.registers[operand]

    @staticmethod
    def _is_predicate(operand):
        return re.fullmatch(r"!?U?P(\d+|T)", operand) is not None

    # --- Moves

    def _MOV(self, state, modifiers, o):
        return [(o[0], self._read(state, o[1]))]

    def _LDC(self, state, modifiers, o):
        kind = modifiers[0] if modifiers else "32"
        size = {"32": 4, "64": 8, "U8": 1, "S8": 1}[kind]
        value = self._constant(o[1], size)
        if kind == "64":
            return self._write_pair(o[0], value)
        return [(o[0], self.t.extended(value, 32, kind == "S8"))]

    _LDCU = _LDC

    def _CS2R(self, state, modifiers, o):
        """A special register, of which SRZ is 0, to a pair; with .32 to one."""
        if o[1] != "SRZ" or modifiers not in ((), ("32",)):
            raise ValueError(o[1])
        return [(o[0], _ZERO)] if modifiers else self._write_pair(o[0], constant(0, 64))

    def _SEL(self, state, modifiers, o):
        return [(o[0], self.t.choice(self._predicate(state, o[3]), self._read(state, o[1]), self._read(state, o[2])))]

    def _FSEL(self, state, modifiers, o):
        return self._SEL(state, modifiers, o)

    # --- Integers

    def _sum(self, state, terms, carries):
        """Of 32-bit terms and carries, in 34 bits."""
        total = constant(0, 34)
        for term in terms:
            total = self.t.binary("bvadd", total, self.t.extended(term, 34, False))
        for carry in carries:
            total = self.t.binary("bvadd", total, self.t.choice(carry, constant(1, 34), constant(0, 34)))
        return total

    def _addend(self, state, operand, is_upper):
        """An operand of an addition with carries: -x is ~x and a carry of its own, but for the upper word, where ~x alone."""
        if operand.startswith("-") and not re.fullmatch(r"-(0x[0-9a-f]+|\d+)", operand):
            return self.t.make(32, "bvnot", self._read(state, operand[1:])), not is_upper
        return self._read(state, operand), False

    def _IADD3(self, state, modifiers, o):
        if modifiers not in ((), ("X",)):
            raise ValueError(modifiers)
        has_carry_in = modifiers == ("X",)
        target, *rest = o
        outs = []
        while self._is_predicate(rest[0]):
            outs.append(rest.pop(0))
        values, ins = rest[:3], rest[3:]
        if len(values) != 3 or (ins and not has_carry_in):
            raise ValueError("an unknown form")
        terms, ones = [], 0
        for value in values:
            term, one = self._addend(state, value, has_carry_in)
            terms.append(term)
            ones += one
        carries = [self._predicate(state, p) for p in ins] + [TRUE] * ones
        total = self._sum(state, terms, carries)
        results = [(target, self.t.part(total, 31, 0))]
        written = [p for p in outs if p not in ("PT", "UPT")]
        if written:
            # Two predicates hold a carry of up to 2, as their number; one holds a carry of up to 1.
            carry = self.t.part(total, 33, 32)
            at_least = [self.t.make(0, "not", self.t.make(0, "=", carry, "#b00")), self.t.make(0, "bvuge", carry, "#b10")]
            results += list(zip(written, at_least))
            if len(written) == 1:
                small = self.t.make(0, "bvule", carry, "#b01")
                results[1] = (written[0], self.t.choice(small, at_least[0], self.t.unknown(0)))
        return results

    def _VIADD(self, state, modifiers, o):
        return [(o[0], self.t.binary("bvadd", self._read(state, o[1]), self._read(state, o[2])))]

    def _IMAD(self, state, modifiers, o):
        form = tuple(m for m in modifiers if m not in ("MOV", "U32", "IADD", "SHL"))
        if form == ("WIDE",):
            is_signed = "U32" not in modifiers
            x, y = (self.t.extended(self._read(state, v), 64, is_signed) for v in o[1:3])
            addend = constant(0, 64) if o[3] == "RZ" else self._wide_addend(state, o[3])
            return self._write_pair(o[0], self.t.binary("bvadd", self.t.binary("bvmul", x, y), addend))
        is_move = "RZ" in o[1:3]
        if "MOV" in modifiers and not is_move:
            raise ValueError("a move that multiplies")
        product = _ZERO if is_move else self.t.binary("bvmul", self._read(state, o[1]), self._read(state, o[2]))
        if form == ("X",):
            total = self.t.binary("bvadd", product, self._upper(state, o[3]))
            carry = self.t.choice(self._predicate(state, o[4]), constant(1, 32), _ZERO)
            return [(o[0], self.t.binary("bvadd", total, carry))]
        if form:
            raise ValueError(modifiers)
        addend = self._read(state, o[3])
        return [(o[0], addend if is_move else self.t.binary("bvadd", product, addend))]

    def _upper(self, state, operand):
        """The upper word of a subtrahend is complemented; the lower word's carry does the rest."""
        return self._addend(state, operand, True)[0]

    def _wide_addend(self, state, operand):
        if operand.startswith("-"):
            return self.t.make(64, "bvneg", self._pair(state, operand[1:]))
        if operand.startswith("c["):
            return self._constant(operand, 8)
        return self._pair(state, operand)

    def _IMNMX(self, state, modifiers, o):
        if len(o) == 6:
            if o[1:3] != ["PT", "PT"]:
                raise ValueError("predicates")
            del o[1:3]
        less = self.t.relation("bvult" if "U32" in modifiers else "bvslt", *(self._read(state, v) for v in o[1:3]))
        x, y = (self._read(state, v) for v in o[1:3])
        takes_less = self._predicate(state, o[3])
        return [(o[0], self.t.choice(takes_less, self.t.choice(less, x, y), self.t.choice(less, y, x)))]

    _VIMNMX = _IMNMX

    def _VIADDMNMX(self, state, modifiers, o):
        if len(o) == 7:
            if o[1:3] != ["PT", "PT"]:
                raise ValueError("predicates")
            del o[1:3]
        x = self.t.binary("bvadd", self._read(state, o[1]), self._read(state, o[2]))
        y = self._read(state, o[3])
        less = self.t.relation("bvult" if "U32" in modifiers else "bvslt", x, y)
        takes_less = self._predicate(state, o[4])
        return [(o[0], self.t.choice(takes_less, self.t.choice(less, x, y), self.t.choice(less, y, x)))]

    # --- Bits

    def _table(self, table, a, b, c, make):
        """Bit i of the result is bit (a_i b_i c_i) of the table; `make(operator, ...)` joins terms of their kind."""
        result = None
        for row in range(8):
            if not table >> row & 1:
                continue
            parts = [v if row >> (2 - n) & 1 else make("not", v) for n, v in enumerate((a, b, c))]
            both = make("and", make("and", parts[0], parts[1]), parts[2])
            result = both if result is None else make("or", result, both)
        return result

    def _LOP3(self, state, modifiers, o):
        if modifiers != ("LUT",):
            raise ValueError(modifiers)
        predicate = o.pop(0) if self._is_predicate(o[0]) else None
        if o[5] not in ("!PT", "!UPT"):
            raise ValueError("a predicate operand")

        def make(operator, *terms):
            return self.t.make(32, {"not": "bvnot", "and": "bvand", "or": "bvor"}[operator], *terms)

        value = self._table(int(o[4], 16), *(self._read(state, v) for v in o[1:4]), make) or _ZERO
        results = [(o[0], value)]
        if predicate:
            results.append((predicate, self.t.negation(self.t.make(0, "=", value, _ZERO))))
        return results

    def _PLOP3(self, state, modifiers, o):
        if modifiers != ("LUT",):
            raise ValueError(modifiers)

        def make(operator, *terms):
            return self.t.make(0, operator, *terms)

        operands = [self._predicate(state, v) for v in o[2:5]]
        results = []
        for target, table in zip(o[:2], o[5:7]):
            if target not in ("PT", "UPT"):
                results.append((target, self._table(int(table, 16), *operands, make) or FALSE))
        return results

    def _SHF(self, state, modifiers, o):
        """{L, R}: of the two words o[3]:o[1], shifted by o[2]; .HI is the upper word of the result, else the lower."""
        direction, kind, *rest = modifiers
        is_upper = rest == ["HI"]
        if rest not in ([], ["HI"]) or kind not in ("U32", "S32", "U64", "S64"):
            raise ValueError(modifiers)
        low, count, high = (self._read(state, v) for v in o[1:4])
        width = int(kind[1:])
        if width == 32 and is_upper and direction == "R":
            if o[1] not in ("RZ", "URZ"):
                raise ValueError("a lower word")
            return [(o[0], self.t.shifted("bvashr" if kind[0] == "S" else "bvlshr", high, count))]
        if width == 32 and not is_upper and direction == "L":
            if o[3] not in ("RZ", "URZ"):
                raise ValueError("an upper word")
            return [(o[0], self.t.shifted("bvshl", low, count))]
        if width == 64 and (direction == "R") != is_upper:
            operator = {"L": "bvshl", "R": "bvashr" if kind[0] == "S" else "bvlshr"}[direction]
            # Counts are cut to 63.
            count = self.t.choice(self.t.make(0, "bvugt", count, constant(63, 32)), constant(63, 32), count)
            whole = self.t.shifted(operator, self.t.joined(high, low), count)
            return [(o[0], self.t.part(whole, 63, 32) if is_upper else self.t.part(whole, 31, 0))]
        raise ValueError(modifiers)

    def _PRMT(self, state, modifiers, o):
        selector = int(o[2], 16)
        # A half of a register is written with the other one as it was, be that nothing.
        if o[3] == o[0] and o[0] not in state.registers:
            state.registers[o[0]] = self.t.unknown(32)
        low, high = self._read(state, o[1]), self._read(state, o[3])
        result = None
        for n in range(4):
            nibble = selector >> (4 * n) & 0xF
            source = low if nibble & 7 < 4 else high
            at = 8 * (nibble & 3)
            byte = self.t.part(source, at + 7, at)
            if nibble & 8:
                byte = self.t.extended(self.t.part(byte, 7, 7), 8, True)
            result = byte if result is None else self.t.joined(byte, result)
        return [(o[0], result)]

    def _FLO(self, state, modifiers, o):
        """The place of the highest bit, all ones for 0; with .SH its distance from bit 31."""
        predicate = len(o) == 3
        if modifiers not in (("U32",), ("U32", "SH")) or (predicate and o[1] != "PT"):
            raise ValueError(modifiers)
        x = self._read(state, o[-1])
        zeros = self.t.leading_zeros(x)
        place = zeros if "SH" in modifiers else self.t.binary("bvsub", constant(31, 32), zeros)
        is_zero = self.t.make(0, "=", x, _ZERO)
        return [(o[0], self.t.choice(is_zero, constant(-1, 32), place))]

    # --- Sums

    def _FADD(self, state, modifiers, o):
        if modifiers:
            raise ValueError(modifiers)
        return [(o[0], self.t.float_sum(self._float(state, o[1]), self._float(state, o[2])))]

    # --- Comparisons

    def _ISETP(self, state, modifiers, o):
        relation, *rest = modifiers
        is_unsigned = "U32" in rest
        is_upper = "EX" in rest
        (join,) = [m for m in rest if m in ("AND", "OR", "XOR")]
        if set(rest) - {"U32", "EX", "AND", "OR", "XOR"} or o[1] not in ("PT", "UPT"):
            raise ValueError(modifiers)
        x, y = self._read(state, o[2]), self._read(state, o[3])
        equal = self.t.make(0, "=", x, y)
        if is_upper:  # the lower words' comparison, of the same relation, decides where the upper words are equal
            below = self._predicate(state, o[5])
            if relation in ("EQ", "NE"):
                holds = (self.t.conjunction(equal, below) if relation == "EQ"
                         else self.t.disjunction(self.t.negation(equal), below))  # fmt: skip
            else:
                strict = _COMPARE[relation.replace("E", "T")][is_unsigned]
                holds = self.t.choice(equal, below, self.t.make(0, strict, x, y))
        elif relation in ("EQ", "NE"):
            holds = equal if relation == "EQ" else self.t.negation(equal)
        else:
            holds = self.t.make(0, _COMPARE[relation][is_unsigned], x, y)
        return [(o[0], self.t.make(0, join.lower(), holds, self._predicate(state, o[4])))]

    def _FSETP(self, state, modifiers, o):
        relation, join = modifiers
        if o[1] != "PT" or relation.lower()[:2] not in ("lt", "le", "gt", "ge", "eq", "ne"):
            raise ValueError(modifiers)
        holds = self.t.float_relation(relation.lower(), self._float(state, o[2]), self._float(state, o[3]))
        return [(o[0], self.t.make(0, join.lower(), holds, self._predicate(state, o[4])))]
