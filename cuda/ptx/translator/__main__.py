"""python3 translator INPUT.ptx OUTPUT.cpp --name NAME [--may-multiply REGEX]

Translates kernels in PTX into C++ that the runtime of cuda/ptx executes. What cannot be translated, and what kernels must
not contain, ends it with exit code 1 and one line, and nothing is written.
"""

import argparse
import os
import re
import sys

import cpp
import syntax


def main():
    parser = argparse.ArgumentParser(prog="translator", description=__doc__.splitlines()[0])
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--name", required=True, help="NAME_kernels() returns the table of the kernels")
    parser.add_argument("--may-multiply", default="", metavar="REGEX", help="kernels that may multiply floats")
    arguments = parser.parse_args()
    allowed = re.compile(arguments.may_multiply) if arguments.may_multiply else None
    try:
        with open(arguments.input, encoding="utf-8") as file:
            module = syntax.parse(file.read())
        if not module.kernels:
            raise syntax.PtxError(1, "there is no kernel in it")
        text = cpp.write_module(module, arguments.name, lambda name: bool(allowed and allowed.search(name)))
    except syntax.PtxError as error:
        print(f"{arguments.input}:{error.line}: {error.message}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{arguments.input}: {error.strerror}", file=sys.stderr)
        return 1
    partial = f"{arguments.output}.{os.getpid()}"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(partial, arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
