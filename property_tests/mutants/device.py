#!/usr/bin/env python3
"""Plants the faults of device_faults.json into copies of the CUDA kernels, compiles each copy by nvcc as the build does, and
says which layer of what judges device code rejects it:

  translation  the PTX holds what kernels must not contain, or what is not known
  audit-ptx    `pamkit audit` ends with 1 over the PTX
  audit-sass   and over the machine code (where nvdisasm is there)
  audit-nvcc   and over what nvcc was told
  checks       executed, the PTX does what it must not: an access, a race, a barrier, an exchange
  results      executed, it gives other bits than the golden model
  tests        a test program of the build, linked with the faulty sources, fails

These are faults that run.py cannot plant, or its suite not see: in code that only the device has, in accesses that show in no
result, and beyond what a run of the suite launches. A copy without a fault has to pass first.

Exit codes: 0 every fault was rejected by the layer that it names, or is explained; 1 one was not; 2 usage, or a fault that
no longer applies or compiles; 3 no nvcc is there.
"""
import argparse
import dataclasses
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

from planting import DoesNotApply, Fault, HERE, ROOT, chosen_of, locate, numbered_by_file, planted_text

EXECUTED = "sm_80"  # the architecture whose PTX the backend cuda-ptx executes
LAYERS = ("translation", "audit-ptx", "audit-sass", "audit-nvcc", "checks", "results", "tests")
# What is copied, faults and all.
PARTS = ("emulator", "cuda/kernels", "cuda/plan", "cuda/backend", "cuda/device")
# What nvcc is told: a fault of this file is one of the compiler's options.
OPTIONS = "cuda/CMakeLists.txt"
# How executed PTX says what a kernel must not do.
CHECKED = re.compile(r"pamkit_\w+: (?:block .*)?line \d+ of its PTX: [^\"\n]*")


@dataclasses.dataclass
class DeviceFault(Fault):
    kernels: tuple = ()   # entry points that are compiled with the fault; the others stay as they are
    verify: tuple = ()    # what of the suite is run on them; or the options of a test program,
    test: str = ""        # which is linked with them, or
    architecture: str = EXECUTED  # for which machine code is made and audited, its PTX too
    sources: tuple = ()   # whose parts that are made of these files have the fault
    layer: str = ""       # that has to reject it; others may too
    says: str = ""        # what its message has in it


def refuse(message, code=2):
    print(f"device.py: {message}", file=sys.stderr)
    sys.exit(code)


class Build:
    """What an ordinary build has, and how it makes it."""

    def __init__(self, base):
        self.base = base
        self.cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (base / "CMakeCache.txt").read_text(), re.M))
        self.commands = json.loads((base / "compile_commands.json").read_text())
        self.instances = [*sorted((ROOT / "cuda/kernels/instances").glob("*.cu")),
                          *sorted((base / "cuda/kernels/instances").glob("*.cu"))]

    def compilation_of(self, ending):
        """How the build compiles the one file whose path ends like this, but for what it compiles again for a sanitizer."""
        found = [e["command"] for e in self.commands
                 if e["file"].endswith("/" + ending) and "-fsanitize=" not in e["command"]]
        if len(found) != 1:
            refuse(f"{self.base} compiles {len(found)} files {ending}")
        return shlex.split(found[0])

    def command_of(self, target):
        """How the build makes a target: the words of the last of its commands."""
        done = subprocess.run(["ninja", "-C", self.base, "-t", "commands", "-s", target], capture_output=True, text=True)
        if done.returncode:
            refuse(f"{self.base} makes no {target}: {done.stderr.strip()}")
        line = done.stdout.strip().split("\n")[-1]
        part = next(p for p in line.split(" && ") if not p.startswith(("cd ", ":")))
        return shlex.split(part)

    def entry_points(self, kernels):
        """A file of entry points: those of `kernels`, as the instances have them."""
        includes, entries = [], []
        for path in self.instances:
            text = path.read_text()
            found = re.findall(r"^PAMKIT_KERNEL\((\w+),.*?\)\n(?=PAMKIT_KERNEL)", text, re.M | re.S)
            chosen = set(found) & set(kernels)
            if not chosen:
                continue
            includes += re.findall(r"^#include .*$", text, re.M)
            entries += [m[0] for m in re.finditer(r"^PAMKIT_KERNEL\((\w+),.*?\)\n(?=PAMKIT_KERNEL)", text, re.M | re.S)
                        if m[1] in chosen]
        if len(entries) != len(kernels):
            refuse(f"no entry points for all of {', '.join(kernels)}")
        return "\n".join([*dict.fromkeys(includes), "PAMKIT_KERNELS_BEGIN(planted)", *(e.rstrip() for e in entries),
                          "PAMKIT_KERNELS_END", ""])


def run(command, **options):
    return subprocess.run([str(w) for w in command], capture_output=True, text=True, **options)


def last_lines(done):
    return (done.stderr.strip() or done.stdout.strip())[-2000:]


def failed_test(done):
    """The first test that failed, with what a kernel must not do, or how the program ended; nothing if all passed."""
    if done.returncode == 0:
        return {}
    failed = re.search(r"FAILED  \] (\S+)", done.stdout)
    checked = CHECKED.search(done.stdout)
    if checked:
        return {"checks": checked[0]}
    return {"tests": f"{failed[1]} fails" if failed else f"the program is ended by signal {-done.returncode}"}


class Copy:
    """A copy of the sources with one fault, or with none."""

    def __init__(self, build, folder, fault):
        self.build, self.folder, self.fault = build, folder, fault
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part)
        self.source = folder / "planted.cu"
        if fault.kernels:
            self.source.write_text(build.entry_points(fault.kernels))
        if fault.find and fault.file != OPTIONS:
            path = folder / fault.file
            text = path.read_text()
            locate(fault, text)
            path.write_text(text[:fault.begin] + fault.replace + text[fault.end:])

    def compile(self, kind, architecture):
        """By nvcc, with the build's own command."""
        built = self.build.base / "cuda/kernels" / kind / architecture / f"sums.{kind}"
        (self.folder / architecture).mkdir(exist_ok=True)
        words = self.build.command_of(built)
        while not words[0].endswith("nvcc"):
            words.pop(0)
        output = self.folder / architecture / f"planted.{kind}"
        replaced = {str(ROOT / "cuda/kernels/instances/sums.cu"): str(self.source), str(built): str(output),
                    f"{built}.d": f"{output}.d"}
        words = [replaced.get(w, w) for w in words]
        words = [w.replace(f"-I{ROOT}/", f"-I{self.folder}/") if not w.startswith(f"-I{self.build.base}/") else w
                 for w in words]
        if self.fault.file == OPTIONS and self.fault.find:
            words = [o for w in words for o in (shlex.split(self.fault.replace) if w == self.fault.find else [w])]
        with (self.folder / "build.ninja").open("a") as commands:
            print("  COMMAND =", shlex.join(w for w in words if w), file=commands)
        done = run([w for w in words if w])
        if done.returncode:
            refuse(f"{self.fault.name} does not compile:\n{last_lines(done)}")
        return output

    # Each layer gives the message of what it rejects, or nothing.

    def audit(self, ptx):
        nvdisasm = self.build.cache.get("PAMKIT_NVDISASM", "")
        options = ["--ptx", ptx]
        if self.fault.architecture != EXECUTED:
            options.append(self.compile("ptx", self.fault.architecture))
        # Machine code costs more than all the rest, and only what it holds is judged there.
        if os.access(nvdisasm, os.X_OK) and self.fault.layer not in ("checks", "results"):
            text = self.folder / "planted.sass"
            done = run([nvdisasm, self.compile("cubin", self.fault.architecture)])
            text.write_text(done.stdout)
            options += ["--sass", text]
        if self.fault.file == OPTIONS:
            options += ["--commands", self.folder / "build.ninja"]
        output = self.folder / "audit.json"
        done = run([sys.executable, "-B", ROOT / "cuda/audit/analysis", *options,
                    "--multiplying", self.build.cache["PAMKIT_MULTIPLYING_KERNELS"],
                    "--dividing", self.build.cache["PAMKIT_DIVIDING_KERNELS"],
                    "--budgets", ROOT / "cuda/audit/budgets.json", "--output", output])
        if done.returncode:
            return {"audit-ptx" if ".ptx" in done.stderr else "audit-sass": done.stderr.strip()}
        kinds = [o.removeprefix("--") for o in options if o in ("--ptx", "--sass")]
        return self.audit_of(output, kinds)

    def audit_of(self, device_code, kinds):
        """What the program makes of it: a fault that ends it with 0 is none that an audit rejects, whatever was found."""
        done = run([self.build.base / "bin/pamkit", "audit", "--kind", ",".join(kinds), "--device-code", device_code, "--quiet",
                    "--out", self.folder / "audit"])
        if done.returncode == 0:
            return {}
        if done.returncode != 1:
            refuse(f"{self.fault.name}: exit code {done.returncode}: {last_lines(done)}")
        rejected = {}
        for line in re.findall(r"^refused: (.*)$", done.stdout, re.M):
            layer = next((f"audit-{kind}" for kind in kinds if f" ({kind}, sm_" in line), "audit-nvcc")
            rejected.setdefault(layer, line)
        return rejected

    def translate(self, ptx):
        output = self.folder / "planted.ptx.cpp"
        done = run([sys.executable, "-B", ROOT / "cuda/ptx/translator", ptx, output, "--name", "planted",
                    "--may-multiply", self.build.cache["PAMKIT_MULTIPLYING_KERNELS"]])
        return (None, done.stderr.strip()) if done.returncode else (output, "")

    def compile_object(self, like, source):
        """A C++ file, as the build compiles the file called `like`."""
        words = self.build.compilation_of(like)
        at = words.index("-o")
        output = source.with_suffix(".o")
        words[at + 1] = str(output)
        words[words.index("-c") + 1] = str(source)
        done = run(words, cwd=self.build.base)
        if done.returncode:
            refuse(f"{self.fault.name}: {last_lines(done)}")
        return output

    def link(self, translated):
        """The program pamkit, or the test, whose cuda-ptx has these kernels in the place of those of their names."""
        text = (self.build.base / "cuda/ptx/kernels/ptx_kernel_list.cpp").read_text()
        exchange = ("    for (const kernel& k : planted_kernels()) {\n"
                    "      for (const kernel*& other : list) {\n"
                    "        if (other->name == k.name) other = &k;\n"
                    "      }\n    }\n    return list;\n")
        text = text.replace("    return list;\n", exchange)
        text = text.replace("namespace pamkit::ptx {\n",
                            "namespace pamkit::ptx {\nstd::span<const kernel> planted_kernels();\n", 1)
        kernel_list = self.folder / "ptx_kernel_list.cpp"
        kernel_list.write_text(text)
        objects = [self.compile_object("sums.ptx.cpp", translated),
                   self.compile_object("ptx_kernel_list.cpp", kernel_list)]
        words = self.build.command_of(self.fault.test or "bin/pamkit")
        program = self.folder / "program"
        at = words.index("-o")
        done = run([*words[:at], *objects, "-o", program, *words[at + 2:]], cwd=self.build.base)
        if done.returncode:
            refuse(f"{self.fault.name}: {last_lines(done)}")
        return program

    def execute(self, program):
        verdict = self.folder / "verify"
        if self.fault.test:
            return failed_test(run([program, *self.fault.verify]))
        done = run([program, "verify", "--backend", "cuda-ptx", *self.fault.verify, "--quiet", "--errors", "1", "--jobs", "1",
                    "--out", verdict])
        if done.returncode == 0:
            return {}
        if done.returncode != 1:
            refuse(f"{self.fault.name}: exit code {done.returncode}: {last_lines(done)}")
        checked = CHECKED.search(done.stdout + done.stderr)
        if checked:
            return {"checks": checked[0]}
        return {"results": " ".join(done.stdout.split())[:300]}

    def judge(self):
        """{layer: message} of every layer that rejects it."""
        ptx = self.compile("ptx", EXECUTED)
        rejected = self.audit(ptx)
        translated, refused = self.translate(ptx)
        if translated is None:
            rejected["translation"] = refused
            return rejected
        return rejected | self.execute(self.link(translated))


# Of every part of a test program that has faults in it: which one is active is said when it starts.
CHOOSES = """#include <cstdint>
#include <cstdlib>
#include "planted_fault.hpp"
namespace pamkit::mutants {
thread_local constinit fault_state state;
void record(int) {}
void run_out_of_patience() { std::abort(); }
static const bool is_chosen = [] {
  const char* const site = std::getenv("PAMKIT_FAULT_SITE");
  if (site != nullptr) state = {std::atoi(site), INT64_MAX};
  return site != nullptr;
}();
}
"""


class FaultyTest:
    """A test program of the build, linked with a copy of the sources in which all of its faults are (planting.py)."""

    def __init__(self, build, folder, test, faults):
        self.build, self.folder = build, folder
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part)
        for file, planted in numbered_by_file(faults).items():
            text = (ROOT / file).read_text()
            for fault in planted:
                locate(fault, text)
            (folder / file).write_text(planted_text(text, planted))
        choosing = folder / "choosing.cpp"
        choosing.write_text(CHOOSES)
        objects = []
        for source in dict.fromkeys(s for f in faults for s in f.sources):
            words = build.compilation_of(source)
            for part in PARTS:
                words = [w.replace(f"{ROOT}/{part}/", f"{folder}/{part}/") for w in words]
            objects.append(self.compile(words, folder / f"{pathlib.Path(source).name}.o"))
        words = build.compilation_of("plan/src/launch.cpp")
        words[words.index("-c") + 1] = str(choosing)
        objects.append(self.compile(words, folder / "choosing.o"))
        words = build.command_of(test)
        at = words.index("-o")
        self.program = folder / "test"
        done = run([*words[:at], *objects, "-o", self.program, *words[at + 2:]], cwd=build.base)
        if done.returncode:
            refuse(f"{test}: {last_lines(done)}")

    def compile(self, words, output):
        at = words.index("-o")
        words[at + 1] = str(output)
        done = run([*(w for w in words if not re.match(r"-W|-O\d", w)), "-O1", "-w", f"-I{HERE}", "-include",
                    HERE / "planted_fault.hpp"], cwd=self.build.base)
        if done.returncode:
            refuse(f"{output.name}: {last_lines(done)}")
        return output

    def judge(self, fault):
        """The first test that fails, or how the program ended; without a fault (None), nothing."""
        site = "0" if fault is None else str(fault.site)
        return failed_test(run([self.program], timeout=600, env={**os.environ, "PAMKIT_FAULT_SITE": site}))


def read_faults():
    faults = []
    for entry in json.loads((HERE / "device_faults.json").read_text()):
        fault = DeviceFault(**entry)
        if fault.layer not in LAYERS and not fault.equivalent:
            refuse(f"{fault.name}: {fault.layer or 'nothing'} is no layer; there are {', '.join(LAYERS)}")
        faults.append(fault)
    for fault in faults:
        try:
            locate(dataclasses.replace(fault), (ROOT / fault.file).read_text())
        except (DoesNotApply, OSError) as error:
            refuse(str(error))
    return faults


def is_as_expected(fault, rejected, has_machine_code):
    if fault.equivalent:
        return not rejected
    if fault.layer == "audit-sass" and not has_machine_code:
        return True
    return fault.layer in rejected and fault.says in rejected[fault.layer]


def sound_one(fault):
    """What the fault is planted in, as it is."""
    return dataclasses.replace(fault, name="sound " + " ".join(fault.kernels), find="", replace="", near="", layer="",
                               equivalent="nothing is planted")


def verdicts(faults, build, work):
    """(fault, rejected by, seconds) of each, sound ones first."""
    compiled = [f for f in faults if f.kernels]
    sound = {(tuple(f.kernels), tuple(f.verify), f.test): sound_one(f) for f in compiled}
    for fault in [*sound.values(), *compiled]:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(dir=work) as folder:
            rejected = Copy(build, pathlib.Path(folder), fault).judge()
        yield fault, rejected, time.monotonic() - started
    for test in dict.fromkeys(f.test for f in faults if not f.kernels):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(dir=work) as folder:
            planted = [f for f in faults if f.test == test and not f.kernels]
            program = FaultyTest(build, pathlib.Path(folder), test, planted)
            for fault in [None, *planted]:
                rejected = program.judge(fault)
                if fault is None:
                    fault = dataclasses.replace(sound_one(planted[0]), name=f"sound {test}")
                yield fault, rejected, time.monotonic() - started
                started = time.monotonic()


def judge_all(faults, build, work):
    has_machine_code = os.access(build.cache.get("PAMKIT_NVDISASM", ""), os.X_OK)
    wrong = 0
    for fault, rejected, seconds in verdicts(faults, build, work):
        is_right = is_as_expected(fault, rejected, has_machine_code)
        wrong += not is_right
        layers = " ".join(layer for layer in LAYERS if layer in rejected) or ("equivalent" if fault.equivalent else "SURVIVED")
        shown = fault.layer if fault.layer in rejected else next(iter(rejected), "")
        message = rejected.get(shown, fault.equivalent).replace(str(work), "")
        print(f"{fault.name:34} {layers:28} {seconds:5.1f} s  {message[:200]}", flush=True)
        if not is_right:
            print(f"{'':34} expected: {fault.layer or 'nothing'} {fault.says}", flush=True)
    return wrong


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="faults to plant; all without")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="an ordinary build")
    parser.add_argument("--work", type=pathlib.Path, help="folder for copies (BUILD/mutants)")
    parser.add_argument("--list", action="store_true", help="only list the faults")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    faults = read_faults()
    chosen = chosen_of(faults, arguments, refuse)
    if chosen is None:
        return 0
    base = arguments.build.resolve()
    if not (base / "build.ninja").exists():
        refuse(f"{base} is no build; cmake --preset release && cmake --build --preset release makes one")
    build = Build(base)
    if not os.access(build.cache.get("PAMKIT_NVCC", ""), os.X_OK):
        refuse(f"{base} was configured without nvcc", 3)
    work = (arguments.work or base / "mutants").resolve()
    work.mkdir(parents=True, exist_ok=True)
    wrong = judge_all(chosen, build, work)
    print(f"{len(chosen)} faults of device code, {wrong} verdicts that were not expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
