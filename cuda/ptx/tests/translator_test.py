"""The translator: what it refuses, and in which words."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TRANSLATOR = pathlib.Path(__file__).resolve().parent.parent / "translator"

HEAD = ".version 9.0\n.target sm_80\n.address_size 64\n"


def kernel(*lines, name="k", parameters=".param .u64 out"):
    body = "\n".join(f"\t{line}" for line in lines)
    registers = "\t.reg .pred %p<4>;\n\t.reg .b16 %rs<4>;\n\t.reg .b32 %r<8>;\n\t.reg .b64 %rd<8>;\n"
    return f"{HEAD}.visible .entry {name}({parameters})\n{{\n{registers}\tmov.b32 %r1, 0f3F800000;\n{body}\n\tret;\n}}\n"


class Translation(unittest.TestCase):
    def translate(self, text, *options):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "x.ptx"
            output = pathlib.Path(folder) / "x.cpp"
            source.write_text(text)
            command = [sys.executable, "-B", str(TRANSLATOR), str(source), str(output), "--name", "x", *options]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode == 0, output.exists(), "a file appears exactly if there is no error")
            self.assertEqual(len(list(pathlib.Path(folder).iterdir())), 2 if output.exists() else 1)
            return done.returncode, done.stderr, output.read_text() if output.exists() else ""

    def refused(self, text, *words, options=()):
        code, errors, _ = self.translate(text, *options)
        self.assertEqual(code, 1, errors)
        self.assertEqual(errors.count("\n"), 1, errors)
        for word in words:
            self.assertIn(word, errors)

    def accepted(self, text, *options):
        code, errors, cpp = self.translate(text, *options)
        self.assertEqual((code, errors), (0, ""))
        return cpp

    def test_float_products_are_refused_where_none_is_promised(self):
        for opcode, operands in (
            ("mul.f32", "%r2, %r1, %r1"),
            ("mul.rn.f32", "%r2, %r1, %r1"),
            ("div.rn.f32", "%r2, %r1, %r1"),
            ("sqrt.rn.f32", "%r2, %r1"),
            ("rcp.approx.f32", "%r2, %r1"),
            ("ex2.approx.f32", "%r2, %r1"),
            ("mul.rn.bf16x2", "%r2, %r1, %r1"),
            ("mul.f64", "%rd1, %rd1, %rd1"),
        ):
            with self.subTest(opcode):
                self.refused(kernel(f"{opcode} {operands};"), "x.ptx:11:", opcode, "promises to multiply no floats")

    def test_float_products_are_accepted_in_kernels_that_may_multiply(self):
        text = kernel("mul.rn.f32 %r2, %r1, %r1;", "div.rn.f32 %r2, %r1, %r1;", "sqrt.rn.f32 %r2, %r1;")
        self.accepted(text, "--may-multiply", "^k$")
        self.refused(text, "mul.rn.f32", options=("--may-multiply", "^other$"))

    def test_fused_products_are_refused_everywhere(self):
        for options in ((), ("--may-multiply", "k")):
            self.refused(kernel("fma.rn.f32 %r2, %r1, %r1, %r1;"), "fma.rn.f32", "-fmad=false", options=options)

    def test_tensor_instructions_are_refused(self):
        self.refused(kernel("dp4a.u32.u32 %r2, %r1, %r1, %r1;"), "dp4a")
        self.refused(
            kernel("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%r2,%r3,%r4,%r5}, {%r1,%r1,%r1,%r1}, {%r1,%r1}, {%r1,%r1,%r1,%r1};"),
            "mma.sync",
        )

    def test_flushing_is_refused_everywhere(self):
        for options in ((), ("--may-multiply", "k")):
            self.refused(kernel("add.ftz.f32 %r2, %r1, %r1;"), "x.ptx:11:", "flushes subnormals", options=options)
            self.refused(kernel("setp.lt.ftz.f32 %p1, %r1, %r1;"), "flushes subnormals", options=options)

    def test_other_roundings_and_saturation_are_refused(self):
        for opcode in ("add.rz.f32", "add.sat.f32", "add.rm.f32"):
            self.refused(kernel(f"{opcode} %r2, %r1, %r1;"), opcode, "not supported")

    def test_unknown_opcodes_are_refused(self):
        self.refused(kernel("frobnicate.u32 %r2, %r1;"), "x.ptx:11:", "frobnicate.u32 in k is not supported")
        self.refused(kernel("atom.global.add.f32 %r2, [%rd1], %r1;"), "atom.global.add.f32")
        self.refused(kernel("red.global.add.f32 [%rd1], %r1;"), "red.global.add.f32")
        self.refused(kernel("activemask.b32 %r2;"), "activemask.b32")

    def test_local_memory_is_refused(self):
        self.refused(kernel(".local .align 4 .b8 depot[16];"), "local memory")

    def test_named_barriers_are_refused(self):
        self.refused(kernel("bar.sync 1;"), "only barrier 0")
        self.refused(kernel("bar.sync 0, 64;"), "only barrier 0")
        self.accepted(kernel("bar.sync 0;"))

    def test_registers_are_written_before_they_are_read(self):
        self.refused(kernel("add.s32 %r2, %r3, 1;"), "may read %r3 before it writes it")
        guarded = ("setp.eq.u32 %p1, %r1, 0;", "@%p1 mov.u32 %r2, 1;", "add.s32 %r3, %r2, 1;")
        self.refused(kernel(*guarded), "may read %r2")

    def test_malformed_text_is_refused(self):
        self.refused("not ptx", "x.ptx:1:")
        self.refused(HEAD, "no kernel")
        self.refused(kernel("add.s32 %r2, %r9, 1;"), "%r9")
        self.refused(kernel("bra $nowhere;"), "jumps to no label")
        self.refused(kernel("add.s32 %r2, %r1"), "expected")
        self.refused(kernel("mov.u64 %rd1, elsewhere;"), "elsewhere is no shared variable")
        self.refused(kernel() + ".func f() { ret; }", ".func")

    def test_a_kernel_that_is_refused_may_be_kept_to_fail_when_it_is_run(self):
        good = kernel("add.rn.f32 %r2, %r1, %r1;", name="good")
        bad = kernel("mul.rn.f32 %r2, %r1, %r1;", name="bad").removeprefix(HEAD)
        self.refused(good + bad, "mul.rn.f32 in bad")
        code, errors, cpp = self.translate(good + bad, "--keep-refused")
        self.assertEqual((code, errors.count("\n")), (0, 1))
        why = "line 21 of its PTX: mul.rn.f32 in bad, which promises to multiply no floats"
        self.assertIn(f'void kernel_1(thread&, block&) {{ throw fault("bad: {why}"); }}', cpp)
        self.assertEqual(cpp.count("throw fault"), 1)
        self.assertEqual(self.translate("not ptx", "--keep-refused")[0], 1)

    def test_what_is_live_across_a_barrier_is_kept(self):
        cpp = self.accepted(kernel("mov.u32 %r2, %tid.x;", "mov.u32 %r3, %tid.y;", "bar.sync 0;", "add.s32 %r4, %r2, 1;"))
        self.assertIn("kept.r2 = r2;", cpp)
        self.assertNotIn("kept.r3", cpp)


if __name__ == "__main__":
    unittest.main()
