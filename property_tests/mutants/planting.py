"""Plants faults into a copy of the emulator, all of them at once.

A fault is a piece of text of one file and what stands there instead. In the copy both are compiled, and
PAMKIT_FAULT(site) decides between them at run time, so that one build holds every fault and a fault costs a run of
the judge and no compilation. What cannot be decided at run time (constants of types) is not planted this way.
"""
import dataclasses
import pathlib
import re
import shutil

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@dataclasses.dataclass
class Fault:
    name: str
    file: str
    fault: str
    find: str
    replace: str
    near: str = ""        # a piece of text that contains `find`, where that alone is not unique
    arithmetic: str = "pam"
    whole: bool = False   # active in look-ups, promises and encodings of the suite too, not in one backend alone
    by: str = ""          # a statement that has to reject it by itself, whatever the others say
    equivalent: str = ""  # why no result can differ
    begin: int = -1
    site: int = 0

    @property
    def end(self):
        return self.begin + len(self.find)

    @property
    def backend(self):
        if self.file.startswith("cuda/"):
            return "cuda-host"
        return "simd" if self.file.startswith("emulator/simd/") else "scalar"


class DoesNotApply(Exception):
    pass


def locate(fault, text):
    """Sets where the fault begins."""
    if fault.begin >= 0:
        return
    start, part = 0, text
    if fault.near:
        if text.count(fault.near) != 1:
            raise DoesNotApply(f"{fault.name}: {fault.file} has {text.count(fault.near)} times: {fault.near}")
        start, part = text.index(fault.near), fault.near
    if part.count(fault.find) != 1:
        raise DoesNotApply(f"{fault.name}: {fault.file} has {part.count(fault.find)} times: {fault.find}")
    if not is_statement(fault) and (";" in fault.find or fault.find.count(" ? ") > fault.find.count(" : ") or
                                    any(fault.find.count(a) != fault.find.count(b) for a, b in ("()", "[]", "{}"))):
        raise DoesNotApply(f"{fault.name}: no whole expression: {fault.find}")
    fault.begin = start + part.index(fault.find)


def overlap(a, b):
    """Whether two faults of one file cross: neither contains the other, and they are not apart."""
    if a.end <= b.begin or b.end <= a.begin:
        return False
    return not (a.begin <= b.begin and b.end <= a.end) and not (b.begin <= a.begin and a.end <= b.end)


def is_statement(fault):
    return fault.find.rstrip().endswith(";")


# The const of the declaration that a fault stands in, comments before it aside; that of what a pointer points to is
# no such one.
CONST = re.compile(r"\s*(?://[^\n]*\n\s*)*(?:static )?(constexpr |const )[^&=*]*=")


def planted_text(text, faults):
    """The text with every fault of the list in it. A fault around another holds the other's original text."""
    inserts = []  # (position, order, text): at one position endings first, inner before outer, then beginnings
    for f in faults:
        size = f.end - f.begin
        if is_statement(f):
            before, after = f"{{ if (PAMKIT_FAULT({f.site})) {{ {f.replace} }} else {{ ", " } }"
        else:
            before, after = f"(PAMKIT_FAULT({f.site}) ? ({f.replace}) : (", "))"
        inserts.append((f.begin, 1, -size, -f.site, before))
        inserts.append((f.end, 0, size, f.site, after))
    # A const that is initialised by constants would be evaluated by the compiler, without the fault.
    erased = set()
    for f in faults:
        statement = max(text.rfind(c, 0, f.begin) for c in ";{}") + 1
        head = text[statement:f.begin]
        found = CONST.match(head)
        if found:
            erased.add((statement + found.start(1), statement + found.end(1)))
    for first, last in erased:
        inserts.append((first, 2, 0, 0, last))
    inserts.sort(key=lambda i: i[:4])
    out, at = [], 0
    for position, kind, _, _, what in inserts:
        out.append(text[at:position])
        at = max(at, position)
        if kind == 2:
            at = what
        else:
            out.append(what)
    out.append(text[at:])
    return "".join(out)


def numbered_by_file(faults):
    """{file: its faults}; numbers the faults from 1."""
    by_file = {}
    for site, fault in enumerate(faults, 1):
        fault.site = site
        by_file.setdefault(fault.file, []).append(fault)
    return by_file


def chosen_of(faults, arguments, refuse):
    """The faults that `arguments.names` names, all without; None where they were only to be listed."""
    if arguments.list:
        for fault in faults:
            print(f"{fault.name:34} {fault.fault}")
        return None
    unknown = sorted(set(arguments.names) - {f.name for f in faults})
    if unknown:
        refuse(f"no fault is called {', '.join(unknown)}; --list names them")
    return [f for f in faults if not arguments.names or f.name in arguments.names]


def plant(faults, tree):
    """Copies the emulator to tree/emulator, and the golden model where a fault is in it, and plants. Numbers the faults
    from 1. Gives the files that changed."""
    if tree.exists():
        shutil.rmtree(tree)
    for folder in sorted({"emulator", *(f.file.split("/")[0] for f in faults)}):
        shutil.copytree(ROOT / folder, tree / folder)
    by_file = numbered_by_file(faults)
    for file, planted in by_file.items():
        path = tree / file
        text = path.read_text()
        for f in planted:
            locate(f, text)
        for i, a in enumerate(planted):
            for b in planted[:i]:
                if overlap(a, b):
                    raise DoesNotApply(f"{a.name} and {b.name} cross in {file}")
        path.write_text(planted_text(text, planted))
    return [str(pathlib.Path(f)) for f in by_file]
