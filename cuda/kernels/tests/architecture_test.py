"""Sources of the kernels ask whether they are compiled for a device, never for which: what is executed and audited of one
architecture then is the text of all of them."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCES = ("emulator", "cuda/kernels")
# Every name by which the compiler or its headers tell architectures apart.
_NAMES = re.compile(r"\b(?:__CUDA_ARCH\w*|__NVVM_ARCH\w*|__nvvm_reflect\w*|NV_(?:IF|DISPATCH|IS|PROVIDES|HAS|ANY|TARGET)\w*)\b")
_ASKS_FOR_A_DEVICE = re.compile(r"#\s*ifn?def\s+__CUDA_ARCH__\b|\bdefined\s*(?:\(\s*__CUDA_ARCH__\s*\)|__CUDA_ARCH__\b)")
# Who asks, and how often: for the machine's addition, subtraction and product. Everything else is executed as C++ too.
_ASKING = {"emulator/include/pamkit/detail/sum.hpp": 1, "cuda/kernels/include/pamkit/cuda/kernel.cuh": 3}
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


def uses_of_the_architecture(text):
    """Names that depend on the architecture, but for the question whether there is one."""
    return _NAMES.findall(_ASKS_FOR_A_DEVICE.sub("", _COMMENT.sub(" ", text)))


def sources():
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".hpp", ".cuh", ".cu", ".in", ".h"):
                yield path


class Architecture(unittest.TestCase):
    def test_no_kernel_depends_on_the_architecture(self):
        asked = {}
        for path in sources():
            text = path.read_text()
            name = str(path.relative_to(ROOT))
            self.assertEqual(uses_of_the_architecture(text), [], name)
            if count := len(_ASKS_FOR_A_DEVICE.findall(_COMMENT.sub(" ", text))):
                asked[name] = count
        self.assertEqual(asked, _ASKING)

    def test_other_uses_are_seen(self):
        for text in ("#if __CUDA_ARCH__ >= 900\n", "#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 1000\n", "int a = __CUDA_ARCH__;",
                     "#ifdef __CUDA_ARCH_FEAT_SM90_ALL\n", "#if defined(__CUDA_ARCH_LIST__)\n", "NV_IF_TARGET(NV_PROVIDES_SM_90, (a();))",
                     "#if __NVVM_ARCH__ > 80\n", '__nvvm_reflect("n")', "#ifdef __CUDA_ARCH_SPECIFIC__\n"):  # fmt: skip
            with self.subTest(text):
                self.assertNotEqual(uses_of_the_architecture(text), [])

    def test_the_question_for_a_device_is_none(self):
        for text in ("#if defined(__CUDA_ARCH__)\n", "#ifdef __CUDA_ARCH__\n", "#ifndef __CUDA_ARCH__\n", "#if !defined __CUDA_ARCH__\n",
                     "// __CUDA_ARCH__ >= 900\n", "/* __CUDA_ARCH__ */"):  # fmt: skip
            with self.subTest(text):
                self.assertEqual(uses_of_the_architecture(text), [])


if __name__ == "__main__":
    unittest.main()
