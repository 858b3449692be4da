#!/usr/bin/env python3
"""Hunts for faults that the suite lets pass: makes all small faults of some files (mutate.py), judges them in one
build, and lists the survivors with their line.

  property_tests/mutants/hunt.py emulator/include/pamkit/detail/encode.hpp ...

A fault that does not compile is dropped. Exit codes: 0 no survivors; 1 survivors; 2 usage.
"""
import argparse
import os
import pathlib
import random
import re
import sys

import run
from mutate import crossing_free, mutants_of
from planting import ROOT


def culprits(messages, faults, tree):
    """The faults on the lines of the copy that the compiler complains about."""
    sites = set()
    for path, line in re.findall(r"^(?:In file included from )?(\S+?):(\d+)(?::\d+)?: (?:error|.*required from)", messages, re.M):
        file = pathlib.Path(path)
        if not file.is_relative_to(tree):
            continue
        lines = file.read_text().split("\n")
        # An expression may have begun some lines before the one that is named.
        for at in range(int(line) - 1, max(int(line) - 4, -1), -1):
            found = {int(s) for s in re.findall(r"PAMKIT_FAULT\((\d+)\)", lines[at])}
            sites |= found
            if found:
                break
    return [f for f in faults if f.site in sites]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--arithmetic", default="pam")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--name", default="hunt", help="of the copy, so that hunts can run side by side")
    parser.add_argument("--level", choices=run.LEVELS, default="standard")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--property", action="append", default=[])
    parser.add_argument("--format", action="append", default=[])
    parser.add_argument("--lines", help="FIRST-LAST: only faults that begin there")
    parser.add_argument("--whole", action="store_true",
                        help="faults act in promises and look-ups too, each in a process of its own")
    parser.add_argument("--sample", type=int, metavar="N", help="N faults, drawn by chance from all of the files")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    arguments = parser.parse_args()
    base = arguments.build.resolve()
    work = (arguments.work or base / "mutants").resolve()
    faults = []
    for file in arguments.files:
        faults += mutants_of(str(pathlib.Path(file)), arguments.arithmetic)
    for f in faults:
        f.whole = arguments.whole
    if arguments.lines:
        first, last = map(int, arguments.lines.split("-"))
        faults = [f for f in faults if first <= int(f.name.split(":")[1]) <= last]
    faults = crossing_free(faults)
    if arguments.sample is not None and arguments.sample < len(faults):
        faults = random.Random(arguments.seed).sample(faults, arguments.sample)
    # A fault that writes where it may not would spoil the verdicts after it: AddressSanitizer ends the process instead.
    build = run.Build(base, work, arguments.jobs, sanitizer=["-fsanitize=address"])
    os.environ["ASAN_OPTIONS"] = "abort_on_error=1:detect_leaks=0:handle_segv=0"
    only_checks = True
    while True:
        program, messages = build.make(arguments.name, faults, arguments.arithmetic, only_checks=only_checks)
        if messages:
            bad = culprits(messages, faults, work / arguments.name)
            if not bad:
                run.refuse(messages[-3000:])
            print(f"{len(bad)} of {len(faults)} faults do not compile and are dropped", flush=True)
            names = {f.name for f in bad}
            faults = [f for f in faults if f.name not in names]
        elif only_checks:
            only_checks = False
        else:
            break
    print(f"{len(faults)} faults", flush=True)
    results = run.Results(work / f"{arguments.name}.json", "hunt", arguments.level)
    options = ["--level", arguments.level, "--jobs", str(arguments.jobs), "--no-shrink"]
    for name in ("property", "format"):
        for value in getattr(arguments, name):
            options += [f"--{name}", value]
    if arguments.whole:
        for f in faults:
            run.judge_alone(program, f, options, results)
    else:
        run.judge_in_one_run(program, faults, options, results)
    survivors = [f for f in faults if results.found[f.name]["verdict"] == "survived"]
    for f in survivors:
        line = (ROOT / f.file).read_text()[:f.begin].count("\n") + 1
        print(f"SURVIVED {f.file}:{line} {f.fault}: {' '.join(f.find.split())}  ->  {' '.join(f.replace.split())} "
              f"({results.found[f.name]['note']})")
    print(f"{len(faults) - len(survivors)} of {len(faults)} rejected")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
