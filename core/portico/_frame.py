"""A function at one of its instructions, of whose values is known what they may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from portico._bytecode import Instruction
from portico._known_types import Value

if TYPE_CHECKING:
    from portico._named_keys import Names
    from portico._supposition import Supposing

NULL: Final = Value()
"""What the interpreter puts beside a function that it is about to call."""


class State(NamedTuple):
    """What is known at an instruction.

    Attributes:
        stack: of the values on the stack.
        local: of the function's own names.
    """

    stack: list[Value]
    local: dict[str, Value]

    def copied(self) -> State:
        """The same, to be changed."""
        return State(self.stack.copy(), self.local.copy())

    def joined(self, other: State) -> State:
        """What is known where two ways meet."""
        stack = [one.joined(two) for one, two in zip(self.stack, other.stack, strict=True)]
        local = {
            name: value.joined(other.local[name])
            for name, value in self.local.items()
            if name in other.local
        }
        return State(stack, local)


class Frame:
    """A function at one of its instructions.

    Attributes:
        names: what the names around it stand for.
        supposing: what may be supposed of what others have made.
        calls: goes through a function that this one calls, and says what it gives.
        stack: the values on the stack.
        local: the values of its own names.
        keywords: the names of the arguments of the call that follows.
        jumps: where it may go on besides the next instruction, and with what.
        is_over: whether it does not go on with the next instruction.
        returned: what it gives, where it ends so.
    """

    __slots__ = (
        "calls",
        "is_over",
        "jumps",
        "keywords",
        "local",
        "names",
        "returned",
        "stack",
        "supposing",
    )

    def __init__(self, names: Names, supposing: Supposing, calls: Calls, state: State) -> None:
        self.names = names
        self.supposing = supposing
        self.calls = calls
        self.stack = state.stack
        self.local = state.local
        self.keywords: tuple[str, ...] = ()
        self.jumps: list[tuple[int, State]] = []
        self.is_over = False
        self.returned: Value | None = None

    def take(self, count: int) -> list[Value]:
        """The topmost values, in the order in which they were put there."""
        if not count:
            return []
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def jump(self, offset: int) -> None:
        """Take it that it may go on somewhere else, with what is known now."""
        self.jumps.append((offset, State(self.stack.copy(), self.local.copy())))


Calls: TypeAlias = "Callable[[FunctionType, Sequence[Value], dict[str, Value]], Value]"
Perform: TypeAlias = Callable[[Frame, Instruction], None]
"""What an instruction does; it raises `MayBlock`."""


def for_each(names: str, perform: Perform) -> dict[str, Perform]:
    """The same for each of some instructions."""
    return dict.fromkeys(names.split(), perform)


def push(value: Value) -> Perform:
    """What puts a value on the stack."""
    return lambda frame, step: frame.stack.append(value)
