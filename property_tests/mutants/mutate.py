"""Makes faults by themselves: every operator, constant, condition and statement of a file, changed in one place.

These faults have no names worth keeping; hunt.py runs them and lists the survivors.
"""
import re

from planting import ROOT, Fault

# Lines whose expressions the compiler evaluates, or that declare.
SKIP = re.compile(r"\s*(#|//|template|using|static_assert|concept|requires|enum|namespace|struct|class|static constexpr|"
                  r"inline |PAMKIT_HD |case |default:|friend|HWY_|PAMKIT_UNROLL|public|private)|.*if constexpr|"
                  r".*\brequires\b|.*\bconstexpr (?:encoding|std|int|bool|policy|promises|slope_operand|magnitude_range|"
                  r"pam_class|scaled_value)[^=]*\(")
OPEN, CLOSE = "([{", ")]}"
# By falling precedence: what an operand of each kind of operator may not contain at its own depth.
STOPS = {
    "*": [" + ", " - ", " << ", " >> ", " < ", " > ", " <= ", " >= ", " == ", " != ", " & ", " | "],
    "+": [" << ", " >> ", " < ", " > ", " <= ", " >= ", " == ", " != ", " & ", " | "],
    "<<": [" < ", " > ", " <= ", " >= ", " == ", " != ", " & ", " | "],
    "<": [" == ", " != ", " & ", " | "],
    "==": [" & ", " | "],
    "&": [" | "],
    "|": [],
    "&&": [" || "],
    "||": [],
}
LOWEST = [" && ", " || ", " ? ", " : ", " = ", " += ", " -= ", " /= ", ", ", ",\n", "; ", ";", "return ", "\n\n"]
CHANGES = {
    " < ": ("<", [" <= ", " > "]), " <= ": ("<", [" < "]), " > ": ("<", [" >= ", " < "]), " >= ": ("<", [" > "]),
    " == ": ("==", [" != "]), " != ": ("==", [" == "]), " && ": ("&&", [" || "]), " || ": ("||", [" && "]),
    " + ": ("+", [" - "]), " - ": ("+", [" + "]), " * ": ("*", [" + "]), " / ": ("*", [" * "]), " % ": ("*", [" / "]),
    " << ": ("<<", [" >> "]), " >> ": ("<<", [" << "]), " & ": ("&", [" | "]), " | ": ("|", [" & "]),
}
NUMBER = re.compile(r"(?<![\w.'\"])(\d+)(?![\w.x'\"])")
CALLS = re.compile(r"\b(?:hn::)?(Min|Max|Add|Sub|And|Or|Eq|Lt|Gt|IfThenElse|IfThenZeroElse|IfThenElseZero|add|subtract|"
                   r"mul|div|minimum|maximum|mul_vjp_a|mul_vjp_b|div_vjp_a|div_vjp_b)(?:<[^<>()]*>)?\(")
RENAMED = {"Min": "Max", "Max": "Min", "Add": "Sub", "Sub": "Add", "Lt": "Gt", "Gt": "Lt", "minimum": "maximum",
           "maximum": "minimum", "IfThenZeroElse": "IfThenElseZero", "IfThenElseZero": "IfThenZeroElse",
           "add": "subtract", "subtract": "add", "mul": "div", "div": "mul", "mul_vjp_a": "mul_vjp_b",
           "mul_vjp_b": "mul_vjp_a", "div_vjp_a": "div_vjp_b", "div_vjp_b": "div_vjp_a"}


def bounds(text, at, size, kind):
    """Where the operands of the operator at text[at:at + size] begin and end."""
    stops = STOPS[kind] + LOWEST
    depth, begin = 0, at
    while begin > 0:
        c = text[begin - 1]
        if c in CLOSE:
            depth += 1
        elif c in OPEN:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and any(text.startswith(s, begin - len(s)) for s in stops if begin >= len(s)):
            break
        begin -= 1
    depth, end = 0, at + size
    own = [o for o, (k, _) in CHANGES.items() if k == kind] if kind in ("+", "*", "<<") else []
    while end < len(text):
        c = text[end]
        if c in OPEN:
            depth += 1
        elif c in CLOSE:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and any(text.startswith(s, end) for s in stops + own):
            break
        end += 1
    while begin < at and text[begin].isspace():
        begin += 1
    while end > at and text[end - 1].isspace():
        end -= 1
    return begin, end


def without_comments(text):
    """The same text with comments blank, so that positions stay."""
    text = re.sub(r"//[^\n]*", lambda m: " " * len(m.group()), text)
    return re.sub(r'"[^"\n]*"', lambda m: '"' + "_" * (len(m.group()) - 2) + '"', text)


def closing(text, opened):
    depth = 0
    for i in range(opened, len(text)):
        depth += (text[i] in OPEN) - (text[i] in CLOSE)
        if depth == 0:
            return i
    return len(text)


def parts(text, begin, end):
    """The arguments between two positions, as (begin, end)."""
    found, depth, start = [], 0, begin
    for i in range(begin, end):
        depth += (text[i] in OPEN) - (text[i] in CLOSE)
        if text[i] == "," and depth == 0:
            found.append((start, i))
            start = i + 1
    found.append((start, end))
    return [(a + len(text[a:b]) - len(text[a:b].lstrip()), b) for a, b in found]


def mutants_of(file, arithmetic="pam"):
    """All faults of one file, positions set."""
    original = (ROOT / file).read_text()
    text = without_comments(original)
    found, seen = [], set()

    def add(what, begin, end, replacement):
        if begin >= end or (begin, end, replacement) in seen or original[begin:end] == replacement:
            return
        if "auto " in original[begin:end] or "\n\n" in original[begin:end] or original[begin:end].count("\n") > 4:
            return
        seen.add((begin, end, replacement))
        line = original.count("\n", 0, begin) + 1
        found.append(Fault(name=f"{file.rsplit('/', 1)[1]}:{line}:{len(found)}", file=file, fault=what,
                           find=original[begin:end], replace=replacement, arithmetic=arithmetic, begin=begin))

    position = 0
    for line in text.splitlines(keepends=True):
        first, position = position, position + len(line)
        if SKIP.match(line) or not line.strip():
            continue
        indented = len(line) - len(line.lstrip())
        for operator, (kind, others) in CHANGES.items():
            for m in re.finditer(re.escape(operator), line):
                at = first + m.start()
                if kind == "*" and re.search(r"(const|float|char|uint32_t)$", text[:at]):
                    continue
                begin, end = bounds(text, at, len(operator), kind)
                for other in others:
                    add(f"{operator.strip()} is {other.strip()}", begin, end,
                        original[begin:at] + other + original[at + len(operator):end])
        for m in NUMBER.finditer(line):
            begin, end = first + m.start(), first + m.end()
            if text[begin - 1] in "<[" or text[end:end + 1] in ">]" or "0x" in text[begin - 2:begin]:
                continue
            value = int(m.group(1))
            for other in {value + 1, max(value - 1, 0)} - {value}:
                add(f"{value} is {other}", begin, end, str(other))
        for m in re.finditer(r"\b(true|false)\b", line):
            add(f"{m.group(1)} negated", first + m.start(), first + m.end(), "false" if m.group(1) == "true" else "true")
        for m in re.finditer(r"(?<=[(&| ])!(?=[\w(])", line):
            add("! dropped", first + m.start(), first + m.start() + 1 + len(re.match(r"[\w.:]*", line[m.end():]).group()),
                original[first + m.end():first + m.end() + len(re.match(r"[\w.:]*", line[m.end():]).group())])
        for m in re.finditer(r"\b(if|while) \(", line):
            opened = first + m.end() - 1
            closed = closing(text, opened)
            if m.group(1) == "if":
                add("condition true", opened + 1, closed, "true")
                add("condition false", opened + 1, closed, "false")
        for m in CALLS.finditer(line):
            opened = first + m.end() - 1
            closed = closing(text, opened)
            begin = first + m.start()
            arguments = parts(text, opened + 1, closed)
            if m.group(1) in RENAMED:
                name = m.group(0).replace(m.group(1), RENAMED[m.group(1)], 1)
                add(f"{m.group(1)} is {RENAMED[m.group(1)]}", begin, closed + 1, name + original[opened + 1:closed + 1])
            if len(arguments) >= 2 and m.group(1) not in ("Add", "And", "Or", "Eq", "Min", "Max", "add"):
                (a, b), (c, d) = arguments[-2:]
                add("operands exchanged", begin, closed + 1,
                    original[begin:a] + original[c:d] + original[b:c] + original[a:b] + original[d:closed + 1])
        stripped = line.strip()
        if re.match(r"[\w.*:\[\]()>-]+ (=|\+=|-=|/=|<<=) .*;$", stripped) or re.match(r"[\w.:]+\(.*\);$", stripped):
            if not stripped.startswith(("return", "const", "for", "if", "while", "auto")) and \
                    text[:first].rstrip()[-1:] in "{};":
                add("statement dropped", first + indented, first + len(line.rstrip()), ";")
        if stripped.startswith("return ") and stripped.endswith(";") and stripped.count(";") == 1:
            pass
    return found


def crossing_free(faults):
    """The faults without those that cross an earlier one."""
    from planting import overlap
    kept = {}
    for f in faults:
        others = kept.setdefault(f.file, [])
        if not any(overlap(f, g) for g in others):
            others.append(f)
    return [f for group in kept.values() for f in group]
