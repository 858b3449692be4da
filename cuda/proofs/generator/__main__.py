"""python3 generator --ptx FILE... --sass FILE... --reference DIR --output DIR

Writes one SMT-LIB file for each probe of cuda/proofs/probes.cu in each file of code, in the form of reference/proofs: three
questions, is there an operand pair in the domain, one where the code differs from the specification, and one where the planted
fault does. Ends with exit code 1 and one line where code cannot be understood.
"""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "ptx" / "translator"), str(HERE.parent.parent / "sass")]

import bit_vectors  # noqa: E402
import ptx_meaning  # noqa: E402
import sass  # noqa: E402
import sass_meaning  # noqa: E402
import syntax  # noqa: E402
from execution import Execution, ProofError  # noqa: E402
from terms import Term, Terms  # noqa: E402

# The parameters of every probe, by byte offset, and that of the pointer to the result.
PARAMETERS = {0: Term("x", 32), 4: Term("y", 32), 8: Term("own", 32), 12: Term("g", 8), 13: Term("s", 8), 16: Term("comp", 32)}
OUT = 24

_NORMAL = "(and (bvule #x20000000 (mag {0})) (bvult (mag {0}) #x5f000000))"
_NOT_SUBNORMAL = "(bvuge (mag {0}) #x00800000)"
_BELOW = "(bvult (mag {0}) #x5f000000)"


def _over(form):
    return " ".join(form.replace("#x", "#x00000000").format(v) for v in ("ex", "ey"))


_ZERO_OR_NORMAL = f"(or (= (mag {{0}}) #x00000000) {_NORMAL})"

# Probe: (operation, sentence, domain in words and as a formula, planted fault, whether zeros count as one).
STATEMENTS = {
    "mul": ("pam", "the code is pam", "every pair, overflow policy and compensation, under flush",
            "(not gradual)", "the sign of a zero is lost", False),
    "div": ("pad", "the code is pad", "every pair, overflow policy and compensation, under flush",
            "(not gradual)", "the bias is off by one", False),
    "fast": ("pam", "a term of class fast is pam", "2^-63 <= abs < 2^63, every policy and compensation",
             f"(and {_over(_NORMAL)})", "the bias is off by one", False),
    "threshold": ("pam", "a term of class threshold is pam, or left out where pam is a zero",
                  "abs < 2^63, flush, every overflow policy and compensation",
                  f"(and (not gradual) {_over(_BELOW)})", "> for >=", True),
    "hybrid": ("pam", "a term of class hybrid is pam, or left out where pam is a zero",
               "every pair, overflow policy and compensation, under flush",
               "(not gradual)", "the range of class fast ends one binade too late", True),
    "gradual": ("pam", "a term of class hybrid is pam under gradual underflow", "normal pairs whose product is at least 2^-127, infinities "
                "and NaNs, gradual, every overflow policy and compensation",
                f"(and gradual {_over(_NOT_SUBNORMAL)} (bvsge (product_sum c ex ey) #x0000000000000000))", "what is below the normal range "
                "is flushed", False),
    "rounded": ("pam_rounded", "a term of power_of_two in class threshold is pam with y rounded to a power of two, or left out where "
                "that is a zero", "abs < 2^63, flush, every overflow policy and compensation",
                f"(and (not gradual) {_over(_BELOW)})", "halves are rounded down", True),
    "slope": ("pam_of_slope", "a term of class slope is pam of x and the slope in own of the product of own and y, or left out where "
              "that is a zero", "x and y zeros or 2^-63 <= abs < 2^63, every own but NaN, every policy and compensation",
              f"(and (not (is_nan eown)) {_over(_ZERO_OR_NORMAL)})", "the carry comes one unit late", True),
}  # fmt: skip

# z3's own strategy for incremental questions takes minutes where this one takes a second.
_CHECK = "(check-sat-using (then simplify fpa2bv simplify propagate-values solve-eqs simplify bit-blast sat))"

_OPERANDS = """(declare-const x (_ BitVec 32))
(declare-const y (_ BitVec 32))
(declare-const own (_ BitVec 32))
(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const comp (_ BitVec 32))
(declare-const outlow (_ BitVec 32))
(declare-const outhigh (_ BitVec 32))
(declare-const out (_ BitVec 64))
(define-fun g () (_ BitVec 8) (ite gradual #x01 #x00))
(define-fun s () (_ BitVec 8) (ite saturate #x01 #x00))
(define-fun c () (_ BitVec 64) ((_ sign_extend 32) comp))
(assert (is_compensation c))
(define-fun read ((w (_ BitVec 32))) Encoding
  (encoding (= ((_ extract 31 31) w) #b1) ((_ zero_extend 33) ((_ extract 30 0) w))))
(define-fun ex () Encoding (read x))
(define-fun ey () Encoding (read y))
(define-fun eown () Encoding (read own))
"""


# power_of_two's rounding of a normal number: half a binade up, then the fraction cleared.
_ROUNDED = """(define-fun pam_rounded ((gradual Bool) (saturate Bool) (c (_ BitVec 64)) (a Encoding) (b Encoding)) Encoding
  (pam gradual saturate c a (ite (is_zero gradual b) b
    (encoding (negative b) (bvand (bvadd (mag b) #x0000000000400000) #xffffffffff800000)))))
"""

# The exact derivative in own, whose product with x has no compensation.
_OF_SLOPE = """(define-fun pam_of_slope ((gradual Bool) (saturate Bool) (c (_ BitVec 64)) (a Encoding) (b Encoding)) Encoding
  (pam gradual saturate #x0000000000000000 a (mul_da gradual saturate c eown b)))
"""


def script(name, prelude, run):
    operation, sentence, domain, formula, fault, up_to_zero = STATEMENTS[name]
    code, planted = Terms("code"), Terms("planted")
    stored, value = run(f"probe_{name}", code).result()
    planted_stored, planted_value = run(f"planted_{name}", planted).result()
    agrees = "(= (read {0}) specified)"
    if up_to_zero:
        agrees = "(or (= (read {0}) specified) (and (= (mag specified) #x0000000000000000) (= (mag (read {0})) #x0000000000000000)))"
    wrong = "(assert (not (and {1} " + agrees + ")))"
    return "\n".join([
        f"; statement: {sentence}", f"; domain: {domain}", f"; mutant: {fault}",
        "; expected: precondition sat, statement unsat, mutant sat", prelude + _OPERANDS + _ROUNDED + _OF_SLOPE,
        f"(define-fun specified () Encoding ({operation} gradual saturate c ex ey))",
        *code.lines, *planted.lines, f"(assert {formula})",
        '(echo "precondition")', _CHECK,
        "(push 1)", wrong.format(value.text, stored.text), '(echo "statement")', _CHECK, "(pop 1)",
        "(push 1)", wrong.format(planted_value.text, planted_stored.text), '(echo "mutant")', _CHECK, "(pop 1)", "",
    ])  # fmt: skip


def run_ptx(path):
    module = syntax.parse(path.read_text())
    kernels = {k.name: k for k in module.kernels}

    def run(name, terms):
        kernel = kernels[name]
        meaning = ptx_meaning.PtxMeaning(terms, kernel, PARAMETERS, OUT)
        return Execution(terms, meaning, *ptx_meaning.blocks_of(kernel)).run()

    return f"ptx_{module.target}", run


def run_sass(path):
    module = sass.parse(path.read_text())

    def run(name, terms):
        function = module.functions[name]
        meaning = sass_meaning.SassMeaning(terms, function, PARAMETERS, OUT)
        return Execution(terms, meaning, *sass_meaning.blocks_of(function)).run()

    return f"sass_{module.target}", run


def main():
    parser = argparse.ArgumentParser(prog="generator", description="statements about compiled probes")
    parser.add_argument("--ptx", nargs="*", default=[], type=pathlib.Path)
    parser.add_argument("--sass", nargs="*", default=[], type=pathlib.Path)
    parser.add_argument("--reference", required=True, type=pathlib.Path, help="reference/proofs")
    parser.add_argument("--output", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    translator = bit_vectors.Translator()
    prelude = "".join(
        translator.text((arguments.reference / part).read_text()) for part in ("formats/binary32.smt2", "integer_form.smt2")
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    for path, reader in [(p, run_ptx) for p in arguments.ptx] + [(p, run_sass) for p in arguments.sass]:
        where = str(path)
        try:
            kind, run = reader(path)
            for name in STATEMENTS:
                where = f"{path}: probe {name}"
                text = script(name, prelude, run)
                (arguments.output / f"{kind}_{name}.smt2").write_text(text)
        except (ProofError, sass.SassError, syntax.PtxError) as error:
            print(f"{where}: {error}", file=sys.stderr)
            return 1
        except KeyError as error:
            print(f"{where}: there is no {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
