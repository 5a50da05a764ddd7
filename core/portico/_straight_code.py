"""Straight-line code: a function that comes to its end in a bounded time, run on what is known.

Theory of operation. The instructions of a function are gone through once, with a stack and local
names of which only is known what `_known_types` says: the exact classes that each value may have.
Every instruction either is known to do nothing but compute (`_opcodes` has the table), or
the function *may block*: so does a call that is not in the fixed list, an attribute of an unknown
object, an opcode of a version that is not known here. Where two ways meet, what is known is what
holds on both; an exception leads from each instruction to its handler. Code that comes back to
where it was loops, and may take any time.

So whatever is found not to block cannot wait for anything, sets no context variable, and runs no
code but Portico's, msgspec's and that of Python's own classes.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Final, NamedTuple

from portico._bytecode import Instruction, handlers, instructions, opnames
from portico._called_function import bound
from portico._frame import Frame, State
from portico._known_types import UNKNOWN, MayBlock, Value
from portico._named_keys import names_of
from portico._opcodes import EXCEPTION, LAST, perform

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, FunctionType

    from portico._bytecode import Handler
    from portico._named_keys import Names
    from portico._supposition import Supposing

MAX_STEPS: Final = 5_000
_MOST_CALLS: Final = 4  # within each other


class Finding(NamedTuple):
    """Why a function may block.

    Attributes:
        reason: what it does, as a verb phrase.
        offset: where.
    """

    reason: str
    offset: int


def run(
    code: CodeType, names: Names, parameters: dict[str, Value], supposing: Supposing
) -> Finding | None:
    """Go through a function; None where it is straight-line code that does not block.

    Args:
        code: its code.
        names: what the names around it stand for.
        parameters: what is known of its parameters.
        supposing: what may be supposed of what others have made; what is, is noted there.
    """
    found = _Walk(supposing).through(code, names, parameters)
    return found if isinstance(found, Finding) else None


class _Walk:
    """The way through a function, and through those that it calls.

    Attributes:
        supposing: what may be supposed on it.
        left: how many steps it may still take.
    """

    __slots__ = ("_under_way", "left", "supposing")

    def __init__(self, supposing: Supposing) -> None:
        self.supposing: Supposing = supposing
        self.left: int = MAX_STEPS
        self._under_way: list[CodeType] = []

    def through(
        self, code: CodeType, names: Names, parameters: dict[str, Value]
    ) -> Finding | Value:
        """What a function gives, or why it may block."""
        steps = instructions(code)
        catching = handlers(code)
        if catching:
            catching = _without_conversion(steps, catching)
        loop = _loop(steps, catching)
        if loop is not None:
            # Waiting is a loop as well.
            waits = (step.offset for step in steps if step.opname == "GET_AWAITABLE")
            waiting = next(waits, None)
            return Finding("loops", loop) if waiting is None else Finding("awaits", waiting)
        self._under_way.append(code)
        found = _Run(self, names, steps, catching).result(parameters)
        self._under_way.pop()
        return found

    def call(
        self, function: FunctionType, arguments: Sequence[Value], named: dict[str, Value]
    ) -> Value:
        """What a call of a function gives that is written in Python.

        Raises:
            MayBlock: it may block.
        """
        code = function.__code__
        if code in self._under_way or len(self._under_way) > _MOST_CALLS:
            raise MayBlock(", which calls itself, or others that call others")
        parameters = bound(function, arguments, named)
        found = self.through(code, names_of(function), parameters)
        if isinstance(found, Finding):
            raise MayBlock(f", which {found.reason}")
        return found


_STOPITERATION_ERROR: Final = 3  # CPython's Include/internal/pycore_intrinsics.h


def _without_conversion(steps: tuple[Instruction, ...], catching: list[Handler]) -> list[Handler]:
    """Without what is around all of a coroutine, from 3.12 on: it only renames a StopIteration."""
    renaming = {
        step.offset
        for step in steps
        if step.opname == "CALL_INTRINSIC_1" and step.arg == _STOPITERATION_ERROR
    }
    return [handler for handler in catching if handler.target not in renaming]


class _Run:
    __slots__ = (
        "_catching",
        "_index",
        "_meeting",
        "_names",
        "_pending",
        "_returned",
        "_steps",
        "_walk",
    )

    def __init__(
        self,
        walk: _Walk,
        names: Names,
        steps: tuple[Instruction, ...],
        catching: list[Handler],
    ) -> None:
        self._walk = walk
        self._names = names
        self._returned: list[Value] = []
        self._steps = steps
        self._catching = catching
        self._index = {step.offset: index for index, step in enumerate(steps)}
        self._meeting = {step.value for step in steps if "JUMP" in step.opname}
        self._pending: dict[int, State] = {}

    def result(self, parameters: dict[str, Value]) -> Finding | Value:
        walk = self._walk
        self._go(self._steps[0].offset, State([], parameters))
        while self._pending:
            # The first of them: most ways lead forward, so that what meets there has come by then.
            offset = min(self._pending)
            frame = Frame(self._names, walk.supposing, walk.call, self._pending.pop(offset))
            finding = self._stretch(offset, frame)
            if finding is not None:
                return finding
        return reduce(Value.joined, self._returned or [Value(frozenset())])

    def _stretch(self, offset: int, frame: Frame) -> Finding | None:
        """Go on from an instruction to where another way may come in, or the code ends."""
        handler: Handler | None = None
        for index in range(self._index[offset], len(self._steps)):
            step = self._steps[index]
            if step.offset in self._meeting and step.offset != offset:
                self._go(step.offset, State(frame.stack, frame.local))
                return None
            self._walk.left -= 1
            if self._walk.left < 0:
                return Finding("is too long to look through", step.offset)
            if self._catching:
                handler = self._go_to_handler(step.offset, frame, handler)
            try:
                perform(frame, step)
            except MayBlock as reason:
                return Finding(str(reason), step.offset)
            if step.opname in _ASSIGNING:
                handler = None
            for target, state in frame.jumps:
                self._go(target, state)
            frame.jumps.clear()
            if frame.is_over:
                if frame.returned is not None:
                    self._returned.append(frame.returned)
                return None
        return None

    def _go(self, offset: int, state: State) -> None:
        pending = self._pending.get(offset)
        self._pending[offset] = state if pending is None else pending.joined(state)

    def _go_to_handler(self, offset: int, frame: Frame, last: Handler | None) -> Handler | None:
        """The handler of an instruction, which is told what is known, unless it was the last."""
        for handler in self._catching:
            if handler.start <= offset < handler.end:
                if handler is not last:
                    stack = frame.stack[: handler.depth]
                    stack += [UNKNOWN, EXCEPTION] if handler.keeps_place else [EXCEPTION]
                    self._go(handler.target, State(stack, frame.local.copy()))
                return handler
        return None


_ASSIGNING: Final = opnames("STORE_FAST STORE_FAST_STORE_FAST STORE_FAST_LOAD_FAST DELETE_FAST")
"""Instructions after which a handler would find other names than before."""


def _loop(steps: tuple[Instruction, ...], catching: list[Handler]) -> int | None:
    """Where code comes back to where it was; None where it does not."""
    if not any("BACKWARD" in step.opname for step in steps) and all(
        handler.target >= handler.end for handler in catching
    ):
        return None
    follow = _successors(steps, catching)
    on_way, done = set[int](), set[int]()
    way: list[tuple[int, list[int]]] = [(steps[0].offset, list(follow[steps[0].offset]))]
    on_way.add(steps[0].offset)
    while way:
        offset, rest = way[-1]
        if not rest:
            way.pop()
            on_way.discard(offset)
            done.add(offset)
            continue
        target = rest.pop()
        if target in on_way:
            return offset
        if target not in done:
            on_way.add(target)
            way.append((target, list(follow[target])))
    return None


def _successors(steps: tuple[Instruction, ...], catching: list[Handler]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for index, step in enumerate(steps):
        after = found[step.offset] = set[int]()
        if step.opname not in LAST and index + 1 < len(steps):
            after.add(steps[index + 1].offset)
        if "JUMP" in step.opname or step.opname in ("FOR_ITER", "SEND"):
            after.add(step.value)
        for handler in catching:
            if handler.start <= step.offset < handler.end:
                after.add(handler.target)
    return found
