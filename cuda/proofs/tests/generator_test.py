"""Statements about code: what is refused, and that the specification over bit vectors is the one over integers."""

import os
import pathlib
import random
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path[:0] = [str(HERE.parent / "generator"), str(ROOT / "cuda/ptx/translator"), str(ROOT / "cuda/sass")]

import bit_vectors  # noqa: E402
import ptx_meaning  # noqa: E402
import sass  # noqa: E402
import sass_meaning  # noqa: E402
import syntax  # noqa: E402
from execution import Execution, ProofError  # noqa: E402
from terms import Term, Terms  # noqa: E402

Z3 = os.environ.get("PAMKIT_Z3") or shutil.which("z3")
PARAMETERS = {0: Term("x", 32), 4: Term("y", 32)}
VARIABLES = "(declare-const x (_ BitVec 32))(declare-const y (_ BitVec 32))\n"


def ask(script):
    done = subprocess.run([Z3, "-in"], input=script, capture_output=True, text=True, check=True, timeout=300)
    return done.stdout.split()


def ptx(*code):
    body = "\n".join(code)
    text = f""".version 9.0
.target sm_80
.address_size 64
.visible .entry k(.param .u32 x, .param .u32 y, .param .u64 out)
{{
.reg .pred %p<4>;
.reg .b32 %r<9>;
.reg .b64 %rd<9>;
ld.param.u32 %r1, [x];
ld.param.u32 %r2, [y];
ld.param.u64 %rd1, [out];
{body}
ret;
}}
"""
    kernel = syntax.parse(text).kernels[0]
    terms = Terms("t")
    meaning = ptx_meaning.PtxMeaning(terms, kernel, PARAMETERS, 8)
    stored, value = Execution(terms, meaning, *ptx_meaning.blocks_of(kernel)).run().result()
    return terms, stored, value


def machine_code(*code):
    lines = "\n".join(f"        /*{16 * i:04x}*/   {c} ;" if c[0] != "." else c for i, c in enumerate(code))
    text = f"""	.target	sm_90
//--------------------- .nv.info.k  ------
	//----- nvinfo : EIATTR_PARAM_CBANK
        /*0088*/ 	.word	index@(.nv.constant0.k)
        /*008c*/ 	.short	0x0210
        /*008e*/ 	.short	0x0010
//--------------------- .nv.constant2.k ------
.nv.constant2.k:
        /*0000*/ 	.byte	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
        /*0008*/ 	.byte	0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0x00
//--------------------- .text.k ------
.text.k:
        /*f000*/   LDC.64 R2, c[0x0][0x218] ;
        /*f010*/   LDC.64 R4, c[0x0][0x210] ;
{lines}
        /*f100*/   STG.E desc[UR4][R2.64], R6 ;
        /*f110*/   EXIT ;
"""
    function = sass.parse(text).functions["k"]
    terms = Terms("t")
    meaning = sass_meaning.SassMeaning(terms, function, PARAMETERS, 8)
    stored, value = Execution(terms, meaning, *sass_meaning.blocks_of(function)).run().result()
    return terms, stored, value


class Meaning(unittest.TestCase):
    def is_always(self, program, expected):
        """z3 finds no x and y for which the code stores something else, or nothing."""
        terms, stored, value = program
        text = VARIABLES + "\n".join(terms.lines)
        text += f"\n(assert (not (and {stored.text} (= {value.text} {expected}))))\n(check-sat)\n"
        return ask(text) == ["unsat"]

    def refused(self, words, build, *code):
        with self.assertRaisesRegex(ProofError, words):
            build(*code)

    def test_code_that_is_not_understood_is_refused(self):
        store = "st.global.u32 [%rd1], %r3;"
        self.refused("bfind", ptx, "bfind.u32 %r3, %r1;", store)
        self.refused("has a loop", ptx, "$L:", "add.s32 %r3, %r1, 1;", "bra $L;")
        self.refused("stores nothing", ptx, "add.s32 %r3, %r1, 1;")
        self.refused("without a value", ptx, store)
        self.refused("does not store the result", ptx, "st.global.u32 [%rd1+4], %r1;")
        self.refused("FMUL", machine_code, "FMUL R6, R4, R5")
        self.refused("neither is", machine_code, "FADD R6, R4, R5")
        self.refused("neither is", ptx, "add.rn.f32 %r3, %r1, %r2;", store)
        self.refused("has no meaning", machine_code, "IADD3 R6, R4, R9, RZ")
        self.refused("has no meaning", machine_code, "IMAD.MOV.U32 R6, R4, R5, RZ")
        self.refused("has a loop", machine_code, ".L_x_1:", "IADD3 R6, R4, R5, RZ", "BRA `(.L_x_1)")

    @unittest.skipUnless(Z3, "z3 is not here")
    def test_branches_are_merged(self):
        code = ("setp.lt.u32 %p1, %r1, %r2;", "@%p1 bra $L;", "mov.b32 %r1, %r2;", "$L:", "st.global.u32 [%rd1], %r1;")
        self.assertTrue(self.is_always(ptx(*code), "(ite (bvult x y) x y)"))
        self.assertFalse(self.is_always(ptx(*code), "(ite (bvule x y) y x)"))

    @unittest.skipUnless(Z3, "z3 is not here")
    def test_a_path_that_stores_nothing_is_seen(self):
        code = ("setp.lt.u32 %p1, %r1, %r2;", "@%p1 bra $L;", "st.global.u32 [%rd1], %r1;", "$L:")
        self.assertFalse(self.is_always(ptx(*code), "x"))

    @unittest.skipUnless(Z3, "z3 is not here")
    def test_machine_code_has_its_meaning(self):
        for code, expected in (
            (("IADD3 R6, R4, -R5, RZ",), "(bvsub x y)"),
            (("IADD3 R6, R4, 0x1, -R5",), "(bvsub (bvadd x #x00000001) y)"),
            (("LOP3.LUT R6, R4, 0x7fffffff, R5, 0xea, !PT",), "(bvor (bvand x #x7fffffff) y)"),
            (("ISETP.GT.U32.AND P0, PT, R4, R5, PT", "SEL R6, R5, R4, P0"), "(ite (bvugt x y) y x)"),
            (("VIMNMX.U32 R6, R4, R5, !PT",), "(ite (bvugt x y) x y)"),
            (("SHF.R.U32.HI R6, RZ, 0x17, R4",), "(bvlshr x #x00000017)"),
            (("IMAD.WIDE.U32 R8, R4, R5, RZ", "MOV R6, R9"),
             "((_ extract 63 32) (bvmul ((_ zero_extend 32) x) ((_ zero_extend 32) y)))"),
            (("PRMT R6, R4, 0x5410, R5",), "(concat ((_ extract 15 0) y) ((_ extract 15 0) x))"),
            (("IADD3 R7, P0, R4, R5, RZ", "IMAD.X R6, RZ, RZ, RZ, P0"),
             "(ite (bvult (bvadd x y) x) #x00000001 #x00000000)"),
            (("LOP3.LUT R7, R4, 0xff7fffff, RZ, 0xc0, !PT", "FADD R6, RZ, R7"),
             "(ite (= (bvand x #x7f7fffff) #x00000000) #x00000000 (bvand x #xff7fffff))"),
            (("IMAD.WIDE R8, R4, 0x1, c[0x2][0x8]", "LOP3.LUT R6, R8, RZ, RZ, 0xf0, !PT"), "(bvadd x #x3f800000)"),
            (("CS2R R8, SRZ", "LOP3.LUT R6, R4, R8, R9, 0xfe, !PT"), "x"),
            (("MOV R6, R4", "ISETP.NE.AND P0, PT, R5, RZ, PT", "@P0 MOV R6, R5"), "(ite (= y #x00000000) x y)"),
        ):  # fmt: skip
            with self.subTest(code):
                self.assertTrue(self.is_always(machine_code(*code), expected))
                self.assertFalse(self.is_always(machine_code(*code), f"(bvadd {expected} #x00000001)"))


class Specification(unittest.TestCase):
    @unittest.skipUnless(Z3, "z3 is not here")
    def test_bit_vectors_say_what_integers_say(self):
        """On directed pairs, under every policy: zeros, ends of ranges, infinities, NaNs, carries, subnormals."""
        folder = ROOT / "reference" / "proofs"
        source = [(folder / part).read_text() for part in ("formats/binary32.smt2", "integer_form.smt2")]
        translator = bit_vectors.Translator()
        vectors = "".join(map(translator.text, source))
        generator = random.Random(1)
        edges = [0, 1, 2, 0x3FFFFF, 0x7FFFFF, 0x800000, 0x800001, 0x20000000, 0x3F800000, 0x3FC00000, 0x5F000000,
                 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FC00000]  # fmt: skip
        cases = []
        for _ in range(150):
            x, y = (generator.choice(edges) if generator.random() < 0.6 else generator.getrandbits(31) for _ in "xy")
            signs = [generator.random() < 0.5 for _ in "xy"]
            compensation = generator.choice([0, 1, 463051, 0x800000])
            rules = [generator.random() < 0.5 for _ in "gs"]
            cases.append((generator.choice(["pam", "pad"]), rules, compensation, list(zip(signs, (x, y)))))

        def answers(prelude, number, back):
            terms = []
            for function, (gradual, saturate), compensation, operands in cases:
                words = " ".join(f"(encoding {str(s).lower()} {number(m)})" for s, m in operands)
                call = f"({function} {str(gradual).lower()} {str(saturate).lower()} {number(compensation)} {words})"
                terms.append(f"(simplify (negative {call}))(simplify {back(f'(mag {call})')})")
            return ask(prelude + "\n".join(terms))

        integers = answers("".join(source), str, lambda t: t)
        bits = answers(vectors, lambda n: f"(_ bv{n} 64)", lambda t: f"(bv2nat {t})")
        self.assertEqual(len(integers), 2 * len(cases))
        self.assertEqual(bits, integers)


if __name__ == "__main__":
    unittest.main()
