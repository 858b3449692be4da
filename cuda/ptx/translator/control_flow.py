"""Which registers hold values that are still needed, at the places where a thread waits for others.

A thread that waits leaves its C++ function and enters it again later; what is live there has to survive outside.
"""

from syntax import Address, Instruction, Label, Negated, Pair, PtxError, Register, Symbol, Vector

_WITHOUT_RESULT = {"st", "bra", "ret", "exit", "membar", "fence", "trap"}
_ENDS = {"ret", "exit", "trap"}


def has_result(instruction):
    base = instruction.opcode[0]
    if base in ("bar", "barrier"):
        return "red" in instruction.opcode
    return base not in _WITHOUT_RESULT


def is_suspension(instruction):
    """Whether a thread waits here for other threads."""
    return instruction.opcode[0] in ("bar", "barrier", "shfl", "vote")


def registers(operand):
    if isinstance(operand, Register):
        yield operand.name
    elif isinstance(operand, Negated):
        yield operand.register.name
    elif isinstance(operand, Address):
        yield from registers(operand.base)
    elif isinstance(operand, Vector):
        for element in operand.elements:
            yield from registers(element)
    elif isinstance(operand, Pair):
        yield from registers(operand.first)
        yield from registers(operand.second)


def written(instruction):
    return set(registers(instruction.operands[0])) if has_result(instruction) and instruction.operands else set()


def read(instruction):
    sources = instruction.operands[1:] if has_result(instruction) else instruction.operands
    names = {name for operand in sources for name in registers(operand)}
    return names | set(registers(instruction.guard))


class Block:
    """Instructions that run one after the other; control enters at the first and leaves after the last."""

    def __init__(self):
        self.instructions = []
        self.successors = []
        self.live_out = set()


class ControlFlow:
    """The blocks of a kernel, and the registers that are live behind each suspension."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.blocks = []
        self.labels = {}
        self._split()
        self._connect()
        self._find_live()

    def targets(self):
        """Labels that something jumps to."""
        return {i.operands[0].name for i in self.kernel.body if isinstance(i, Instruction) and i.opcode[0] == "bra"}

    def live_after_suspensions(self):
        """For each suspension, by its place in the body's order of instructions, the registers to keep."""
        found = {}
        for block in self.blocks:
            live = set(block.live_out)
            for instruction in reversed(block.instructions):
                if is_suspension(instruction):
                    # Results arrive on return; what is read there has been handed over before.
                    found[id(instruction)] = live - written(instruction)
                live = _before(instruction, live)
        return found

    def live_at_entry(self):
        """Registers that may be read before they are written."""
        live = set(self.blocks[0].live_out) if self.blocks else set()
        for instruction in reversed(self.blocks[0].instructions if self.blocks else []):
            live = _before(instruction, live)
        return live

    def _split(self):
        block = Block()
        for statement in self.kernel.body:
            if isinstance(statement, Label):
                if block.instructions or not self.blocks:
                    self.blocks.append(block)
                    block = Block()
                self.labels[statement.name] = block
                continue
            block.instructions.append(statement)
            if statement.opcode[0] == "bra" or (statement.opcode[0] in _ENDS and statement.guard is None):
                self.blocks.append(block)
                block = Block()
        self.blocks.append(block)

    def _connect(self):
        for block, following in zip(self.blocks, [*self.blocks[1:], None]):
            last = block.instructions[-1] if block.instructions else None
            if last is not None and last.opcode[0] == "bra":
                target = last.operands[0]
                if not isinstance(target, Symbol) or target.name not in self.labels:
                    raise PtxError(last.line, f"{last.text} jumps to no label of {self.kernel.name}")
                block.successors.append(self.labels[target.name])
            ends = last is not None and last.guard is None and (last.opcode[0] in _ENDS or last.opcode[0] == "bra")
            if not ends and following is not None:
                block.successors.append(following)

    def _find_live(self):
        changed = True
        live_in = {id(block): set() for block in self.blocks}
        while changed:
            changed = False
            for block in reversed(self.blocks):
                block.live_out = set().union(*(live_in[id(s)] for s in block.successors))
                live = set(block.live_out)
                for instruction in reversed(block.instructions):
                    live = _before(instruction, live)
                changed |= live != live_in[id(block)]
                live_in[id(block)] = live


def _before(instruction, live):
    if instruction.guard is None:  # a guarded write may leave the old value
        live = live - written(instruction)
    return live | read(instruction)
