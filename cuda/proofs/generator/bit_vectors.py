"""The integer form of reference/proofs, an SMT-LIB text over unbounded integers, over bit vectors of 64 bits.

Code is about bit vectors, and z3 does not relate the two in reasonable time. The translation is exact: every operand is
below 2^32, the largest intermediate values of the text are 2^23 times a fraction field of 23 bits, so that nothing comes near
2^63; divisors are constant powers of two, and flooring division by them is an arithmetic shift.
"""

import re

from execution import ProofError

_OPERATORS = {"+": "bvadd", "*": "bvmul", "<": "bvslt", "<=": "bvsle", ">": "bvsgt", ">=": "bvsge"}

# Sign above magnitude, so that everything is a bit vector: z3 is a hundred times slower with the datatype.
_ENCODING = """(define-sort Encoding () (_ BitVec 64))
(define-fun encoding ((s Bool) (m (_ BitVec 64))) Encoding (ite s (bvor #x8000000000000000 m) m))
(define-fun negative ((e Encoding)) Bool (= ((_ extract 63 63) e) #b1))
(define-fun mag ((e Encoding)) (_ BitVec 64) (bvand e #x7fffffffffffffff))"""


def parse(text):
    tokens = re.findall(r"[()]|[^\s()]+", re.sub(r";[^\n]*", "", text))
    position = 0

    def expression():
        nonlocal position
        token = tokens[position]
        position += 1
        if token != "(":
            return token
        items = []
        while tokens[position] != ")":
            items.append(expression())
        position += 1
        return items

    found = []
    while position < len(tokens):
        found.append(expression())
    return found


def _written(e):
    return e if isinstance(e, str) else "(" + " ".join(map(_written, e)) + ")"


class Translator:
    def __init__(self):
        self.constants = {}
        self.macros = {}  # functions that divide by a parameter: their calls are expanded

    def text(self, source):
        return "\n".join(t for t in (self._definition(e) for e in parse(source)) if t) + "\n"

    def _definition(self, e):
        if e[0] == "declare-datatype":
            if e[1] != "Encoding":
                raise ProofError(f"the sort {e[1]} has no form over bit vectors")
            return _ENCODING
        if e[0] != "define-fun":
            raise ProofError(f"{e[0]} has no form over bit vectors")
        _, name, parameters, sort, body = e
        if not parameters and sort == "Int" and (value := self._value(body, {})) is not None:
            self.constants[name] = value
        if self._divides_by(body, {p for p, _ in parameters}):
            self.macros[name] = ([p for p, _ in parameters], body)
            return ""
        return _written(["define-fun", name, self._sorts(parameters), self._sorts(sort), self._term(body, {})])

    def _sorts(self, e):
        if e == "Int":
            return "(_ BitVec 64)"
        return e if isinstance(e, str) else [self._sorts(x) for x in e]

    def _divides_by(self, e, names):
        if isinstance(e, str):
            return False
        if e[0] in ("div", "mod") and e[2] in names:
            return True
        return any(self._divides_by(x, names) for x in e)

    def _value(self, e, known):
        """The value of a constant expression, or None."""
        if isinstance(e, str):
            if re.fullmatch(r"\d+", e):
                return int(e)
            return known.get(e, self.constants.get(e))
        if e[0] not in ("+", "-", "*"):
            return None
        values = [self._value(x, known) for x in e[1:]]
        if None in values:
            return None
        if e[0] == "-":
            return -values[0] if len(values) == 1 else values[0] - sum(values[1:])
        total = values[0]
        for v in values[1:]:
            total = total + v if e[0] == "+" else total * v
        return total

    def _term(self, e, bound):
        if isinstance(e, str):
            if e in bound:
                return bound[e]
            return f"(_ bv{e} 64)" if re.fullmatch(r"\d+", e) else e
        head = e[0]
        if head == "let":
            bindings = [[n, self._term(v, bound)] for n, v in e[1]]
            inner = {k: v for k, v in bound.items() if k not in {n for n, _ in e[1]}}
            return ["let", bindings, self._term(e[2], inner)]
        if head in self.macros:
            names, body = self.macros[head]
            return self._expanded(names, body, e[1:], bound)
        if head in ("div", "mod"):
            divisor = self._value(e[2], {})
            if divisor is None or divisor <= 0 or divisor & (divisor - 1):
                raise ProofError(f"{_written(e)}: the divisor is no constant power of two")
            dividend = self._term(e[1], bound)
            if head == "div":
                return ["bvashr", dividend, f"(_ bv{divisor.bit_length() - 1} 64)"]
            return ["bvand", dividend, f"(_ bv{divisor - 1} 64)"]
        rest = [self._term(x, bound) for x in e[1:]]
        if head == "-":
            if len(rest) == 1:
                return ["bvneg", rest[0]]
            result = rest[0]
            for x in rest[1:]:
                result = ["bvsub", result, x]
            return result
        if head in ("+", "*"):
            result = rest[0]
            for x in rest[1:]:
                result = [_OPERATORS[head], result, x]
            return result
        return [_OPERATORS.get(head, head), *rest]

    def _expanded(self, names, body, arguments, bound):
        """The body with its arguments put in as text, so that divisors are constants."""
        values = dict(zip(names, arguments))

        def replaced(e):
            if isinstance(e, str):
                return values.get(e, e)
            return [replaced(x) for x in e]

        return self._term(replaced(body), bound)
