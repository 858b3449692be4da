#!/usr/bin/env python3
"""Plants each fault of mutants.json into a copy of the tree, builds, runs the suite at level quick and expects it to
reject the copy with a counterexample. Prints one line per fault with the properties that found it.

Exit codes: 0 every fault was rejected; 1 one was not; 2 usage, or a fault that no longer applies or compiles.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODULES = ["CMakeLists.txt", "cmake", "emulator", "reference", "property_tests"]


def refuse(message):
    print(f"run.py: {message}", file=sys.stderr)
    sys.exit(2)


def copy_tree(tree):
    if tree.exists():
        shutil.rmtree(tree)
    tree.mkdir(parents=True)
    for module in MODULES:
        source = ROOT / module
        if source.is_dir():
            shutil.copytree(source, tree / module)
        else:
            shutil.copy2(source, tree / module)


def configure(tree, build):
    subprocess.run(
        ["cmake", "-S", tree, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
         # A fraction of the compile time, equal bits: little optimisation, vector kernels for one instruction set.
         "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG -march=native -DHWY_COMPILE_ONLY_STATIC",
         "-DBUILD_TESTING=OFF"],
        check=True, stdout=subprocess.DEVNULL)


def build_and_judge(build, jobs):
    """The judge's exit code and output; None when it does not compile."""
    built = subprocess.run(["ninja", "-C", build, f"-j{jobs}", "pamkit_mutant_judge"],
                           capture_output=True, text=True)
    if built.returncode != 0:
        print(built.stdout[-2000:], file=sys.stderr)
        return None
    judged = subprocess.run([build / "bin" / "pamkit_mutant_judge"], capture_output=True, text=True)
    return judged.returncode, judged.stdout


def plant(tree, mutant):
    file = tree / mutant["file"]
    original = file.read_text()
    if original.count(mutant["find"]) != 1:
        refuse(f"{mutant['name']}: {mutant['file']} does not contain its line exactly once")
    file.write_text(original.replace(mutant["find"], mutant["replace"]))
    return file, original


def killers_of(output):
    """The properties that failed, and the first counterexample."""
    lines = output.splitlines()
    properties = sorted({line.split()[0] for line in lines}, key=lambda p: (len(p), p))
    return " ".join(properties), lines[0] if lines else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", help="faults to plant; all without")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/mutants"),
                        help="folder for the copy and its build")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="only list the faults")
    arguments = parser.parse_args()

    mutants = json.loads((HERE / "mutants.json").read_text())
    if arguments.list:
        for mutant in mutants:
            print(f"{mutant['name']:34} {mutant['fault']}")
        return 0
    known = {mutant["name"] for mutant in mutants}
    for name in arguments.names:
        if name not in known:
            refuse(f"no fault is called {name}; --list names them")
    chosen = [m for m in mutants if not arguments.names or m["name"] in arguments.names]

    tree, build = arguments.work / "tree", arguments.work / "build"
    copy_tree(tree)
    configure(tree.resolve(), build.resolve())
    build = build.resolve()
    sound = build_and_judge(build, arguments.jobs)
    if sound is None or sound[0] != 0:
        refuse(f"the tree is rejected without any fault:\n{'' if sound is None else sound[1]}")

    survivors = 0
    for mutant in chosen:
        file, original = plant(tree, mutant)
        verdict = build_and_judge(build, arguments.jobs)
        file.write_text(original)
        if verdict is None:
            refuse(f"{mutant['name']} does not compile")
        code, output = verdict
        survivors += code != 1
        properties, first = killers_of(output)
        print(f"{mutant['name']:34} {'rejected' if code == 1 else 'SURVIVED'} {properties} | {first}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} faults were rejected")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
