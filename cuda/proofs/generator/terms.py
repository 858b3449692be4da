"""SMT-LIB terms over bit vectors, each given a name once."""


class Term:
    """A named value: a truth value (width 0) or a vector of `width` bits."""

    __slots__ = ("text", "width")

    def __init__(self, text, width):
        self.text = text
        self.width = width

    def __eq__(self, other):
        return isinstance(other, Term) and (self.text, self.width) == (other.text, other.width)

    def __hash__(self):
        return hash((self.text, self.width))


TRUE = Term("true", 0)
FALSE = Term("false", 0)


def constant(value, width):
    return Term(f"(_ bv{value & (2**width - 1)} {width})", width)


class Terms:
    """Makes terms; `lines` defines them, in order."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.lines = []
        self._known = {}

    def make(self, width, *parts):
        """(operator operand ...) as a term; operands are terms or text."""
        text = "(" + " ".join(p.text if isinstance(p, Term) else str(p) for p in parts) + ")"
        if text not in self._known:
            name = f"{self.prefix}{len(self._known)}"
            sort = f"(_ BitVec {width})" if width else "Bool"
            self.lines.append(f"(define-fun {name} () {sort} {text})")
            self._known[text] = Term(name, width)
        return self._known[text]

    def unknown(self, width):
        """Any value: what a register holds that was never written."""
        name = f"{self.prefix}any{len(self.lines)}"
        self.lines.append(f"(declare-const {name} {f'(_ BitVec {width})' if width else 'Bool'})")
        return Term(name, width)

    # --- Truth

    def negation(self, p):
        if p == TRUE:
            return FALSE
        return TRUE if p == FALSE else self.make(0, "not", p)

    def conjunction(self, p, q):
        if FALSE in (p, q):
            return FALSE
        if TRUE in (p, q):
            return q if p == TRUE else p
        return self.make(0, "and", p, q)

    def disjunction(self, p, q):
        if TRUE in (p, q):
            return TRUE
        if FALSE in (p, q):
            return q if p == FALSE else p
        return self.make(0, "or", p, q)

    def choice(self, p, yes, no):
        if yes == no or p == TRUE:
            return yes
        return no if p == FALSE else self.make(yes.width, "ite", p, yes, no)

    # --- Vectors

    def binary(self, operator, x, y):
        if x.width != y.width:
            raise ValueError(f"{operator} of {x.width} and {y.width} bits")
        return self.make(x.width, operator, x, y)

    def relation(self, operator, x, y):
        if x.width != y.width:
            raise ValueError(f"{operator} of {x.width} and {y.width} bits")
        return self.make(0, operator, x, y)

    def part(self, x, high, low):
        if low == 0 and high == x.width - 1:
            return x
        return self.make(high - low + 1, f"(_ extract {high} {low})", x)

    def extended(self, x, width, is_signed):
        if x.width == width:
            return x
        return self.make(width, f"(_ {'sign' if is_signed else 'zero'}_extend {width - x.width})", x)

    def joined(self, high, low):
        return self.make(high.width + low.width, "concat", high, low)

    def shifted(self, operator, x, count):
        """Counts beyond the width shift everything out, as bvshl, bvlshr and bvashr have it."""
        count = self.extended(count, x.width, False) if count.width < x.width else count
        if count.width > x.width:
            raise ValueError("the count is wider than what it shifts")
        return self.binary(operator, x, count)

    def leading_zeros(self, x):
        """Of 32 bits, in 32 bits; 32 for 0."""
        result = constant(32, 32)
        for bit in range(32):
            is_set = self.make(0, "=", self.part(x, bit, bit), "#b1")
            result = self.choice(is_set, constant(31 - bit, 32), result)
        return result

    # --- binary32

    def float_relation(self, relation, x, y):
        """relation: lt le gt ge eq ne, with an appended u for true of NaNs too; num, nan."""
        fx, fy = (self.make_float(v) for v in (x, y))
        nan = self.disjunction(self.make(0, "fp.isNaN", fx), self.make(0, "fp.isNaN", fy))
        if relation == "nan":
            return nan
        if relation == "num":
            return self.negation(nan)
        base = relation[:2]
        operator = {"lt": "fp.lt", "le": "fp.leq", "gt": "fp.gt", "ge": "fp.geq", "eq": "fp.eq", "ne": "fp.eq"}[base]
        holds = self.make(0, operator, fx, fy)
        if base == "ne":
            holds = self.conjunction(self.negation(holds), self.negation(nan))
        return self.disjunction(holds, nan) if relation[2:] == "u" else holds

    def float_sum(self, x, y):
        """x + y where one of them is +0, as a sum starts: x itself, but for -0, and NaNs, of which any may come."""
        if y != constant(0, 32):
            x, y = y, x
        if y != constant(0, 32):
            raise ValueError("a sum of floats of which neither is +0")
        magnitude = self.binary("bvand", x, constant(0x7FFFFFFF, 32))
        is_zero = self.make(0, "=", magnitude, constant(0, 32))
        is_nan = self.relation("bvugt", magnitude, constant(0x7F800000, 32))
        return self.choice(is_nan, self.unknown_nan(), self.choice(is_zero, constant(0, 32), x))

    def unknown_nan(self):
        return self.make(32, "bvor", constant(0x7F800001, 32), self.unknown(32))

    def make_float(self, x):
        return f"((_ to_fp 8 24) {x.text})"
