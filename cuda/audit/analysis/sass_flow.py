"""Which registers of machine code hold data, where control goes included."""

import functools
import itertools
import re

from sass import Instruction, target_of
from sass_opcodes import COMPUTED_JUMPS, JUMPS, LOADS, WITHOUT_TARGET, computes

def registers(operand):
    """The registers that are named in an operand."""
    return re.findall(r"\bU?R\d+\b", operand)


def _span(register, count):
    letters, number = re.fullmatch(r"(U?R)(\d+)", register).groups()
    return [f"{letters}{int(number) + i}" for i in range(count)]


def _target_count(opcode):
    """How many registers an instruction writes from its target on."""
    if "128" in opcode:
        return 4
    wide = opcode[0] in ("IMAD", "UIMAD") and "WIDE" in opcode
    converted = opcode[0] == "F2I" and not {"U64", "S64"}.isdisjoint(opcode)
    cleared = opcode[0] == "CS2R" and "32" not in opcode
    return 2 if wide or converted or cleared or "64" in opcode or opcode[0] in ("FADD2", "FMUL2", "FFMA2") else 1


_PREDICATE = re.compile(r"!?(U?P(?:\d|T|R))")


def _predicates(operand):
    """The predicate registers of an operand that is one, PR being all; None for any other operand."""
    found = _PREDICATE.fullmatch(operand)
    if not found:
        return None
    name = found.group(1)
    return [f"P{k}" for k in range(7)] if name == "PR" else [] if name.endswith("T") else [name]


def _is_register(operand):
    return re.fullmatch(r"U?R\d+", operand) is not None


@functools.lru_cache(maxsize=None)
def _flow_of(opcode, operands, guard):
    """(written, read): names of registers, predicates included. An instruction writes up to two predicates (a vote one),
    or a register and then such predicates, where sources follow them; a shuffle both."""
    name = opcode[0]
    targets, sources = [], list(_predicates(guard) or [])
    left = list(operands)

    def take_predicates():
        taken = 0
        while left and taken < (1 if name in ("VOTE", "VOTEU") else 2) and _predicates(left[0]) is not None:
            targets.extend(_predicates(left.pop(0)))
            taken += 1
        return taken

    if name not in WITHOUT_TARGET:
        leading = take_predicates()
        if left and _is_register(left[0]) and (not leading or name == "SHFL"):
            targets += _span(left.pop(0), _target_count(opcode))
            if name in ("VOTE", "VOTEU") or any(_predicates(o) is None for o in left):
                take_predicates()
    values = [o for o in left if _predicates(o) is None]
    converts = name == "I2F" and not {"U64", "S64"}.isdisjoint(opcode)
    for operand in left:
        predicates = _predicates(operand)
        found = registers(operand) if predicates is None else predicates
        if ".64" in operand or converts or ("WIDE" in opcode and operand == values[-1]):
            found = [r for f in found if "R" in f for r in _span(f, 2)] + [f for f in found if "R" not in f]
        sources += found
    return tuple(targets), tuple(sources)


def written(i):
    return _flow_of(i.opcode, i.operands, i.guard)[0]


def read(i):
    return _flow_of(i.opcode, i.operands, i.guard)[1]


# What a block ends with.
_ENDS = JUMPS | COMPUTED_JUMPS
# Padding behind a kernel: nothing, and a jump to itself.
_PADDING = {"NOP", "BRA"}


class Flow:
    """Which registers hold data: a value is data if it comes, by whatever way, from memory, selections and guards by a
    comparison of data included. A function that is called is followed at each of its calls, since its registers hold at one
    what they do not at another; it returns to what follows the call, whose address the caller has left in a register.
    `not_followed` tells where control goes to a place that is not known, or where code is that nothing reaches: nothing can be
    said of such a kernel."""

    def __init__(self, function):
        self.blocks, self.labels = [[]], {}
        for statement in function.code:
            if isinstance(statement, Instruction):
                self.blocks[-1].append(statement)
                if statement.opcode[0] in _ENDS:
                    self.blocks.append([])
            else:
                if self.blocks[-1]:
                    self.blocks.append([])
                self.labels[statement] = len(self.blocks) - 1
        self._naming = [[i for i in block if target_of(i) in self.labels] for block in self.blocks]
        self._entering = {}  # block: registers that hold data when it is entered, by whatever calls
        self._called = {}  # (first block, registers that hold data): those that do on return, None without a return
        self._follows = {}
        instructions = function.instructions
        for i, after in zip(instructions, instructions[1:]):
            self._follows[i.address] = after.address
        self._unknown = {i.address: f"a place elsewhere after {shown(i)}" for i in _strays(function)}
        if self._solve(0, frozenset(), ()) is not None:
            self._unknown.setdefault(0, "a return where nothing was called")
        for index, block in enumerate(self.blocks):
            if index not in self._entering and any(i.opcode[0] not in _PADDING for i in block):
                self._unknown[block[0].address] = f"nothing that leads to {shown(block[0])}"
        self.not_followed = [self._unknown[k] for k in sorted(self._unknown)]
        self.computations = list(self._walk())

    def _solve(self, start, data, callers):
        """The registers that hold data where the code that begins with block `start` returns; None if it does not."""
        key = (start, data)
        if key in self._called:
            return self._called[key]
        entering, returned = {start: set(data)}, None
        work = [start]
        while work:
            index = work.pop()
            held = set(entering[index])
            for i in self.blocks[index]:
                self._step(i, held)
            block = self.blocks[index]
            if block and block[-1].opcode[0] == "RET":
                returned = (returned or set()) | held
            for successor, arriving in self._successors(index, held, (*callers, start)):
                if successor not in entering or not arriving <= entering[successor]:
                    entering[successor] = entering.get(successor, set()) | arriving
                    work.append(successor)
        for index, held in entering.items():
            self._entering.setdefault(index, set()).update(held)
        self._called[key] = returned
        return returned

    def _successors(self, index, held, callers):
        """(block, registers that hold data when it is entered) of each that may come next."""
        block = self.blocks[index]
        last = block[-1] if block else None
        name = last.opcode[0] if last else ""
        # Threads that wait at a BSYNC go on behind it; its BSSY points there.
        named = [i for i in self._naming[index] if i is not last or name not in {"CALL", *COMPUTED_JUMPS}]
        found = [(self.labels[target_of(i)], held) for i in named]
        goes_on = not last or bool(last.guard) or name not in _ENDS - {"BSYNC"}
        if name == "CALL":
            found += self._after_call(last, block, index, held, callers)
        elif name in COMPUTED_JUMPS or (name == "BRA" and last not in named):
            self._unknown[last.address] = f"no place that is known after {shown(last)}"
        elif name in ("BRA", "EXIT") and len(last.operands) > (name == "BRA"):
            goes_on = True  # under a condition among its operands
        if goes_on and index + 1 < len(self.blocks):
            found.append((index + 1, held))
        return found

    def _after_call(self, call, block, index, held, callers):
        start = self.labels.get(target_of(call))
        if start is None or (start in callers and target_of(call).startswith("$")):
            self._unknown[call.address] = f"no place that is known after {shown(call)}"
            return []
        after = self._follows.get(call.address)
        if any(value is not None and int(value, 0) == after for value in map(_moved_constant, block)):
            returned = self._solve(start, frozenset(held), callers)
            return [] if returned is None else [(index + 1, returned)]
        if target_of(call).startswith("$"):
            self._unknown[call.address] = f"no address to return to at {shown(call)}"
            return []
        return [(start, held)]  # a far jump

    def _walk(self):
        """(instruction, those of its registers that hold data before it, constants of registers where it runs) of each that
        multiplies, adds or flushes floats, or multiplies integers."""
        for index, block in enumerate(self.blocks):
            data = set(self._entering.get(index, ()))
            constants = {}  # register: (guard under which it holds, the constant), within the block
            for i in block:
                if computes(i.opcode):
                    used = {*read(i), *(r for o in i.operands for r in registers(o))}
                    yield i, used & data, {r: c for r, (guard, c) in constants.items() if guard in ("", i.guard)}
                self._step(i, data)
                targets = written(i)
                if constants:
                    constants = {
                        r: (guard, c)
                        for r, (guard, c) in constants.items()
                        if r not in targets and guard.removeprefix("!") not in targets
                    }
                if (value := _moved_constant(i)) is not None:
                    constants[targets[0]] = (i.guard, value)

    @staticmethod
    def _step(i, data):
        targets = written(i)
        if i.opcode[0] in LOADS or not data.isdisjoint(read(i)):
            data.update(targets)
        elif not i.guard:
            data.difference_update(targets)


def _strays(function):
    """Each BSYNC that its BSSY does not point to, or to what follows it: control would go from there to somewhere else."""
    pointed = {(i.operands[0], target_of(i)) for i in function.instructions if i.opcode[0] == "BSSY"}
    for at, i in enumerate(function.code):
        if not isinstance(i, Instruction) or i.opcode[0] != "BSYNC":
            continue
        before, behind = reversed(function.code[:at]), function.code[at + 1 :]
        beside = [label for side in (before, behind) for label in itertools.takewhile(lambda s: isinstance(s, str), side)]
        if not any((i.operands[-1], label) in pointed for label in beside):
            yield i


def shown(i):
    return f"{i.text} {', '.join(i.operands)} at {i.address:#x}"


def _moved_constant(i):
    """The immediate that an instruction does nothing with but write it to a register."""
    if i.opcode[0] in ("MOV", "UMOV") and len(i.operands) == 2:
        value = i.operands[1]
    elif i.opcode[:2] == ("IMAD", "MOV") and len(i.operands) == 4 and i.operands[1:3] == ("RZ", "RZ"):
        value = i.operands[3]
    else:
        return None
    return value if re.fullmatch(r"0x[0-9a-f]+|\d+", value) else None
