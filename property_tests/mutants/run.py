#!/usr/bin/env python3
"""Plants the faults of catalogue/ into copies of the emulator, runs the suite on each and expects it to reject all.

One copy and one build hold all faults of an arithmetic (planting.py); the judge tells them apart at run time. Results
go to results.json (pamkit.mutants/1) as they come, and a second run with the same file goes on where it was.

Exit codes: 0 every fault was rejected or is explained as equivalent; 1 one was not; 2 usage, or a fault that no longer
applies or compiles; 130 interrupted.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

from planting import DoesNotApply, Fault, HERE, chosen_of, locate, plant, ROOT

SCHEMA = "pamkit.mutants/1"
LEVELS = ("quick", "standard")
# After a corrected fault only what includes its file is compiled again.
CACHE = ["ccache"] if shutil.which("ccache") else []
# The suite includes them for their declarations; what they define it does not call.
ONLY_DECLARED = ("emulator/include/pamkit/tensor/contraction.hpp", "emulator/include/pamkit/detail/sum.hpp")


# The kernels as C++, their plans, and the backend that runs them.
CUDA_OBJECTS = tuple(f"cuda/{part}/CMakeFiles/pamkit_cuda_{part}.dir/" for part in ("host", "plan", "backend"))


def refuse(message):
    print(f"run.py: {message}", file=sys.stderr)
    sys.exit(2)


def read_catalogue():
    faults = []
    for path in sorted((HERE / "catalogue").glob("*.json")):
        for entry in json.loads(path.read_text()):
            faults.append(Fault(**entry))
    names = [f.name for f in faults]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        refuse(f"the catalogue has {', '.join(twice)} twice")
    return faults


class Build:
    """A judge for the faults of one arithmetic. Objects that no fault changes are those of an ordinary build. With
    `sanitizer`, options of the compiler, the copy is instrumented."""

    def __init__(self, base, work, jobs, sanitizer=()):
        self.base, self.work, self.jobs, self.sanitizer = base, work, jobs, list(sanitizer)
        self.commands = {}
        for entry in json.loads((base / "compile_commands.json").read_text()):
            self.commands[re.search(r" -o (\S+)", entry["command"]).group(1)] = entry
        self.includes = self._includes()

    def _includes(self):
        """What each object of the ordinary build was made from."""
        listing = subprocess.run(["ninja", "-C", self.base, "-t", "deps"], capture_output=True, text=True, check=True)
        includes, current = {}, None
        for line in listing.stdout.splitlines():
            if line.startswith("    "):
                path = pathlib.Path(line.strip())
                includes[current].add(str(path if path.is_absolute() else (self.base / path).resolve()))
            elif ":" in line:
                current = line.split(":")[0]
                includes[current] = set()
        return includes

    def _is_of_other_arithmetic(self, output, arithmetic):
        table = re.search(r"(?:scalar|layer)_table_(\w+)\.cpp", output)
        return table is not None and table.group(1) != arithmetic

    def _write_registry(self, tree, arithmetic):
        folder = tree / "generated" / "pamkit"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "arith_registry.hpp").write_text(
            f'#pragma once\n#include "pamkit/arith/{arithmetic}.hpp"\n#include "pamkit/type_list.hpp"\n'
            f"namespace pamkit {{\nusing all_arithmetics = type_list<arith::{arithmetic}>;\n}}\n")
        return str(self.base / "emulator/generated/pamkit/arith_registry.hpp")

    def _compile_command(self, output, tree, sites):
        words = shlex.split(self.commands[output]["command"])
        kept, skip = [], False
        for word in words:
            if skip:
                skip = False
            elif word in ("-o",):
                skip = True
            elif not re.match(r"-W|-O\d|-g$", word) and not word.endswith("ccache"):
                for folder in ("emulator", "reference", "cuda"):
                    if (tree / folder).exists():
                        word = word.replace(f"{ROOT}/{folder}", f"{tree}/{folder}")
                kept.append(word)
        at = next(i for i, w in enumerate(kept) if w.startswith("-I"))
        kept.insert(at, f"-I{tree}/generated")
        object_file = tree / "objects" / (output.replace("/", "_"))
        # Little optimisation and vector kernels of one instruction set: equal bits, a fraction of the time.
        kept[1:1] = ["-O1", "-march=native", "-DHWY_COMPILE_ONLY_STATIC", "-w", f"-DPAMKIT_FAULT_SITES={sites}",
                     f"-I{HERE}", "-include", str(HERE / "planted_fault.hpp"), *self.sanitizer]
        return CACHE + kept + ["-o", str(object_file)], object_file

    def make(self, name, faults, arithmetic, only_checks=False):
        """Plants, compiles and links. Gives the judge's path, or the compiler's messages; with `only_checks` the
        messages alone, without objects."""
        tree = (self.work / name).resolve()
        changed = {str(ROOT / f) for f in plant(faults, tree)}
        (tree / "objects").mkdir()
        changed.add(self._write_registry(tree, arithmetic))
        is_cuda = any(f.backend == "cuda-host" for f in faults)
        compiled, linked = [], []
        changed_for_suite = changed - {str(ROOT / f) for f in ONLY_DECLARED}
        for output in self.commands:
            is_changed = bool(self.includes.get(output, set()) & changed) or self.commands[output]["file"] in changed
            if output.startswith(("property_tests/CMakeFiles/pamkit_properties.dir/",
                                  "property_tests/CMakeFiles/pamkit_vectors.dir/")):
                if not self.includes.get(output, set()) & changed_for_suite:
                    continue  # it comes from the library
            elif output.startswith("reference/CMakeFiles/pamkit_reference.dir/"):
                if self.commands[output]["file"] not in changed:
                    continue  # it comes from the library: only faults of the golden model itself change it
            elif output.startswith(CUDA_OBJECTS):
                if not is_cuda:
                    continue
            elif not output.startswith(("emulator/CMakeFiles/pamkit_emulator.dir/", "emulator/format/")):
                continue
            if self._is_of_other_arithmetic(output, arithmetic):
                continue
            if is_changed:
                command, object_file = self._compile_command(output, tree, len(faults) + 1)
                compiled.append((command, object_file))
                linked.append(str(object_file))
            else:
                linked.append(str(self.base / output))
        judge = [shlex.split(self.commands[next(iter(self.commands))]["command"])[0]]
        judge_object = tree / "objects" / "judge.o"
        compiled.append((judge + ["-std=c++20", "-O1", "-w", f"-DPAMKIT_FAULT_SITES={len(faults) + 1}", f"-I{HERE}"] +
                         [f"-I{ROOT / folder}" for folder in
                          ("emulator/include", "emulator/format/include", "property_tests/include",
                           "cuda/backend/include", "cuda/host/include", "cuda/kernels/include", "cuda/plan/include")] +
                         (["-DPAMKIT_FAULTS_IN_CUDA"] if is_cuda else []) +
                         ["-c", str(HERE / "judge.cpp"), "-o", str(judge_object)], judge_object))
        if only_checks:
            compiled = [(["-fsyntax-only" if w == "-c" else w for w in c], o) for c, o in compiled]
        messages = self._compile(compiled)
        if messages or only_checks:
            return None, messages
        program = tree / "judge"
        libraries = [str(self.base / lib) for lib in ("property_tests/libpamkit_properties.a",
                                                      "property_tests/libpamkit_vectors.a",
                                                      "reference/libpamkit_reference.a",
                                                      "property_tests/provenance/libpamkit_provenance.a",
                                                      "property_tests/provenance/libpamkit_sha256.a")]
        linking = subprocess.run(
            judge + [str(judge_object)] + linked + libraries + self._third_parties() +
            ["-lpthread", "-o", str(program), *self.sanitizer],
            capture_output=True, text=True)
        if linking.returncode:
            return None, linking.stderr
        (tree / "faults.txt").write_text("".join(f"{f.site} {f.backend} {f.name}\n" for f in faults))
        return program, ""

    def _third_parties(self):
        """The libraries that the command line program links beside ours."""
        ninja = (self.base / "build.ninja").read_text()
        block = ninja[ninja.index("build bin/pamkit:"):]
        line = re.search(r"LINK_LIBRARIES = (.*)", block).group(1)
        # Ours are named relative to the build folder.
        return [w for w in line.split() if w.startswith(("/", "-"))]

    def _compile(self, commands):
        """Runs the compilations, the longest first by guess; gives the messages of those that failed."""
        waiting = sorted(commands, key=lambda c: -sum(k in str(c[1]) for k in ("layer", "contraction", "scalar_table")))

        def compile_one(command):
            done = subprocess.run(command, cwd=self.base, stderr=subprocess.PIPE, text=True)
            return done.stderr if done.returncode else ""

        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            return "".join(pool.map(compile_one, [command for command, _ in waiting]))


def run_judge(program, arguments):
    """Lines of the judge as they come; at the end its exit code and standard error."""
    process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        yield line.rstrip("\n").split("\t")
    error = process.stderr.read()
    yield ["exit", str(process.wait()), error.strip()]


def rejection(fields):
    keys = ("property", "operation", "arithmetic", "format", "policy", "overflow", "shape", "operands", "got",
            "expected", "reason")
    return dict(zip(keys, fields))


class Results:
    """results.json, rewritten whole after every verdict."""

    def __init__(self, path, command, level):
        self.path, self.command, self.level = path, command, level
        self.emulator = fingerprint(ROOT / "emulator")
        self.environment = environment()  # before a results file inside the checkout changes it
        self.found = {}

    def resume(self):
        if not self.path.exists():
            return
        try:
            old = json.loads(self.path.read_text())
        except json.JSONDecodeError as error:
            refuse(f"{self.path}: {error}")
        if old.get("schema") == SCHEMA and old.get("level") == self.level and old.get("complete") is False and \
                old.get("emulator") == self.emulator:
            self.found = {m["name"]: m for m in old["mutants"]}

    def add(self, fault, verdict, killed_by=(), counterexample=None, seconds=0.0, note=""):
        self.found[fault.name] = {
            "name": fault.name, "file": fault.file, "fault": fault.fault, "arithmetic": fault.arithmetic,
            "verdict": verdict, "killed_by": list(killed_by), "counterexample": counterexample,
            "seconds": round(seconds, 2), "note": note or fault.equivalent}
        self.write(complete=False)
        by = " ".join(killed_by)
        case = ""
        if counterexample:
            case = " ".join(counterexample[k] for k in ("operation", "arithmetic", "format", "policy", "overflow"))
            case += f": {counterexample['operands'][:60]} got {counterexample['got']} expected {counterexample['expected']}"
        print(f"{fault.name:34} {verdict:10} {by:6} {case} {note}", flush=True)

    def write(self, complete):
        mutants = sorted(self.found.values(), key=lambda m: (m["file"], m["name"]))
        verdicts = [m["verdict"] for m in mutants]
        killed, equivalent = verdicts.count("killed"), verdicts.count("equivalent")
        head = json.dumps({
            "schema": SCHEMA, "command": self.command, "level": self.level, "environment": self.environment,
            "emulator": self.emulator, "complete": complete, "killed": killed, "survived": verdicts.count("survived"),
            "equivalent": equivalent}, indent=1)
        # A line each, so that a changed verdict is a changed line.
        lines = ",\n".join("  " + json.dumps(m) for m in mutants)
        text = f'{head[:-2]},\n "mutants": [\n{lines}\n ]\n}}\n'
        partial = self.path.with_suffix(".partial")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text)
        partial.replace(self.path)
        return killed, equivalent, len(mutants)


def fingerprint(folder):
    """Of the sources that the faults were planted in: the SHA-256 of a list of their SHA-256. The report compares it with
    its own (reports/cmake/embed_planted_faults.cmake)."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*")
                   if p.is_file() and "tests" not in p.relative_to(folder).parts[:-1])
    listing = "".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    return hashlib.sha256(listing.encode()).hexdigest()


def environment():
    def output(*command):
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return ""
    return {"commit": output("git", "rev-parse", "HEAD"),
            "modified": bool(output("git", "status", "--porcelain", "--untracked-files=no")),
            "compiler": output("g++", "--version").split("\n")[0], "system": platform.platform(),
            "cores": os.cpu_count()}


def judge_in_one_run(program, faults, arguments, results):
    """All faults at once. A fault that ends the process is rejected by that; the others are run again."""
    by_name = {f.name: f for f in faults}
    open_faults, started = set(by_name), time.monotonic()
    while open_faults:
        listing = program.parent / "faults.txt"
        listing.write_text("".join(f"{f.site} {f.backend} {f.name}\n" for f in faults if f.name in open_faults))
        reached, again = set(), False
        for kind, *fields in run_judge(program, [str(listing), *arguments]):
            if kind == "rejected" and fields[0] in open_faults:
                open_faults.discard(fields[0])
                found = rejection(fields[1:])
                results.add(by_name[fields[0]], "killed", [found["property"]], found, time.monotonic() - started)
                started = time.monotonic()
            elif kind == "rejected" and fields[0] not in by_name:
                refuse(f"without any fault the suite rejects {' '.join(fields)}")
            elif kind == "reached":
                reached.add(fields[0])
            elif kind == "crashed":
                crashed = next((f for f in faults if str(f.site) == fields[0]), None)
                if crashed is None:
                    refuse(f"the judge crashed without a fault, in {program}")
                # One that was rejected before it ended the process is not run again either.
                if crashed.name in open_faults:
                    open_faults.discard(crashed.name)
                    results.add(crashed, "killed", ["crash"], None, time.monotonic() - started, "the process was ended")
                again = True
            elif kind == "exit" and not again and fields[0] != "0":
                refuse(f"{program}: exit code {fields[0]}: {fields[1]}")
        if again:
            continue
        for name in sorted(open_faults):
            fault = by_name[name]
            note = "" if name in reached else "no case passes its place"
            results.add(fault, "equivalent" if fault.equivalent else "survived", [], None, 0, note)
        break


def judge_alone(program, fault, arguments, results):
    """One fault in a process of its own: a whole one active everywhere, and one that a single statement has to reject,
    by that statement."""
    started = time.monotonic()
    listing = program.parent / "faults.txt"
    listing.write_text(f"{fault.site} {fault.backend} {fault.name}\n")
    verdict = None
    if fault.whole:
        arguments = ["--whole", str(fault.site), *arguments]
    if fault.by:
        arguments = ["--property", fault.by, *arguments]
    for kind, *fields in run_judge(program, [str(listing), *arguments]):
        if kind == "rejected" and verdict is None:
            found = rejection(fields[1:])
            verdict = ("killed", [fault.by or found["property"]], found, "")
        elif kind == "crashed" and verdict is None:
            verdict = ("killed", ["crash"], None, "the process was ended")
        elif kind == "exit" and fields[0] == "2" and verdict is None:
            verdict = ("killed", ["exception"], None, fields[1])
    if verdict is None:
        verdict = ("equivalent" if fault.equivalent else "survived", [], None, "")
    results.add(fault, verdict[0], verdict[1], verdict[2], time.monotonic() - started, verdict[3])


def groups_of(faults):
    """The faults of each build, with its name: those of the CUDA kernels have a judge of their own, which runs their
    backend alone."""
    groups = {}
    for f in sorted(faults, key=lambda f: (f.arithmetic, f.backend == "cuda-host")):
        groups.setdefault(f.arithmetic + ("-cuda" if f.backend == "cuda-host" else ""), []).append(f)
    return groups


def judge_all(faults, build, results, arguments):
    for name, group in groups_of(faults).items():
        todo = [f for f in group if f.name not in results.found]
        if not todo:
            continue
        program, messages = build.make(name, group, group[0].arithmetic)
        if program is None:
            refuse(f"the faults of {name} do not compile:\n{messages[-4000:]}")
        together = [f for f in todo if not f.whole and not f.by]
        if together:
            judge_in_one_run(program, together, arguments, results)
        for fault in todo:
            if fault not in together:
                judge_alone(program, fault, arguments, results)


def outdated_of(faults):
    """What is wrong with faults whose text is no longer there or that cross, before anything is built."""
    messages = []
    for fault in faults:
        try:
            locate(fault, (ROOT / fault.file).read_text())
        except (DoesNotApply, OSError) as error:
            messages.append(str(error))
    if not messages:
        with tempfile.TemporaryDirectory() as folder:
            for name, group in groups_of(faults).items():
                try:
                    plant(group, pathlib.Path(folder) / name)
                except DoesNotApply as error:
                    messages.append(str(error))
    return messages


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="faults to plant; all without")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release",
                        help="an ordinary build with the library of properties")
    parser.add_argument("--work", type=pathlib.Path, help="folder for copies and their builds (BUILD/mutants)")
    parser.add_argument("--output", type=pathlib.Path, help="results file (WORK/results.json)")
    parser.add_argument("--level", choices=LEVELS, default="standard")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--no-shrink", action="store_true", help="keep counterexamples as they were met")
    parser.add_argument("--again", action="store_true", help="do not go on with an unfinished results file")
    parser.add_argument("--list", action="store_true", help="only list the faults")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    faults = read_catalogue()
    outdated = outdated_of(faults)
    if outdated:
        refuse("\nrun.py: ".join(outdated))
    chosen = chosen_of(faults, arguments, refuse)
    if chosen is None:
        return 0
    base = arguments.build.resolve()
    if not (base / "compile_commands.json").exists():
        refuse(f"{base} is no build; cmake --preset release && cmake --build --preset release makes one")
    work = (arguments.work or base / "mutants").resolve()
    command = " ".join(["property_tests/mutants/run.py", "--level", arguments.level, *arguments.names])
    results = Results((arguments.output or work / "results.json").resolve(), command, arguments.level)
    if not arguments.again:
        results.resume()
    judge_arguments = ["--level", arguments.level, "--jobs", str(arguments.jobs)]
    if arguments.no_shrink:
        judge_arguments.append("--no-shrink")
    try:
        judge_all(chosen, Build(base, work, arguments.jobs), results, judge_arguments)
    except KeyboardInterrupt:
        return 130
    killed, equivalent, total = results.write(complete=True)
    print(f"{killed} of {total} faults rejected, {equivalent} explained as equivalent, "
          f"{total - killed - equivalent} survived")
    return 0 if killed + equivalent == total else 1


if __name__ == "__main__":
    sys.exit(main())
