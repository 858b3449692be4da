"""What nvdisasm printed for a cubin: the instructions of each kernel, and what its header says of resources."""

import re
from dataclasses import dataclass, field


class SassError(Exception):
    pass


@dataclass(frozen=True)
class Instruction:
    address: int
    opcode: tuple  # ("ISETP", "GT", "U32", "AND")
    operands: tuple
    guard: str  # "P0", "!UP1", or "" where there is none

    @property
    def text(self):
        return ".".join(self.opcode)


@dataclass
class Function:
    name: str
    code: list = field(default_factory=list)  # Instruction, or a label as a string
    registers: int = 0
    stack_bytes: int = 0
    parameter_base: int = 0  # where parameters begin in constant bank 0
    literals: bytearray = field(default_factory=bytearray)  # of 64 bits and the like, which instructions name as c[0x2]

    @property
    def instructions(self):
        return [i for i in self.code if isinstance(i, Instruction)]


@dataclass
class Module:
    target: str = ""
    functions: dict = field(default_factory=dict)


_INSTRUCTION = re.compile(
    r"^\s+/\*([0-9a-f]{4,})\*/\s+(?:@(!?U?P\w+)\s+)?([A-Z][A-Z0-9_.]*)\s*(.*?)\s*;(?:\s*/\*.*)?$"
)
_ATTRIBUTE = re.compile(r"//----- nvinfo : (EIATTR_\w+)")
_WORD = re.compile(r"\.(?:word|short)\s+(\S+)")
_BYTES = re.compile(r"^\s+/\*[0-9a-f]{4,}\*/\s+\.byte\s+(.*)$")
_PER_FUNCTION = {"EIATTR_REGCOUNT": "registers", "EIATTR_FRAME_SIZE": "stack_bytes"}


def parse(text):
    """Raises SassError where the text is none of nvdisasm's or an instruction cannot be read."""
    module = Module()
    current = None  # function whose code is being read
    attribute = ""
    words = []
    info_of = ""
    literals_of = ""

    def close_attribute():
        if attribute in _PER_FUNCTION and len(words) >= 2:
            name = re.fullmatch(r"index@\((.*)\)", words[-2])
            if name:
                function(name.group(1), _PER_FUNCTION[attribute], int(words[-1], 0))
        if attribute == "EIATTR_PARAM_CBANK" and len(words) >= 2:
            function(info_of, "parameter_base", int(words[-2], 0))

    def function(name, key, value):
        setattr(module.functions.setdefault(name, Function(name)), key, value)

    for line in text.splitlines():
        if section := re.match(r"//-+ (\S+)", line):
            close_attribute()
            attribute = ""
            current = None
            name = section.group(1)
            info_of = name.removeprefix(".nv.info.") if name.startswith(".nv.info.") else ""
            literals_of = name.removeprefix(".nv.constant2.") if name.startswith(".nv.constant2.") else ""
        elif target := re.match(r"\s*\.target\s+(sm_\w+)", line):
            module.target = target.group(1)
        elif start := _ATTRIBUTE.search(line):
            close_attribute()
            attribute = start.group(1)
            words = []
        elif start := re.match(r"\.text\.(\w+):", line):
            current = module.functions.setdefault(start.group(1), Function(start.group(1)))
        elif current is not None:
            if label := re.match(r"(\.L_\w+|\$[\w$]+):", line):
                current.code.append(label.group(1))
            elif found := _INSTRUCTION.match(line):
                current.code.append(_instruction(found))
            elif re.match(r"\s+/\*[0-9a-f]{4,}\*/", line):
                raise SassError(f"{current.name}: an instruction that cannot be read: {line.strip()}")
        elif literals_of and (found := _BYTES.match(line)):
            literals = module.functions.setdefault(literals_of, Function(literals_of)).literals
            literals += bytes(int(b, 16) for b in found.group(1).split(","))
        elif attribute and (word := _WORD.search(line)):
            words.append(word.group(1))
    if not module.target:
        raise SassError("there is no .target: this is not what nvdisasm prints")
    module.functions = {n: f for n, f in module.functions.items() if f.code}
    return module


def _instruction(found):
    address, guard, opcode, operands = found.groups()
    parts = [o.strip().replace(".reuse", "") for o in _split(operands)] if operands else []
    return Instruction(int(address, 16), tuple(opcode.split(".")), tuple(parts), guard or "")


def _split(operands):
    """At commas outside of brackets."""
    depth, part = 0, ""
    for c in operands:
        depth += (c in "[({") - (c in "])}")
        if c == "," and depth == 0:
            yield part
            part = ""
        else:
            part += c
    yield part


def target_of(instruction):
    """The label that a jump or call names; functions that are called begin with a dollar."""
    for operand in instruction.operands:
        if label := re.search(r"\.L_\w+|\$[\w$]+", operand):
            return label.group(0)
    return ""
