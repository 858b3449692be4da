"""python3 analysis --ptx FILE... --sass FILE... --multiplying REGEX [--dividing REGEX] --budgets FILE
          [--commands build.ninja] [--read FILE.d... --sources FOLDER...] --output FILE

Writes what the certificate says of device code: an entry for each kernel, and under "refused" what is wrong, each sentence with
its kind: ptx, sass, or nvcc for what the compiler is told, which concerns both. That is no error of this program: `pamkit audit`
reports it. "made_from" has the SHA-256 of every file in one of the folders that nvcc has read, by what its FILE.d say, and of
this program. Exit code 1, with one line, is for text that cannot be read.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "ptx" / "translator"), str(HERE.parent.parent / "sass")]

import nvcc_commands  # noqa: E402
import ptx_audit  # noqa: E402
import sass  # noqa: E402
import sass_audit  # noqa: E402
import syntax  # noqa: E402


def compiler_options(text):
    """What ptxas was given, as the cubin has it on record."""
    for found in re.findall(r'\.string\s+"([^"]*)"', text):
        if "-arch" in found:
            return found.strip()
    return ""


def judge(entry, multiplying, dividing, budgets):
    """What is wrong with a kernel, as sentences; gives the entry its verdict."""
    wrong = []
    where = f"{entry['unit']} ({entry['kind']}, {entry['architecture']})"
    found = entry["multiplications"]
    by_definition = bool(multiplying.search(entry["unit"]))
    entry["multiplies_by_definition"] = by_definition
    if by_definition and dividing.search(entry["unit"]):
        entry["verdict"] = "divides data by a size, by definition"
    elif by_definition and found:
        entry["verdict"] = "multiplies, by definition"
    elif by_definition:
        entry["verdict"] = "refused"
        wrong.append(f"{where} multiplies by definition, and no multiplication is found in it")
    elif found:
        entry["verdict"] = "refused"
        wrong.append(f"{where} promises to multiply no data: {found} times, first {entry['found'][0]}")
    else:
        entry["verdict"] = "multiplies no data"
    if entry["fused"]:
        wrong.append(f"{where} fuses a product and a sum: {entry['fused'][0]}")
    if entry["rounded_otherwise"]:
        wrong.append(f"{where} does not round to nearest: {entry['rounded_otherwise'][0]}")
    if entry["flushes"]:
        wrong.append(f"{where} flushes subnormals: {entry['flushes'][0]}")
    if entry["kind"] != "sass":
        return wrong
    for key, phrase in (("not_followed", "cannot be followed"), ("not_known", "has an opcode that is not known")):
        if entry[key]:
            entry["verdict"] = "refused"
            wrong.append(f"{where} {phrase}: {entry[key][0]}")
    if "-fmad false" not in entry["options"]:
        wrong.append(f"{where} was not compiled with -fmad=false: {entry['options'] or 'no options on record'}")
    if "-ftz true" in entry["options"]:
        wrong.append(f"{where} was compiled with -ftz=true")
    if budgets and not any(b["kernel"] and re.search(b["kernel"], entry["unit"]) for b in budgets):
        wrong.append(f"{where} has no budget of its own")
    for budget in budgets:
        if not re.search(budget["kernel"], entry["unit"]):
            continue
        for key, limit in budget["at_most"].items():
            if key not in entry:
                wrong.append(f"{where} has no {key}, for which there is a budget of {limit}")
            elif entry[key] > limit:
                wrong.append(f"{where} has {key} {entry[key]}, its budget is {limit}")
    return wrong


_EXECUTED = "sm_80"  # the architecture whose PTX the backend cuda-ptx executes,
_EQUAL = ("sm_90",)  # and those that the compiler's front end makes the same text for; sm_100's has another one


def differing_texts(texts):
    """Sentences on PTX that is not the text that is executed, but for the architecture that it names. `texts` has
    (name of the file, text of the file) by architecture."""
    wrong = []
    bare = {key: re.sub(r"^\.target sm_\w+$", ".target", text, flags=re.M) for key, text in texts.items()}
    for (name, architecture), text in bare.items():
        executed = bare.get((name, _EXECUTED))
        if architecture in _EQUAL and executed is not None and text != executed:
            wrong.append(f"{name} (ptx, {architecture}) differs from that of {_EXECUTED}, which is the one that is executed")
    return wrong


def sources_in(text):
    """The files that something was made from, by the rule for make that the compiler has written of it."""
    _, _, files = text.replace("\\\n", " ").partition(" : " if " : " in text else ":")
    return [f.replace("\\ ", " ") for f in re.findall(r"(?:\\ |\S)+", files)]


def digests(read, folders, rules):
    """SHA-256 by file, of all that is the project's own."""
    cuda = HERE.parent.parent
    own = [pathlib.Path(m.__file__) for m in list(sys.modules.values()) if getattr(m, "__file__", None)]
    files = {rules, *(p for p in own if p.is_relative_to(cuda))}
    for path in read:
        files.update(pathlib.Path(f) for f in sources_in(path.read_text()))
    resolved = {p.resolve() for p in files}
    of_project = [p for p in resolved if p.is_relative_to(cuda) or any(p.is_relative_to(f.resolve()) for f in folders)]
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(of_project)}


def predict(entry, machines):
    """Terms per clock and multiprocessor that the hot block allows: by issue slots and by the lanes of each kind of
    instruction; latencies and shared pipes are not modelled."""
    machine = machines.get(entry["architecture"])
    if machine is None or "instructions_per_term" not in entry:
        return
    limits = [machine["issued"] / entry["instructions_per_term"]]
    limits += [machine[kind] / n for kind, n in entry["per_term"].items() if kind in machine]
    entry["predicted_terms_per_clock"] = round(min(limits), 1)


def main():
    parser = argparse.ArgumentParser(prog="analysis", description="what device code multiplies and costs")
    parser.add_argument("--ptx", nargs="*", default=[], type=pathlib.Path)
    parser.add_argument("--sass", nargs="*", default=[], type=pathlib.Path)
    parser.add_argument("--multiplying", required=True, help="kernels that multiply by definition")
    parser.add_argument("--dividing", default="$^", help="of these, those that only divide by sizes")
    parser.add_argument("--budgets", required=True, type=pathlib.Path)
    parser.add_argument("--commands", type=pathlib.Path, help="a build.ninja, whose calls of nvcc are judged")
    parser.add_argument("--read", nargs="*", default=[], type=pathlib.Path, help="rules for make that nvcc wrote of what it made")
    parser.add_argument("--sources", nargs="*", default=[], type=pathlib.Path, help="folders of the project's own files")
    parser.add_argument("--output", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    rules = json.loads(arguments.budgets.read_text())
    code, refused, calls, path, texts = [], [], 0, None, {}
    try:
        for path in arguments.ptx:
            text = path.read_text()
            module = syntax.parse(text)
            texts[path.stem, module.target] = text
            code += ptx_audit.facts(module, path.stem)
        refused += [{"kind": "ptx", "sentence": s} for s in differing_texts(texts)]
        for path in arguments.sass:
            text = path.read_text()
            code += sass_audit.facts(sass.parse(text), path.stem, compiler_options(text), rules.get("additions_a_term", ()))
        if arguments.commands:
            path = arguments.commands
            files = [*arguments.ptx, *arguments.sass]
            calls, sentences = nvcc_commands.judge(path.read_text(), os.environ, {f.stem for f in files})
            refused += [{"kind": "nvcc", "sentence": s} for s in sentences]
        made_from = digests(arguments.read, arguments.sources, arguments.budgets)
    except syntax.PtxError as error:
        print(f"{path}:{error.line}: {error}", file=sys.stderr)
        return 1
    except (sass.SassError, OSError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    baseline = re.compile(rules["baseline"])
    multiplying = re.compile(arguments.multiplying)
    dividing = re.compile(arguments.dividing)
    for entry in code:
        predict(entry, rules["machines"])
        if baseline.search(entry["unit"]):
            entry["is_baseline"] = True
        else:
            sentences = judge(entry, multiplying, dividing, rules["budgets"])
            refused += [{"kind": entry["kind"], "sentence": s} for s in sentences]
    document = {"made_from": made_from, "machines": rules["machines"], "nvcc_calls": calls, "code": code, "refused": refused}
    partial = arguments.output.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(document, indent=1) + "\n")
    partial.replace(arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
