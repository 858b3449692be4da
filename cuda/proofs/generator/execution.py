"""Symbolic execution of straight or branching code: one state for each block, merged where paths meet.

A program is a list of blocks in the order of the text. A step of an instruction returns None, ("jump", label, condition), or
("end", condition). Loops are refused: a probe has none.
"""

from terms import FALSE, TRUE


class ProofError(Exception):
    """Why code cannot be turned into a statement."""


class State:
    def __init__(self, registers):
        self.registers = registers

    def copy(self):
        return State(dict(self.registers))


class Execution:
    """The result of a program: what it stored, under which condition."""

    def __init__(self, terms, semantics, blocks, labels):
        self.terms = terms
        self.semantics = semantics
        self.blocks = blocks  # lists of instructions
        self.labels = labels  # label -> index of block
        self.stores = []  # (condition, value)
        self.incoming = {}  # block -> [(condition, State)]
        self.active = []

    def run(self):
        for index in self._order():
            self._run_block(index)
        return self

    def result(self):
        """(whether something is stored exactly once, the value)."""
        t = self.terms
        stored, value, twice = FALSE, None, FALSE
        for condition, word in self.stores:
            twice = t.disjunction(twice, t.conjunction(stored, condition))
            stored = t.disjunction(stored, condition)
            value = word if value is None else t.choice(condition, word, value)
        if value is None:
            raise ProofError("it stores nothing")
        return t.conjunction(stored, t.negation(twice)), value

    def _successors(self, index):
        block = self.blocks[index]
        found = []
        for i in block:
            label = self.semantics.jump_target(i)
            if label:
                if label not in self.labels:
                    raise ProofError(f"{i.text} jumps to {label}, which is nowhere")
                found.append(self.labels[label])
        if not block or not self.semantics.never_goes_on(block[-1]):
            found.append(index + 1)
        return [f for f in found if f < len(self.blocks)]

    def _order(self):
        """Blocks that are reached, each after all that lead to it."""
        done, on_path, order = set(), set(), []

        def visit(index):
            if index in on_path:
                raise ProofError("it has a loop")
            if index in done:
                return
            on_path.add(index)
            for successor in self._successors(index):
                visit(successor)
            on_path.discard(index)
            done.add(index)
            order.append(index)

        visit(0)
        return order[::-1]

    def _run_block(self, index):
        condition, state = self._merged(index)
        for i in self.blocks[index]:
            outcome = self.semantics.step(i, state, condition, self)
            if outcome is None:
                continue
            kind, *rest = outcome
            taken = self.terms.conjunction(condition, rest[-1])
            if kind == "jump":
                self._arrive(self.labels[rest[0]], taken, state.copy())
            condition = self.terms.conjunction(condition, self.terms.negation(rest[-1]))
            if condition == FALSE:
                return
        self._arrive(index + 1, condition, state)

    def _arrive(self, index, condition, state):
        if condition != FALSE:
            self.incoming.setdefault(index, []).append((condition, state))

    def _merged(self, index):
        if index == 0:
            return TRUE, State({})
        arrived = self.incoming.get(index, [])
        if not arrived:
            return FALSE, State({})
        condition, state = arrived[0]
        state = state.copy()
        for other, coming in arrived[1:]:
            for name in set(state.registers) | set(coming.registers):
                ours, theirs = state.registers.get(name), coming.registers.get(name)
                width = (ours or theirs).width
                ours = ours or self.terms.unknown(width)
                theirs = theirs or self.terms.unknown(width)
                state.registers[name] = self.terms.choice(other, theirs, ours)
            condition = self.terms.disjunction(condition, other)
        return condition, state
