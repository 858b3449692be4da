"""What nvcc is told, as the build has it on record: whether any of it changes which bits the kernels give.

ptxas leaves its options in a cubin, but what its front end is told leaves no trace there unless it changes an instruction;
and a PTX file has none at all.
"""

import re
import shlex

# Options with a value: what nvcc takes where one is not given, and what it must be.
_VALUES = {
    "fmad": ("true", "false"),
    "ftz": ("false", "false"),
    "prec-div": ("true", "true"),
    "prec-sqrt": ("true", "true"),
}
_FAST_MATH = ("--use_fast_math", "-use_fast_math")
# What hides options from whoever reads the command.
_FILES = ("--options-file", "-optf")
# Options for parts of nvcc, which can turn the same things on.
_PASSED_ON = re.compile(r"fmad|ftz|prec-(div|sqrt)|fast|ffp|contract")
_FORWARDING = ("-Xptxas", "--ptxas-options", "-Xcicc", "-Xcompiler", "--compiler-options", "-Xnvlink", "--nvlink-options")
VARIABLES = ("NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS")


def _split(word, names):
    """(name, value or None) if the word is one of the options, with its value behind '=' or not; else None."""
    name, equals, value = word.partition("=")
    return (name, value if equals else None) if name in names else None


def refused_options(words):
    """What is wrong with the options of one call, as phrases."""
    wrong = []
    given = {option: default for option, (default, _) in _VALUES.items()}
    words = list(words)
    while words:
        word = words.pop(0)
        for option in _VALUES:
            if found := _split(word, (f"--{option}", f"-{option}")):
                given[option] = found[1] if found[1] is not None else words.pop(0) if words else ""
        if found := _split(word, _FAST_MATH):
            if found[1] != "false":
                wrong.append(word)
        elif _split(word, _FILES):
            wrong.append(f"{word}, which hides options")
        elif found := _split(word, _FORWARDING):
            value = found[1] if found[1] is not None else words.pop(0) if words else ""
            if _PASSED_ON.search(value):
                wrong.append(f"{word.split('=')[0]} {value}")
    for option, value in given.items():
        if value != _VALUES[option][1]:
            wrong.append(f"{option}={value}")
    return wrong


def commands_in(text):
    """(output, words after nvcc) of each call of nvcc that a build.ninja has."""
    for line in text.splitlines():
        name, _, value = line.partition(" = ")
        if name.strip() != "COMMAND" or "nvcc" not in value:
            continue
        for command in value.replace("$$", "$").split(" && "):
            words = shlex.split(command)
            at = next((k for k, w in enumerate(words) if re.search(r"(^|/)nvcc[\w.-]*$", w)), None)
            if at is None or "-o" not in words[at:]:
                continue
            options = words[at + 1 :]
            yield options[options.index("-o") + 1], options


def judge(text, environment, stems):
    """(number of calls, sentences on what is wrong): every call, and every file that must come from one."""
    wrong, made, calls = [], set(), 0
    for output, options in commands_in(text):
        calls += 1
        made.add(re.sub(r"\.\w+$", "", output.rsplit("/", 1)[-1]))
        wrong += [f"{output} is compiled with {phrase}" for phrase in refused_options(options)]
    for variable in VARIABLES:
        words = ["--fmad=false", *shlex.split(environment.get(variable, ""))]
        wrong += [f"{variable} adds {phrase} to what is compiled" for phrase in refused_options(words)]
    wrong += [f"no call of nvcc is on record that makes {stem}" for stem in sorted(set(stems) - made)]
    return calls, wrong
