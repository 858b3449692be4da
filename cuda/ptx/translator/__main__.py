"""python3 translator INPUT.ptx OUTPUT.cpp --name NAME [--may-multiply REGEX] [--keep-refused]

Translates kernels in PTX into C++ that the runtime of cuda/ptx executes. What cannot be translated, and what kernels must
not contain, ends it with exit code 1 and one line, and nothing is written; with --keep-refused a kernel that is refused is
one that fails when it is run, with that line.
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
    parser.add_argument("--keep-refused", action="store_true", help="what is refused fails where it is run, not here")
    arguments = parser.parse_args()

    def say(error):
        print(f"{arguments.input}:{error.line}: {error.message}", file=sys.stderr)

    allowed = re.compile(arguments.may_multiply) if arguments.may_multiply else None
    try:
        with open(arguments.input, encoding="utf-8") as file:
            module = syntax.parse(file.read())
        if not module.kernels:
            raise syntax.PtxError(1, "there is no kernel in it")
        may_multiply = lambda name: bool(allowed and allowed.search(name))  # noqa: E731
        text = cpp.write_module(module, arguments.name, may_multiply, say if arguments.keep_refused else None)
    except syntax.PtxError as error:
        say(error)
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
