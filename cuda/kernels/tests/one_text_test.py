"""one_text_test.py --architectures sm_80 ... --files FILE... --command NVCC OPTION...

Whatever the architecture, nvcc's preprocessor makes the same text of the kernels' sources, so that what is executed of one
architecture stands for all, however a source may ask for which it is compiled. The PTX itself cannot be compared: sm_100 has a
compiler of its own, which selects other instructions. Of the toolkit's headers, which do ask, a kernel calls nothing whose
definition differs, and the compiler, which answers __nvvm_reflect later, is not asked.
"""

import argparse
import functools
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from architecture_test import uses_of_the_architecture

_MARKER = re.compile(r'# \d+ "([^"]*)"((?: \d)*)$')
_CALLED = re.compile(r"\b[A-Za-z_]\w*(?=\s*\()")
_LANGUAGE = {"__attribute__", "__declspec", "alignas", "asm", "decltype", "for", "if", "noexcept", "operator", "requires", "return",
             "sizeof", "static_assert", "switch", "void", "while"}  # fmt: skip
_OPENING = re.compile(r'(?:(?:inline\s+)?namespace\b[^{;]*|extern\s+"C"\s*)\{?$|[{}]$')


@functools.lru_cache(maxsize=None)
def is_of_the_toolkit(file):
    return pathlib.Path(COMMAND[0]).resolve().parent.parent in pathlib.Path(file).resolve().parents


def preprocessed(file, architecture):
    """(lines of the project, lines of headers of others) that nvcc's device compiler sees."""
    done = subprocess.run([*COMMAND, "-E", f"-arch={architecture}", str(file)], capture_output=True, text=True, check=True)
    own, others = [], []
    lines = others
    for line in done.stdout.splitlines():
        if marker := _MARKER.match(line):
            # Flag 3: a header of the system.
            lines = others if "3" in marker[2].split() or is_of_the_toolkit(marker[1]) else own
        elif line.strip():
            lines.append(line.strip())
    return own, others


def definitions(lines):
    """Declarations and definitions, each as one text; those in a namespace or a class are parts of it or stand alone."""
    part, depth = [], 0
    for line in lines:
        if not part and _OPENING.match(line):
            continue
        part.append(line)
        depth += line.count("{") - line.count("}")
        if depth <= 0 and line.endswith((";", "}")):
            yield "\n".join(part)
            part, depth = [], 0
    if part:
        yield "\n".join(part)


def called_in(text):
    return set(_CALLED.findall(text)) - _LANGUAGE


def differing_functions(lines, lines_there):
    """Names of functions whose definition differs, or that of one which they call."""
    parts, parts_there = set(definitions(lines)), set(definitions(lines_there))
    names = set().union(*(called_in(p.partition("{")[0]) for p in parts ^ parts_there))
    bodies = [(called_in(p.partition("{")[0]), called_in(p)) for p in parts | parts_there]
    size = -1
    while size != len(names):
        size = len(names)
        names.update(*(defined for defined, called in bodies if not called.isdisjoint(names)))
    return names


def differences(file, architectures):
    """What makes the text of a file another one, as sentences."""
    first, *later = architectures
    own, others = preprocessed(file, first)
    called = called_in("\n".join(own))
    wrong = [f"{first} is asked for by {name}" for name in uses_of_the_architecture("\n".join(own))]
    for architecture in later:
        own_there, others_there = preprocessed(file, architecture)
        wrong += [f"{architecture} differs: {a!r}, {b!r}" for a, b in zip(own, own_there) if a != b][:3]
        if len(own) != len(own_there):
            wrong.append(f"{architecture} has {len(own_there)} lines, not {len(own)}")
        differing = called & differing_functions(others, others_there)
        wrong += [f"{architecture} has another definition of {name}" for name in sorted(differing)]
    return wrong


class OneText(unittest.TestCase):
    def test_kernels_are_the_same_text_for_every_architecture(self):
        self.assertGreater(len(ARGUMENTS.files), 0)
        for file in ARGUMENTS.files:
            with self.subTest(file.name):
                self.assertEqual(differences(file, ARGUMENTS.architectures), [])

    def differences_in(self, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "planted.cu"
            file.write_text(f"__global__ void k(int* x, int n) {{\n{text}\n}}\n")
            return differences(file, ARGUMENTS.architectures)

    def test_other_texts_are_seen(self):
        pasted = "#define OF(a, b) a##b\n#if OF(__CUDA_, ARCH__) >= 1000\n*x = n;\n#endif"
        for text in (pasted, "if constexpr (__CUDA_ARCH__ >= 900) *x = n;",
                     "#ifdef __CUDA_ARCH__\n#if __CUDA_ARCH__ == 1000\n__syncthreads();\n#endif\n#endif",
                     "*x = __vimax_s32_relu(*x, n);", 'extern __device__ int __nvvm_reflect(const char*);\n*x = __nvvm_reflect("n");'):  # fmt: skip
            with self.subTest(text):
                self.assertNotEqual(self.differences_in(text), [])

    def test_one_text_is_accepted(self):
        for text in ("#if defined(__CUDA_ARCH__)\n*x = n;\n#else\n*x = 0;\n#endif",
                     "__syncthreads();\n*x = __float_as_int(__fadd_rn(__int_as_float(*x), __int_as_float(n)));"):  # fmt: skip
            with self.subTest(text):
                self.assertEqual(self.differences_in(text), [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--architectures", nargs="+", required=True, help="the first is the one whose PTX is executed")
    parser.add_argument("--files", nargs="+", required=True, type=pathlib.Path)
    parser.add_argument("--command", nargs=argparse.REMAINDER, required=True)
    ARGUMENTS = parser.parse_args()
    COMMAND = ARGUMENTS.command
    unittest.main(argv=sys.argv[:1])
