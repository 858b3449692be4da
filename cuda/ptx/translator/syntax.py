"""PTX text as Python objects: what is declared, and the instructions of each kernel.

Only what a compiler emits for kernels is read. Anything else is refused with one line that names file and line,
because an instruction that is not understood could do anything.
"""

import math
import re
from dataclasses import dataclass, field


class PtxError(Exception):
    """What is wrong, where, and what would be right, in one line."""

    def __init__(self, line, message):
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True)
class Register:
    name: str


@dataclass(frozen=True)
class Special:
    """A register that the machine sets: tid.x, laneid, ..."""

    name: str


@dataclass(frozen=True)
class Immediate:
    """An integer, which the instruction's type cuts to its width."""

    value: int


@dataclass(frozen=True)
class FloatImmediate:
    bits: int
    width: int


@dataclass(frozen=True)
class Symbol:
    """The address of a variable in its state space, or a label."""

    name: str
    offset: int = 0


@dataclass(frozen=True)
class Address:
    base: object  # Register, Symbol or Immediate
    offset: int = 0


@dataclass(frozen=True)
class Vector:
    elements: tuple


@dataclass(frozen=True)
class Pair:
    """Two results, as in d|p; None for a result that is thrown away."""

    first: object
    second: object


@dataclass(frozen=True)
class Negated:
    """!p"""

    register: Register


@dataclass(frozen=True)
class Instruction:
    opcode: tuple  # ("ld", "global", "v4", "u32")
    operands: tuple
    guard: object  # Register, Negated or None
    line: int

    @property
    def text(self):
        return ".".join(self.opcode)


@dataclass(frozen=True)
class Label:
    name: str
    line: int


@dataclass(frozen=True)
class Variable:
    space: str
    align: int
    size: int
    line: int


@dataclass
class Kernel:
    name: str
    line: int
    parameters: dict = field(default_factory=dict)  # name -> (offset, Variable)
    parameter_bytes: int = 0
    registers: dict = field(default_factory=dict)  # name -> type
    shared: dict = field(default_factory=dict)  # name -> (offset, Variable)
    shared_bytes: int = 0
    has_dynamic_shared: bool = False
    max_threads: int = 1024  # of a block
    body: list = field(default_factory=list)


@dataclass
class Module:
    target: str = ""
    version: str = ""
    kernels: list = field(default_factory=list)


SIZES = {
    **{f"{kind}{bits}": bits // 8 for kind in "bus" for bits in (8, 16, 32, 64)},
    "f16": 2, "bf16": 2, "f16x2": 4, "bf16x2": 4, "f32": 4, "f64": 8, "pred": 1,
}  # fmt: skip

SPECIALS = {f"%{name}.{axis}" for name in ("tid", "ntid", "ctaid", "nctaid") for axis in "xyz"} | {"%laneid"}

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|//[^\n]*)
      | (?P<newline>\n)
      | (?P<comment>/\*.*?\*/)
      | (?P<string>"[^"\n]*")
      | (?P<float>0[fF][0-9A-Fa-f]{8}\b|0[dD][0-9A-Fa-f]{16}\b)
      | (?P<number>0[xX][0-9A-Fa-f]+U?\b|[0-9]+(\.[0-9]+)?U?\b)
      | (?P<word>[%$A-Za-z_][\w$]*(?:(?:\.|::)[\w$]+)*)
      | (?P<directive>\.[A-Za-z_]\w*)
      | (?P<mark>[{}\[\]()<>,;:@!|+=-])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    line: int


def _tokens(text):
    line, position = 1, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise PtxError(line, f"{text[position]!r} begins nothing that PTX has")
        kind = match.lastgroup
        if kind not in ("space", "newline", "comment"):
            yield _Token(kind, match.group(), line)
        line += match.group().count("\n")
        position = match.end()
    yield _Token("end", "the end", line)


def _aligned(offset, align):
    return -(-offset // align) * align


class _Parser:
    def __init__(self, text):
        self.tokens = list(_tokens(text))
        self.at = 0
        self.module = Module()
        self.module_shared = {}  # name -> Variable

    # --- Tokens

    @property
    def next(self):
        return self.tokens[self.at]

    def take(self):
        token = self.next
        self.at += token.kind != "end"
        return token

    def accept(self, *texts):
        if self.next.text in texts and self.next.kind != "end":
            return self.take()
        return None

    def expect(self, text):
        token = self.take()
        if token.text != text:
            raise PtxError(token.line, f"'{text}' is expected before '{token.text}'")
        return token

    def name(self):
        token = self.take()
        if token.kind != "word":
            raise PtxError(token.line, f"a name is expected before '{token.text}'")
        return token

    def integer(self):
        sign = -1 if self.accept("-") else 1
        token = self.take()
        if token.kind != "number" or "." in token.text:
            raise PtxError(token.line, f"an integer is expected before '{token.text}'")
        return sign * int(token.text.rstrip("U"), 0)

    # --- The module

    def parse(self):
        while self.next.kind != "end":
            self.top_level()
        if not self.module.target:
            raise PtxError(1, "there is no .target: this is no PTX")
        return self.module

    def top_level(self):
        token = self.take()
        if token.text == ".version":
            self.module.version = self.take().text
        elif token.text == ".target":
            self.module.target = self.take().text
            while self.accept(","):
                self.take()
        elif token.text == ".address_size":
            if self.integer() != 64:
                raise PtxError(token.line, ".address_size 64 is the only one that is read")
        elif token.text in (".visible", ".weak", ".extern"):
            pass  # the declaration follows
        elif token.text == ".entry":
            self.entry()
        elif token.text == ".shared":
            name, variable = self.variable("shared")
            self.module_shared[name] = variable
            self.expect(";")
        elif token.text == ".file":
            while self.tokens[self.at].line == token.line and self.next.kind != "end":
                self.take()
        else:
            raise PtxError(token.line, f"{token.text} at top level is not supported; kernels (.entry) and .shared are")

    def variable(self, space):
        """After the state space: [.align N] .TYPE name[[N]]."""
        align = self.integer() if self.accept(".align") else None
        token = self.take()
        size = SIZES.get(token.text[1:]) if token.kind == "directive" else None
        if size is None:
            raise PtxError(token.line, f"a type is expected before '{token.text}'")
        align = size if align is None else align
        while self.accept(".ptr"):
            while self.next.kind == "directive":
                if self.take().text == ".align":
                    self.integer()
        name = self.name()
        if self.accept("["):
            if self.accept("]"):
                size = 0  # as large as the launch says
            else:
                size *= self.integer()
                self.expect("]")
        return name.text, Variable(space, align, size, name.line)

    def entry(self):
        name = self.name()
        kernel = Kernel(name.text, name.line)
        if self.accept("("):
            while not self.accept(")"):
                self.expect(".param")
                parameter, variable = self.variable("param")
                offset = _aligned(kernel.parameter_bytes, variable.align)
                kernel.parameters[parameter] = (offset, variable)
                kernel.parameter_bytes = offset + variable.size
                self.accept(",")
        while self.next.kind == "directive":  # .maxntid 256, 1, 1 and its like bind the launch, not the code
            bound = self.take().text
            sizes = []
            while self.next.kind == "number":
                sizes.append(self.integer())
                self.accept(",")
            if bound in (".maxntid", ".reqntid"):
                kernel.max_threads = math.prod(sizes)
        self.expect("{")
        self.block(kernel, [{}])
        self.place_module_shared(kernel)
        self.module.kernels.append(kernel)

    # --- A kernel's body

    def block(self, kernel, scopes):
        while not self.accept("}"):
            token = self.next
            if token.kind == "end":
                raise PtxError(token.line, f"kernel {kernel.name} does not end")
            if self.accept("{"):
                self.block(kernel, [*scopes, {}])
            elif token.kind == "directive":
                self.declaration(kernel, scopes)
            elif token.kind == "word" and self.tokens[self.at + 1].text == ":":
                kernel.body.append(Label(self.take().text, token.line))
                self.expect(":")
            else:
                kernel.body.append(self.instruction(scopes))

    def declaration(self, kernel, scopes):
        token = self.take()
        if token.text == ".reg":
            self.registers(kernel, scopes)
        elif token.text == ".shared":
            name, variable = self.variable("shared")
            self.place_shared(kernel, name, variable)
        elif token.text == ".loc":
            while self.tokens[self.at].line == token.line:
                self.take()
            return
        elif token.text == ".pragma":
            self.take()
        elif token.text == ".local":
            raise PtxError(token.line, f"{kernel.name} keeps variables in local memory, which kernels must not")
        else:
            raise PtxError(token.line, f"{token.text} in a kernel is not supported")
        self.expect(";")

    def registers(self, kernel, scopes):
        """.reg .TYPE %r<N>; or .reg .TYPE a, b; the names of an inner scope are its own."""
        token = self.take()
        kind = token.text[1:]
        if kind not in SIZES:
            raise PtxError(token.line, f"registers of type {token.text} are not supported")
        while True:
            name = self.name().text
            if self.accept("<"):
                names = [f"{name}{i}" for i in range(self.integer())]
                self.expect(">")
            else:
                names = [name]
            for one in names:
                own = one if len(scopes) == 1 else f"{one}_scope{len(kernel.registers)}"
                scopes[-1][one] = own
                kernel.registers[own] = kind
            if not self.accept(","):
                return

    def place_shared(self, kernel, name, variable):
        offset = _aligned(kernel.shared_bytes, variable.align)
        kernel.shared[name] = (offset, variable)
        kernel.shared_bytes = offset + variable.size
        kernel.has_dynamic_shared |= variable.size == 0

    def place_module_shared(self, kernel):
        """Variables of the module that the kernel uses; the dynamic one comes last."""
        used = {n for i in kernel.body if isinstance(i, Instruction) for n in _symbols(i.operands)}
        for name, variable in sorted(self.module_shared.items(), key=lambda item: item[1].size == 0):
            if name in used and name not in kernel.shared:
                self.place_shared(kernel, name, variable)

    def instruction(self, scopes):
        guard = None
        if at := self.accept("@"):
            negated = self.accept("!")
            guard = self.register(self.name(), scopes)
            guard = Negated(guard) if negated else guard
        opcode = self.take()
        if opcode.kind != "word":
            raise PtxError(opcode.line, f"an instruction is expected before '{opcode.text}'")
        operands = []
        while not self.accept(";"):
            operands.append(self.operand(scopes))
            if not self.accept(","):
                self.expect(";")
                break
        line = at.line if at else opcode.line
        return Instruction(tuple(opcode.text.split(".")), tuple(operands), guard, line)

    def register(self, token, scopes):
        for scope in reversed(scopes):
            if token.text in scope:
                return Register(scope[token.text])
        raise PtxError(token.line, f"{token.text} is not declared")

    def is_register(self, token, scopes):
        return any(token.text in scope for scope in scopes)

    def operand(self, scopes):
        if self.accept("{"):
            elements = []
            while not self.accept("}"):
                elements.append(self.operand(scopes))
                self.accept(",")
            return Vector(tuple(elements))
        if self.accept("["):
            address = self.address(scopes)
            self.expect("]")
            return address
        if self.accept("!"):
            return Negated(self.register(self.name(), scopes))
        value = self.plain(scopes)
        if self.accept("|"):
            return Pair(value, self.plain(scopes))
        return value

    def address(self, scopes):
        base = self.plain(scopes)
        if isinstance(base, Symbol):
            return Address(Symbol(base.name), base.offset)
        if isinstance(base, Register) and self.accept("+"):
            return Address(base, self.integer())
        return Address(base)

    def plain(self, scopes):
        token = self.next
        if token.kind == "float":
            self.take()
            return FloatImmediate(int(token.text[2:], 16), 4 * (len(token.text) - 2) // 8)
        if token.kind == "number" or token.text == "-":
            return Immediate(self.integer())
        if token.kind != "word":
            raise PtxError(token.line, f"an operand is expected before '{token.text}'")
        self.take()
        if token.text == "_":
            return None
        if token.text in SPECIALS:
            return Special(token.text[1:])
        if token.text == "WARP_SZ":
            return Immediate(32)
        if self.is_register(token, scopes):
            return self.register(token, scopes)
        if token.text.startswith("%"):
            raise PtxError(token.line, f"register {token.text} is not supported")
        return Symbol(token.text, self.integer() if self.accept("+") else 0)


def _symbols(operands):
    for operand in operands:
        if isinstance(operand, Symbol):
            yield operand.name
        elif isinstance(operand, Address) and isinstance(operand.base, Symbol):
            yield operand.base.name
        elif isinstance(operand, Vector):
            yield from _symbols(operand.elements)


def parse(text):
    """The module that `text` describes. Raises PtxError."""
    return _Parser(text).parse()
