#!/usr/bin/env python3
"""Writes test vectors that no code of pamkit has computed: the real-number definitions, in Python's integers.

usage: foreign_vectors.py DIR [--count N] [--seed N] [--op OP,...] [--format FORMAT,...] [--policy POLICY,...]
                          [--overflow OVERFLOW,...]

One file DIR/OP-FORMAT-POLICY-OVERFLOW.txt each, for `pamkit check OP --format FORMAT --policy POLICY`. Every number
is m * 2^e with integers m and e: decoded, computed, and encoded with one rounding. There is no float anywhere.
"""

import argparse
import pathlib
import random

ZERO, NUMBER, INFINITY, NAN = range(4)


class Format:
    def __init__(self, name):
        exponent_bits, stored, kept, storage = {
            "binary32": (8, 23, 23, 32),
            "bfloat16": (8, 7, 7, 16),
            "binary16": (5, 10, 10, 16),
            "e5m2": (5, 2, 2, 8),
            "e4m3": (4, 3, 3, 8),
        }.get(name) or (8, 23, int(name.removeprefix("binary32m")), 32)
        self.name, self.stored, self.kept = name, stored, kept
        self.digits = storage // 4
        self.bias = 2 ** (exponent_bits - 1) - 1
        self.dropped = stored - kept
        self.sign_bit = 1 << (exponent_bits + stored)
        self.has_infinity = name != "e4m3"
        self.infinity = ((1 << exponent_bits) - 1) << stored
        self.nan = self.infinity | 1 << (stored - 1) if self.has_infinity else 0x7F
        self.largest = self.infinity - (1 << self.dropped) if self.has_infinity else 0x7E
        self.one = self.bias << stored


class Rules:
    def __init__(self, format, policy, overflow):
        self.f, self.flush, self.saturate = format, policy == "flush", overflow == "saturate"

    def decode(self, bits):
        """(kind, negative, m, e): the value is +-m 2^e."""
        f = self.f
        negative, magnitude = bool(bits & f.sign_bit), bits & (f.sign_bit - 1)
        if f.has_infinity and magnitude >= f.infinity:
            return (INFINITY if magnitude == f.infinity else NAN, negative, 0, 0)
        if not f.has_infinity and magnitude == 0x7F:
            return (NAN, negative, 0, 0)
        exponent, fraction = magnitude >> f.stored, magnitude & ((1 << f.stored) - 1)
        if exponent == 0:
            if fraction == 0 or self.flush:
                return (ZERO, negative, 0, 0)
            return (NUMBER, negative, fraction, 1 - f.bias - f.stored)
        return (NUMBER, negative, fraction | 1 << f.stored, exponent - f.bias - f.stored)

    def encode(self, negative, m, e):
        """+-m 2^e, m >= 0, rounded once to nearest, ties to even."""
        f = self.f
        sign = f.sign_bit if negative else 0
        if m == 0:
            return sign
        unit = e + m.bit_length() - 1 - f.kept
        if not self.flush:
            unit = max(unit, 1 - f.bias - f.kept)
        if unit <= e:
            q = m << (e - unit)
        else:
            shift = unit - e
            q, rest = m >> shift, m & ((1 << shift) - 1)
            half = 1 << (shift - 1)
            if rest > half or (rest == half and q & 1):
                q += 1
        if q == 0:
            return sign
        exponent = unit + q.bit_length() - 1
        if exponent < 1 - f.bias:
            return sign if self.flush else sign | q << f.dropped
        fraction = (q << f.kept >> (q.bit_length() - 1)) - (1 << f.kept)
        magnitude = ((exponent + f.bias) << f.stored) + (fraction << f.dropped)
        return self.overflowed(negative) if magnitude > f.largest else sign | magnitude

    def overflowed(self, negative):
        f = self.f
        sign = f.sign_bit if negative else 0
        if self.saturate:
            return sign | f.largest
        return sign | f.infinity if f.has_infinity else f.nan

    def special_infinity(self, negative):
        return (self.f.sign_bit if negative else 0) | self.f.infinity if self.f.has_infinity else self.overflowed(negative)


def binade(m, e):
    """E, and 1 + F as (numerator, shift): m 2^e = 2^E (1 + F), 1 + F = numerator 2^-shift."""
    shift = m.bit_length() - 1
    return e + shift, m, shift


def aligned(x, y):
    (m, s), (n, t) = x, y
    k = max(s, t)
    return m << (k - s), n << (k - t), k


def mul(r, a, b):
    (ka, na, ma, ea), (kb, nb, mb, eb) = r.decode(a), r.decode(b)
    negative = na != nb
    if NAN in (ka, kb):
        return r.f.nan
    if INFINITY in (ka, kb):
        return r.f.nan if ZERO in (ka, kb) else r.special_infinity(negative)
    if ZERO in (ka, kb):
        return r.encode(negative, 0, 0)
    Ea, sa, ta = binade(ma, ea)
    Eb, sb, tb = binade(mb, eb)
    x, y, k = aligned((sa, ta), (sb, tb))
    one = 1 << k
    fractions = (x - one) + (y - one)
    if fractions < one:
        return r.encode(negative, one + fractions, Ea + Eb - k)
    return r.encode(negative, fractions, Ea + Eb + 1 - k)


def div(r, a, b):
    (ka, na, ma, ea), (kb, nb, mb, eb) = r.decode(a), r.decode(b)
    negative = na != nb
    if NAN in (ka, kb) or (ka == kb == ZERO) or (ka == kb == INFINITY):
        return r.f.nan
    if ka == ZERO or kb == INFINITY:
        return r.encode(negative, 0, 0)
    if kb == ZERO or ka == INFINITY:
        return r.special_infinity(negative)
    Ea, sa, ta = binade(ma, ea)
    Eb, sb, tb = binade(mb, eb)
    x, y, k = aligned((sa, ta), (sb, tb))
    one = 1 << k
    if x >= y:
        return r.encode(negative, one + x - y, Ea - Eb - k)
    return r.encode(negative, 2 * one + x - y, Ea - Eb - 1 - k)


def exp2(r, a):
    kind, negative, m, e = r.decode(a)
    if kind == NAN:
        return r.f.nan
    if kind == INFINITY:
        return 0 if negative else r.special_infinity(False)
    if kind == ZERO:
        return r.f.one
    if e + m.bit_length() > 16:
        return r.encode(False, 1, -(1 << 16)) if negative else r.overflowed(False)
    x = -m if negative else m
    if e >= 0:
        return r.encode(False, 1, x << e)
    whole, part = x >> -e, x & ((1 << -e) - 1)
    return r.encode(False, (1 << -e) + part, whole + e)


def log2(r, a):
    kind, negative, m, e = r.decode(a)
    if kind == NAN or (negative and kind != ZERO):
        return r.f.nan
    if kind == ZERO:
        return r.special_infinity(True)
    if kind == INFINITY:
        return r.special_infinity(False)
    E, s, k = binade(m, e)
    value = (E << k) + s - (1 << k)
    return r.encode(value < 0, abs(value), -k)


def log2_e(r):
    digits = "4426950408889634073599246810018921374266459541529859341354494069311092191811850798855266"
    return r.encode(False, (int("1" + digits) << 256) // 10 ** len(digits), -256)


def power(r, a, b):
    ka, kb = r.decode(a)[0], r.decode(b)
    if NAN in (ka, kb[0]):
        return r.f.nan
    if ka == ZERO:
        if kb[0] == ZERO:
            return r.f.one
        return r.special_infinity(False) if kb[1] else 0
    return exp2(r, mul(r, log2(r, a), b))


OPERATIONS = {
    "mul": (2, mul),
    "div": (2, div),
    "exp2": (1, exp2),
    "log2": (1, log2),
    "exp": (1, lambda r, a: exp2(r, mul(r, a, log2_e(r)))),
    "log": (1, lambda r, a: div(r, log2(r, a), log2_e(r))),
    "pow": (2, power),
    "sqrt": (1, lambda r, a: power(r, a, r.encode(False, 1, -1))),
}


def operand(f, source):
    keep = ~((1 << f.dropped) - 1)
    choice = source.randrange(8)
    if choice < 2:  # any bits: NaNs with payloads, infinities, subnormals among them
        bits = source.getrandbits(4 * f.digits)
    elif choice == 2:  # around the landmarks
        landmark = source.choice([0, 1 << f.stored, f.one, f.largest, f.infinity, f.nan])
        bits = max(0, landmark + (source.randrange(-3, 4) << f.dropped)) & (f.sign_bit - 1)
    elif choice == 3:  # subnormal
        bits = source.randrange(1 << f.stored)
    elif choice == 4:  # sparse fractions
        bits = source.randrange(f.largest >> f.stored) << f.stored | 1 << source.randrange(f.stored)
    else:  # around 1
        bits = f.one + source.randrange(-8 << f.stored, 8 << f.stored)
        bits = max(0, min(bits, f.largest))
    if source.randrange(3) == 0:
        bits ^= f.sign_bit
    return bits & keep


def lines(r, op, count, source):
    arity, function = OPERATIONS[op]
    for _ in range(count):
        operands = [operand(r.f, source) for _ in range(arity)]
        if op == "div" and source.randrange(4) == 0:  # near quotients of MIN and MAX
            operands[1] = (operands[0] & r.f.sign_bit) | source.choice([1 << r.f.stored, r.f.largest])
        yield " ".join(f"{x:0{r.f.digits}X}" for x in operands + [function(r, *operands)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--op", default=",".join(OPERATIONS))
    parser.add_argument("--format", default="binary32,bfloat16,binary16,e5m2,e4m3,binary32m7")
    parser.add_argument("--policy", default="flush,gradual")
    parser.add_argument("--overflow", default="infinity")
    options = parser.parse_args()
    options.dir.mkdir(parents=True, exist_ok=True)
    for op in options.op.split(","):
        for name in options.format.split(","):
            for policy in options.policy.split(","):
                for overflow in options.overflow.split(","):
                    rules = Rules(Format(name), policy, overflow)
                    source = random.Random(f"{options.seed} {op} {name} {policy} {overflow}")
                    path = options.dir / f"{op}-{name}-{policy}-{overflow}.txt"
                    with path.open("w") as out:
                        for line in lines(rules, op, options.count, source):
                            print(line, file=out)


if __name__ == "__main__":
    main()
