"""What the analysis of device code refuses, on small texts with one thing planted in each."""

import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ANALYSIS = HERE.parent / "analysis"
sys.path.insert(0, str(ANALYSIS))

import nvcc_commands  # noqa: E402

PTX = """.version 9.0
.target sm_80
.address_size 64
.visible .entry {name}(.param .u64 p, .param .u32 n)
{{
	.reg .pred %p<3>;
	.reg .b32 %r<9>;
	.reg .b64 %rd<9>;
	ld.param.u64 %rd1, [p];
	ld.param.u32 %r1, [n];
	mov.u32 %r2, %ctaid.x;
	mad.lo.s32 %r3, %r2, %r1, %r2;
	mul.wide.u32 %rd2, %r3, 4;
	add.s64 %rd3, %rd1, %rd2;
	ld.global.u32 %r4, [%rd3];
	add.s32 %r5, %r4, %r1;
	{code}
	st.global.u32 [%rd3], %r6;
	ret;
}}
"""

SASS = """	.target	sm_90

//--------------------- .note.nv.tkinfo           --------------------------
        /*0030*/ 	.string	"{options}"

//--------------------- .nv.info                  --------------------------
	//----- nvinfo : EIATTR_REGCOUNT
        /*0004*/ 	.word	index@({name})
        /*0008*/ 	.word	0x00000020
	//----- nvinfo : EIATTR_FRAME_SIZE
        /*0010*/ 	.word	index@({name})
        /*0014*/ 	.word	{stack}

//--------------------- .text.{name}              --------------------------
	.section	.text.{name},"ax",@progbits
.text.{name}:
        /*0000*/                   LDC.64 R2, c[0x0][0x210] ;
        /*0010*/                   IMAD.MOV.U32 R8, RZ, RZ, R3 ;
        /*0020*/                   IMAD R9, R8, R2, RZ ;
        /*0030*/                   LDG.E R4, desc[UR4][R2.64] ;
        /*0040*/                   {code} ;
        /*0050*/                   STG.E desc[UR4][R2.64], R5 ;
        /*0060*/                   EXIT ;
"""

# A kernel that calls a function twice, the data in R4 and an index in R0, as nvdisasm prints one that is not inlined.
CALLS = SASS.replace(
    """        /*0040*/                   {code} ;
        /*0050*/                   STG.E desc[UR4][R2.64], R5 ;
        /*0060*/                   EXIT ;
""",
    """        /*0040*/                   MOV R2, 0x70 ;
        /*0050*/                   IMAD.MOV.U32 R9, RZ, RZ, {argument} ;
        /*0060*/                   {call} ;
        /*0070*/                   {between} ;
        /*0080*/                   STG.E desc[UR4][R2.64], R5 ;
        /*0090*/                   EXIT ;
        .type           $k$helper,@function
$k$helper:
        /*00a0*/                   IMAD.MOV.U32 R3, RZ, RZ, 0x0 ;
        /*00b0*/                   {code} ;
        /*00c0*/                   RET.REL.NODEC R2 `(k) ;
.L_x_0:
        /*00d0*/                   BRA `(.L_x_0);
        /*00e0*/                   NOP;
""",
)

GOOD = " -arch sm_90 -m 64 -fmad false "


class Analysis(unittest.TestCase):
    def analysed(self, ptx="", sass="", budgets=(), additions_a_term=(), options=(), later=""):
        """`later` is PTX of another architecture, in a file of the same name."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            rules = {"baseline": "^baseline_", "machines": {}, "budgets": list(budgets), "additions_a_term": list(additions_a_term)}
            (folder / "budgets.json").write_text(json.dumps(rules))
            command = [sys.executable, "-B", str(ANALYSIS), "--multiplying", "_exact", "--dividing", "_mean$", "--budgets",
                       str(folder / "budgets.json"), "--output", str(folder / "out.json")]  # fmt: skip
            command += options
            for kind, text in (("ptx", ptx), ("sass", sass)):
                if text:
                    (folder / f"x.{kind}").write_text(text)
                    command += [f"--{kind}", str(folder / f"x.{kind}")]
                if kind == "ptx" and later:
                    (folder / "later").mkdir()
                    (folder / "later" / "x.ptx").write_text(later)
                    command.append(str(folder / "later" / "x.ptx"))
            subprocess.run(command, check=True)
            return json.loads((folder / "out.json").read_text())

    def refused(self, *words, sentences=1, **texts):
        document = self.analysed(**texts)
        found = [r["sentence"] for r in document["refused"]]
        self.assertEqual(len(found), sentences, found)
        self.assertEqual({r["kind"] for r in document["refused"]}, {e["kind"] for e in document["code"]})
        for word in words:
            self.assertIn(word, found[-1])

    def accepted(self, **texts):
        document = self.analysed(**texts)
        self.assertEqual(document["refused"], [])
        return document["code"][0]

    def ptx(self, code, name="k"):
        return PTX.format(name=name, code=code)

    def sass(self, code, name="k", options=GOOD, stack="0x00000000"):
        return SASS.format(name=name, code=code, options=options, stack=stack)

    def test_ptx_that_adds_data_and_multiplies_indices_passes(self):
        entry = self.accepted(ptx=self.ptx("add.rn.f32 %r6, %r4, %r5;"))
        self.assertEqual((entry["multiplications"], entry["index_multiplications"]), (0, 2))

    def test_ptx_that_multiplies_data_is_refused(self):
        self.refused("k (ptx, sm_80)", "mul.rn.f32 at line 17", ptx=self.ptx("mul.rn.f32 %r6, %r4, %r5;"))
        self.refused("fma.rn.f32", sentences=2, ptx=self.ptx("fma.rn.f32 %r6, %r4, %r5, %r4;"))
        self.refused("mul.lo.s32", ptx=self.ptx("mul.lo.s32 %r6, %r4, %r5;"))
        self.refused("mad.lo.s32", ptx=self.ptx("mad.lo.s32 %r6, %r5, %r4, %r1;"))
        self.refused("div.rn.f32", ptx=self.ptx("div.rn.f32 %r6, %r4, %r5;"))

    def test_ptx_that_multiplies_data_by_a_size_or_a_constant_is_refused(self):
        self.refused("mul.lo.s32", ptx=self.ptx("mul.lo.s32 %r6, %r4, %r1;"))
        self.refused("mul.lo.s32", ptx=self.ptx("mul.lo.s32 %r6, 3, %r4;"))
        self.refused("mad.lo.s32", ptx=self.ptx("mad.lo.s32 %r6, %r4, 3, %r1;"))
        adamw = self.ptx("mul.hi.u32 %r5, %r4, %r1; mul.lo.u32 %r6, %r5, 3;", "pamkit_adamw_step_pam")
        self.refused("pamkit_adamw_step_pam", "2 times", ptx=adamw)

    def test_ptx_of_every_architecture_is_judged_and_one_is_what_is_executed(self):
        add = self.ptx("add.rn.f32 %r6, %r4, %r5;")
        product = add.replace("add.rn.f32", "mul.rn.f32")
        for architecture in ("sm_90", "sm_100"):
            self.accepted(ptx=add, later=add.replace("sm_80", architecture))
        self.refused("k (ptx, sm_100)", "mul.rn.f32", ptx=add, later=product.replace("sm_80", "sm_100"))
        # Elsewhere the compiler may choose other instructions, here it makes the text that is executed.
        other = add.replace("add.s32 %r5, %r4, %r1;", "add.s32 %r5, %r1, %r4;")
        self.accepted(ptx=add, later=other.replace("sm_80", "sm_100"))
        self.refused("x (ptx, sm_90) differs from that of sm_80", ptx=add, later=other.replace("sm_80", "sm_90"))

    def test_ptx_that_shifts_data_is_no_product(self):
        for constant in (16777216, -8388608, 1, 0):
            self.accepted(ptx=self.ptx(f"mul.lo.s32 %r6, %r4, {constant};"))

    def test_ptx_that_computes_addresses_from_data_is_no_product(self):
        address = "mul.wide.s32 %rd4, %r4, %r1; shl.b64 %rd5, %rd4, 2; add.s64 %rd6, %rd1, %rd5; ld.global.u32 %r6, [%rd6];"
        self.accepted(ptx=self.ptx(address))
        # Whatever else the product serves, and wherever, it is one of data.
        for other in ("cvt.u32.u64 %r6, %rd4;", "st.global.u64 [%rd3], %rd4;", "xor.b64 %rd7, %rd4, %rd1;",
                      "st.global.u64 [%rd3], %rd6;", "setp.gt.u64 %p1, %rd5, %rd1;"):  # fmt: skip
            with self.subTest(other):
                self.refused("mul.wide.s32", ptx=self.ptx(address + " " + other))

    def test_ptx_that_flushes_is_refused(self):
        self.refused("flushes subnormals", ptx=self.ptx("add.ftz.f32 %r6, %r4, %r5;"))

    def test_kernels_that_multiply_by_definition_are_listed_and_must_multiply(self):
        entry = self.accepted(ptx=self.ptx("mul.rn.f32 %r6, %r4, %r5;", "k_exact"))
        self.assertEqual((entry["multiplies_by_definition"], entry["multiplications"]), (True, 1))
        entry = self.accepted(ptx=self.ptx("div.u32 %r6, %r4, %r1;", "k_exact_mean"))
        self.assertEqual(entry["verdict"], "divides data by a size, by definition")
        self.refused("no multiplication is found", ptx=self.ptx("add.rn.f32 %r6, %r4, %r5;", "k_exact"))

    def test_sass_that_adds_data_passes(self):
        entry = self.accepted(sass=self.sass("FADD R5, R4, R4"))
        self.assertEqual((entry["multiplications"], entry["index_multiplications"], entry["registers"]), (0, 1, 32))

    def test_moves_and_constants_are_no_products(self):
        for code in ("IMAD.MOV.U32 R5, RZ, RZ, R4", "IMAD.SHL.U32 R5, R4, 0x8, RZ", "IMAD.IADD R5, R4, 0x1, R4",
                     "HFMA2.MMA R5, -RZ, RZ, 1, 0", "FFMA R5, -RZ, RZ, 1"):  # fmt: skip
            with self.subTest(code):
                self.accepted(sass=self.sass(code))

    def test_sass_that_multiplies_data_is_refused(self):
        for code in ("FMUL R5, R4, R4", "FFMA R5, R4, R4, R4", "HMUL2 R5, R4, R4", "MUFU.RCP R5, R4",
                     "IMAD R5, R4, R4, RZ", "IMAD.WIDE.U32 R4, R4, R4, RZ", "HFMA2 R5, R4, R4, R4",
                     "HMMA.16816.F32 R4, R4, R4, R4", "FMUL2 R4, R4, R4", "UFMUL UR5, UR6, UR7", "UFFMA UR5, UR6, UR7, UR8",
                     "VIMAD R5, R4, R4, R8", "IMAD32I R5, R4, 0x3, R8"):  # fmt: skip
            with self.subTest(code):
                self.refused("k (sass, sm_90)", code.split()[0], sentences=2 if "FMA" in code else 1, sass=self.sass(code))

    def test_opcodes_that_are_not_known_are_refused(self):
        for code in ("QMUL R5, R4, R4", "FSWZADD R5, R4, R4", "UFADD UR5, UR6, UR7", "ATOMG.E.ADD R5, [R2.64], R4", "VOTE.ANY R5, PT, P0"):
            with self.subTest(code):
                self.refused("k (sass, sm_90) has an opcode that is not known: " + code, sass=self.sass(code))
        self.refused("not known", sass=self.sass("FMUL R6, R4, R4 ;\n        /*0041*/  QMUL R5, R4, R4", "k_exact"))

    def test_reciprocals_of_sizes_and_products_with_sizes_are_indexing(self):
        self.accepted(sass=self.sass("MUFU.RCP R5, R3"))
        self.accepted(sass=self.sass("F2I.FTZ.U32.TRUNC.NTZ R5, R3"))
        self.accepted(sass=self.sass("IMAD R5, R4, R8, RZ"))

    def test_sass_that_multiplies_data_by_a_constant_or_takes_the_high_half_is_refused(self):
        for code in ("IMAD R5, R4, 0x3, RZ", "IMAD.HI.U32 R5, R4, c[0x0][0x210], RZ", "IMAD.HI.U32 R5, R8, R4, RZ",
                     "IMAD R5, R4, -0x800001, R4"):  # fmt: skip
            with self.subTest(code):
                self.refused("IMAD", sass=self.sass(code))
        both = "IMAD.HI.U32 R6, R4, c[0x0][0x210], RZ ;\n        /*0042*/  IMAD R5, R6, 0x3, RZ"
        self.refused("pamkit_adamw_step_pam", "2 times", sass=self.sass(both, "pamkit_adamw_step_pam"))
        self.accepted(sass=self.sass("IMAD R5, R4, -0x800000, R4"))
        self.accepted(sass=self.sass("IMAD.HI.U32 R5, R3, c[0x0][0x210], RZ"))

    def test_sass_that_flushes_data_is_refused(self):
        self.refused("flushes subnormals", sass=self.sass("FADD.FTZ R5, R4, R4"))
        self.refused("flushes subnormals", sass=self.sass("F2I.FTZ.U32.NTZ R5, R4"))
        self.accepted(sass=self.sass("F2I.FTZ.U32.TRUNC.NTZ R5, R4"))

    def test_options_that_change_bits_are_refused(self):
        add = "FADD R5, R4, R4"
        self.refused("not compiled with -fmad=false", sass=self.sass(add, options=" -arch sm_90 -m 64 "))
        self.refused("-ftz=true", sass=self.sass(add, options=GOOD + "-ftz true "))

    def test_fused_products_are_refused_in_kernels_that_multiply_too(self):
        self.refused("k_exact (ptx", "fuses", "fma.rn.f32", ptx=self.ptx("fma.rn.f32 %r6, %r4, %r5, %r4;", "k_exact"))
        for code in ("FFMA R5, R4, R4, R4", "FFMA2 R4, R4, R4, R4", "HFMA2 R5, R4, R4, R4", "FFMA R5, R4, R8, R4"):
            with self.subTest(code):
                self.refused("k_exact (sass", "fuses", code.split()[0], sass=self.sass(code, "k_exact"))
        self.accepted(sass=self.sass("FMUL R6, R4, R4 ;\n        /*0041*/  FADD R5, R6, R4", "k_exact"))

    def test_other_roundings_are_refused_everywhere(self):
        for direction in ("rz", "rm", "rp"):
            self.refused("round to nearest", f"add.{direction}.f32", ptx=self.ptx(f"add.{direction}.f32 %r6, %r4, %r5;"))
            self.refused("round to nearest", sass=self.sass(f"FADD.{direction.upper()} R5, R4, R4"))
            self.refused("round to nearest", sass=self.sass(f"FMUL.{direction.upper()} R5, R4, R4", "k_exact"))
        self.refused("round to nearest", ptx=self.ptx("div.full.f32 %r6, %r4, %r5;", "k_exact"))
        self.refused("round to nearest", ptx=self.ptx("sqrt.approx.f32 %r6, %r4;", "k_exact"))

    def commands(self, options, output="x.cubin"):
        """What is wrong where nvcc is called with these options."""
        build = f"build {output}: CUSTOM\n  COMMAND = cd '/a b' && /usr/bin/ccache /cuda/bin/nvcc {options} x.cu -o '/a b/{output}' && true\n"
        calls, wrong = nvcc_commands.judge(build, {}, {"x"})
        self.assertEqual(calls, 1)
        return wrong

    def test_commands_that_change_bits_are_refused(self):
        self.assertEqual(self.commands("-std=c++20 --fmad=false --ftz=false -arch=sm_90 -cubin"), [])
        self.assertEqual(self.commands("--fmad false -Xptxas -v"), [])
        for options, phrase in (
            ("", "fmad=true"),
            ("--fmad=false --fmad=true", "fmad=true"),
            ("-fmad false -fmad true", "fmad=true"),
            ("--fmad=false --use_fast_math", "--use_fast_math"),
            ("-use_fast_math --fmad=false", "-use_fast_math"),
            ("--fmad=false --ftz=true", "ftz=true"),
            ("--fmad=false -prec-div=false", "prec-div=false"),
            ("--fmad=false --prec-sqrt false", "prec-sqrt=false"),
            ("--fmad=false -Xptxas --fmad=true", "-Xptxas --fmad=true"),
            ("--fmad=false --compiler-options=-ffast-math", "--compiler-options -ffast-math"),
            ("--fmad=false -optf flags.txt", "-optf, which hides options"),
        ):
            with self.subTest(options):
                wrong = self.commands(options)
                self.assertEqual(len(wrong), 1, wrong)
                self.assertIn("/a b/x.cubin is compiled with " + re.split("[ ,]", phrase)[0], wrong[0])
                self.assertIn(phrase, wrong[0])

    def test_variables_that_add_options_are_judged(self):
        for variable in nvcc_commands.VARIABLES:
            wrong = nvcc_commands.judge("", {variable: "-use_fast_math"}, ())[1]
            self.assertEqual(wrong, [f"{variable} adds -use_fast_math to what is compiled"])
        self.assertEqual(nvcc_commands.judge("", {"NVCC_APPEND_FLAGS": "-lineinfo"}, ()), (0, []))

    def test_code_without_a_command_on_record_is_refused(self):
        self.assertEqual(nvcc_commands.judge("", {}, {"x"})[1], ["no call of nvcc is on record that makes x"])

    def test_what_nvcc_is_told_is_refused_as_its_own_kind(self):
        with tempfile.TemporaryDirectory() as name:
            build = pathlib.Path(name) / "build.ninja"
            build.write_text("build x.cubin: CUSTOM\n  COMMAND = /cuda/bin/nvcc --fmad=true x.cu -o x.cubin\n")
            document = self.analysed(sass=self.sass("FADD R5, R4, R4"), options=["--commands", str(build)])
        self.assertEqual(document["refused"], [{"kind": "nvcc", "sentence": "x.cubin is compiled with fmad=true"}])
        self.assertEqual(document["nvcc_calls"], 1)

    def test_what_code_was_made_from_is_recorded(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name).resolve()
            (folder / "a kernel.cu").write_text("a kernel")
            read = [f"{folder}/a\\ kernel.cu", sys.executable, str(HERE / "analysis_test.py")]
            (folder / "x.ptx.d").write_text(f"{folder}/x.ptx : " + " \\\n    ".join(read) + "\n")
            options = ["--read", str(folder / "x.ptx.d"), "--sources", str(folder)]
            made_from = self.analysed(ptx=self.ptx("add.rn.f32 %r6, %r4, %r5;"), options=options)["made_from"]
            self.assertEqual(made_from[str(folder / "a kernel.cu")], hashlib.sha256(b"a kernel").hexdigest())
        self.assertNotIn(sys.executable, made_from)
        own = {pathlib.Path(f).name for f in made_from}
        self.assertLessEqual({"__main__.py", "sass_opcodes.py", "ptx_audit.py", "syntax.py", "analysis_test.py"}, own)

    def test_budgets_are_kept(self):
        add = "FADD R5, R4, R4"
        budget = {"kernel": "^k$", "at_most": {"registers": 31, "spills": 0, "stack_bytes": 0}}
        self.refused("registers 32, its budget is 31", sass=self.sass(add), budgets=[budget])
        budget["at_most"]["registers"] = 32
        self.accepted(sass=self.sass(add), budgets=[budget])
        self.refused("stack_bytes 8", sass=self.sass(add, stack="0x00000008"), budgets=[budget])
        self.refused("spills 1", sass=self.sass("STL [R1], R4"), budgets=[budget])
        self.refused("k (sass, sm_90) has no budget of its own", sass=self.sass(add), budgets=[{"kernel": "", "at_most": {}}])
        budget["at_most"]["instructions_per_term"] = 2.1
        self.refused("no instructions_per_term", sass=self.sass(add), budgets=[budget])

    def test_the_cost_of_a_term_is_counted_in_the_hot_block(self):
        code = " ;\n        /*0048*/  ".join(["FADD R5, R4, R4", "IADD3 R6, R4, R4, RZ"] * 16)
        entry = self.accepted(sass=self.sass(code))
        self.assertAlmostEqual(entry["instructions_per_term"], (32 + 5) / 16, places=2)
        two = [{"kernel": "^k$", "additions": 2}]
        self.assertNotIn("instructions_per_term", self.accepted(sass=self.sass(code), additions_a_term=two))
        twice = self.accepted(sass=self.sass(" ;\n        /*0048*/  ".join([code, code])), additions_a_term=two)
        self.assertAlmostEqual(twice["instructions_per_term"], (64 + 5) / 16, places=2)

    def test_a_hybrid_has_a_budget_for_each_of_its_classes(self):
        following = " ;\n        /*0048*/  "
        fast = ["FADD R5, R4, R4"] * 32
        compared = ["FSETP.GE.AND P0, PT, |R4|, R6, PT", "IADD3 R7, R4, R6, RZ", "@P0 FADD R5, R5, R7"] * 16
        code = following.join([*fast, "BAR.SYNC.DEFER_BLOCKING 0x0", *compared])
        budget = {"kernel": "^k$", "at_most": {"instructions_per_term": 1.2, "threshold_instructions_per_term": 3.2}}
        entry = self.accepted(sass=self.sass(code), budgets=[budget])
        self.assertAlmostEqual(entry["threshold_instructions_per_term"], (48 + 1) / 16, places=2)
        # One instruction a term more, in the class that the most sums are not in.
        more = code.replace("IADD3 R7, R4, R6, RZ", following.join(["IADD3 R7, R4, R6, RZ", "LOP3.LUT R7, R7, 0x1, RZ, 0xc0, !PT"]))
        self.refused("k (sass, sm_90) has threshold_instructions_per_term 4.062, its budget is 3.2", sass=self.sass(more), budgets=[budget])
        self.refused("no threshold_instructions_per_term", sass=self.sass(following.join(fast)), budgets=[budget])
        # Of a kernel of one class it is what a term costs.
        entry = self.accepted(sass=self.sass(following.join(compared)))
        self.assertNotIn("threshold_instructions_per_term", entry)
        self.assertAlmostEqual(entry["instructions_per_term"], (48 + 5) / 16, places=2)
        self.refused("no threshold_instructions_per_term", sass=self.sass(code.replace("@P0 ", "")), budgets=[budget])

    def test_data_is_followed_through_registers_that_are_written_again(self):
        code = "IADD3 R6, R4, 0x1, RZ ;\n        /*0042*/  IMAD.MOV.U32 R4, RZ, RZ, R8 ;\n        /*0044*/  "
        self.accepted(sass=self.sass(code + "IMAD R5, R4, R6, RZ"))
        self.refused("IMAD", sass=self.sass(code + "IMAD R5, R6, R6, RZ"))

    def calls(self, code, argument="R4", call="CALL.REL.NOINC `($k$helper)", between="IMAD.MOV.U32 R5, RZ, RZ, R6"):
        return CALLS.format(name="k", options=GOOD, stack="0x00000000", code=code, argument=argument, call=call, between=between)

    def test_data_is_followed_into_functions_and_back(self):
        self.refused("IMAD R6, R9, R9, RZ at 0xb0", sass=self.calls("IMAD R6, R9, R9, RZ"))
        self.accepted(sass=self.calls("IMAD R6, R9, R9, RZ", argument="R8"))
        self.refused("IMAD.HI.U32 R6, R9, R8, RZ", sass=self.calls("IMAD.HI.U32 R6, R9, R8, RZ"))
        # What a function makes of data is data where it is returned, and what it makes of an index is none.
        squared = {"code": "IADD3 R6, R9, 0x1, RZ", "between": "IMAD R5, R6, R6, RZ"}
        self.refused("IMAD R5, R6, R6, RZ at 0x70", sass=self.calls(**squared))
        self.accepted(sass=self.calls(**squared, argument="R8"))
        # At one call an index, at the next one data.
        again = " ;\n        /*0072*/  ".join(["MOV R9, R4", "MOV R2, 0x78", "CALL.REL.NOINC `($k$helper)"])
        again += " ;\n        /*0078*/  NOP"
        self.refused("IMAD R6, R9, R9, RZ", sass=self.calls("IMAD R6, R9, R9, RZ", argument="R8", between=again))
        # What the first call was given is no longer there at the second.
        again = again.replace("R9, R4", "R9, R8")
        self.accepted(sass=self.calls("IADD3 R6, R9, 0x1, RZ", between=again + " ;\n        /*0079*/  IMAD R5, R6, R6, RZ"))

    def test_code_that_cannot_be_followed_is_refused(self):
        product = "IMAD R6, R9, R9, RZ"
        for call in ("CALL.REL.NOINC `($k$other)", "CALL.ABS.NOINC R2", "CALL.REL.NOINC `(other)", "BRX R2 -0x60",
                     'BRX R2 -0x60 (*"BRANCH_TARGETS .L_x_0"*)', "JMP `(other)", "BRA `(.L_x_9)"):  # fmt: skip
            with self.subTest(call):
                self.refused("k (sass, sm_90) cannot be followed", call, sass=self.calls(product, call=call))
        self.refused("nothing that leads to IMAD.MOV.U32 R3, RZ, RZ, 0x0 at 0xa0", sass=self.calls(product, call="NOP"))
        # A call returns to what follows it, or nobody knows where.
        self.refused("no address to return to", sass=self.calls(product).replace("MOV R2, 0x70", "MOV R2, 0x80"))
        self.refused("a return where nothing was called", sass=self.calls(product, call="@P0 RET.REL.NODEC R2 `(k)",
                                                                          between="CALL.REL.NOINC `($k$helper)"), sentences=1)  # fmt: skip

    def test_threads_that_wait_go_on_where_they_were_told_to(self):
        def code(*lines):
            return " ;\n        /*0041*/  ".join(lines).replace(" ;\n        /*0041*/  .L", " ;\n.L").replace(": ;", ":")

        start, product = "BSSY B0, `(.L_x_1)", "FADD R5, R4, R4"
        self.accepted(sass=self.sass(code(start, product, ".L_x_1:", "BSYNC B0", "NOP")))
        self.accepted(sass=self.sass(code(start, product, "BSYNC.RECONVERGENT B0", ".L_x_1:", "NOP")))
        for lines in ((start, product, "BSYNC B0", "NOP", ".L_x_1:", "NOP"), (start, ".L_x_1:", product, "BSYNC B0", "NOP"),
                      (start, product, ".L_x_1:", "BSYNC B1", "NOP")):  # fmt: skip
            self.refused("cannot be followed: a place elsewhere after BSYNC", sass=self.sass(code(*lines)))

    def test_pairs_of_registers_are_written_and_read_as_such(self):
        following = " ;\n        /*0041*/  "
        cleared = following.join(["IADD3 R7, R4, 0x1, RZ", "{}", "IMAD R5, R7, R7, RZ"])
        for code in ("F2I.U64.TRUNC R6, R8", "CS2R R6, SRZ"):
            self.accepted(sass=self.sass(cleared.format(code)))
        self.refused("IMAD R5, R7, R7", sass=self.sass(cleared.format("CS2R.32 R6, SRZ")))
        for code in ("I2F.U64.RP R10, R6", "IMAD.WIDE.U32.X R10, R8, R8, R6, P0"):
            self.refused("IMAD R5, R10, R10", sass=self.sass(cleared.format(code).replace("R5, R7, R7", "R5, R10, R10")))

    def test_what_a_comparison_of_data_selects_is_data(self):
        following = " ;\n        /*0041*/  "
        compared = "ISETP.GT.AND P0, PT, R4, RZ, PT"
        for selection in ("SEL R6, R8, RZ, P0", "@P0 IADD3 R6, R8, R8, RZ", "@!P0 IADD3 R6, R8, R8, RZ"):
            with self.subTest(selection):
                self.refused("IMAD", sass=self.sass(following.join([compared, selection, "IMAD R5, R6, R6, RZ"])))
                self.accepted(sass=self.sass(following.join(
                    [compared, "ISETP.GT.AND P0, PT, R8, RZ, PT", selection, "IMAD R5, R6, R6, RZ"])))  # fmt: skip

    def test_a_constant_is_one_under_its_guard_alone(self):
        def code(constant, guard):
            return " ;\n        /*0041*/  ".join(
                ["ISETP.GT.AND P0, PT, R4, RZ, PT", f"@!P0 IMAD.MOV.U32 R6, RZ, RZ, {constant}", f"{guard}IMAD R5, R4, R6, RZ"])  # fmt: skip

        self.accepted(sass=self.sass(code("0x800000", "@!P0 ")))
        self.refused("IMAD", sass=self.sass(code("0x800001", "@!P0 ")))
        self.refused("IMAD", sass=self.sass(code("0x800000", "@P0 ")))
        self.refused("IMAD", sass=self.sass(code("0x800000", "")))

    def test_unreadable_text_is_an_error(self):
        for option, text in (("--ptx", "nothing"), ("--sass", "nothing")):
            with tempfile.TemporaryDirectory() as name:
                (pathlib.Path(name) / "x").write_text(text)
                command = [sys.executable, "-B", str(ANALYSIS), option, f"{name}/x", "--multiplying", "x", "--budgets",
                           str(HERE.parent / "budgets.json"), "--output", f"{name}/out.json"]  # fmt: skip
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)


if __name__ == "__main__":
    unittest.main()
