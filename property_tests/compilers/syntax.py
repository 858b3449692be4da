#!/usr/bin/env python3
"""Reads sources with the compiler that a build folder was configured for, and makes no code of them:

  property_tests/compilers/syntax.py BUILD FOLDER...

BUILD has compile_commands.json; FOLDERs are of the project. What one compiler accepts another may not: this finds it
in a fraction of the time of a build.

Exit codes: 0 all are accepted; 1 one is not, and its messages are printed; 2 usage.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def accepted(entry):
    """The messages of the compiler, empty where it accepts the source."""
    arguments = shlex.split(entry["command"])
    output = arguments.index("-o")
    del arguments[output:output + 2]
    done = subprocess.run([*arguments, "-fsyntax-only"], cwd=entry["directory"], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr


def main():
    if len(sys.argv) < 3 or sys.argv[1] in ("-h", "--help"):
        print(__doc__, file=sys.stderr)
        return 2
    commands = pathlib.Path(sys.argv[1]) / "compile_commands.json"
    try:
        entries = json.loads(commands.read_text())
    except (OSError, json.JSONDecodeError) as error:
        print(f"syntax.py: {commands}: {error}", file=sys.stderr)
        return 2
    folders = [ROOT / name for name in sys.argv[2:]]
    chosen = [e for e in entries if any(pathlib.Path(e["file"]).is_relative_to(f) for f in folders)]
    if not chosen:
        print(f"syntax.py: {commands} has no source in {' '.join(sys.argv[2:])}", file=sys.stderr)
        return 2
    refused = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for entry, messages in zip(chosen, pool.map(accepted, chosen)):
            if messages:
                refused += 1
                print("\n".join([entry["file"], *messages.splitlines()[:20]]))
    print(f"{len(chosen) - refused} of {len(chosen)} sources in {' '.join(sys.argv[2:])} are accepted")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
