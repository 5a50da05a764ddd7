"""`Declared`: what is declared is what leaves.

The declaration of a route is, by status, what its option `response` says; else what the handler's
annotation says; else what the annotations of the hooks on it say. Every answer is held to it,
whoever made it. A status that nobody declared may be sent by a function whose annotation is open.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, TypeGuard, get_args

from portico._answer import BlockingAnswer, is_reply
from portico._errors import UndeclaredAnswerError
from portico._reply import ALIASES, Reply
from portico._response import Response
from portico._returns import Returns, declared_responses
from portico._signature import EMPTY
from portico._slot import Slot, slot_of
from portico._type_forms import bare, is_union, type_name, union_of

if TYPE_CHECKING:
    from portico._held_stream import Hold
    from portico._mirror import UnfitError

_EXPLICIT: Final = (Response, BlockingAnswer)
_OPEN: Final = Slot(Any)
_REPLY: Final[frozenset[type]] = frozenset({Reply})
# Neither replies nor responses, and neither awaited nor streamed.
_CONTAINERS: Final = frozenset({dict, frozenset, list, set, tuple})
_SHOWN: Final = 10


class Declared:
    """What the answers of one route are held to, by status.

    Args:
        handler: what the handler's annotation declares.
        others: the same of every hook that may answer on the route. Their None means "go on".
        options: the option `response` of the route and its guards: types by status, or one type,
            which stands for 200.
        validate: whether values are validated as a whole. Without it the fields of an instance of
            exactly the declared class are trusted to have their types.
    """

    __slots__ = ("_handler", "_is_trivial", "_plain", "_slots", "_validate", "none_status", "types")

    def __init__(
        self,
        handler: Returns,
        others: Iterable[Returns] = (),
        options: Any = None,
        *,
        validate: bool = False,
    ) -> None:
        hooks = list(others)
        own: Mapping[int, Any] = {} if options is None else declared_responses(options)
        self.types: Mapping[int, Any] = _of_hooks(hooks) | dict(handler.types) | dict(own)
        """The type of the values of each status, as the documentation shows it."""
        self._handler = handler
        self._validate = validate
        self._slots = {code: slot_of(tp, strict=validate) for code, tp in self.types.items()}
        plain = self._slots.get(200)
        takes_none = plain is not None and plain.takes_none
        self.none_status = 204 if 204 in self.types and not takes_none else 200
        """The status of an answer of None for which no other was set."""
        self._plain = plain or _OPEN
        self._is_trivial = (
            plain is not None
            and handler.is_open
            and all(slot.is_open for slot in self._slots.values())
            and all(rest is EMPTY for rest in (handler.rest, *(hook.rest for hook in hooks)))
        )

    @property
    def is_trivial(self) -> bool:
        """Whether every answer passes, so that there is nothing to ask."""
        return self._is_trivial

    def is_plain(self, value: Any, code: int) -> bool:
        """Whether every value of this very class passes as it is, with this status."""
        slot = self._slots.get(code)
        return slot is not None and type(value) in slot.classes

    def check(self) -> None:
        """Build what the first answers would else wait for, but for what cannot be wrong.

        Raises:
            DefinitionError: a declared type has no form on the wire.
        """
        for slot in self._held_slots():
            slot.check()

    def prepare(self) -> None:
        """Build all that the first answers would else wait for.

        Raises:
            DefinitionError: a declared type has no form on the wire.
        """
        self.check()
        self.build()

    def build(self) -> None:
        """Build what `check` leaves to the first answers."""
        for slot in self._held_slots():
            slot.build()

    def _held_slots(self) -> Iterable[Slot]:
        # What is simple needs no more for a value that is right: msgspec is not loaded for it.
        return [each for each in self._slots.values() if not each.is_simple or each.item]

    def settle(self, value: Any, author: Returns, *, status: int | None = None) -> Any:
        """The value to send in the place of `value`, which is not changed.

        Args:
            value: what a function returned, or an exception's value.
            author: what the annotation of that function declares.
            status: of a plain value, where another than 200 was set.

        Raises:
            UndeclaredAnswerError: the status or the value is not declared. Of a stream, an item
                that is not raises it when it is asked for.
        """
        if type(value) in _REPLY:
            slot = self._slots.get(value.code)
            if slot is not None and type(value.value) in slot.classes:
                return value
        elif status is None:
            plain = self._plain
            if type(value) in plain.classes:
                return value
            if type(value) in _CONTAINERS and not plain.is_open:
                return self._fit(plain, value, 200, author)
        if isinstance(value, _EXPLICIT):
            return value
        if is_reply(value):
            inner = value.value
            held = self._held(inner, value.code, author)
            return value if held is inner else Reply(value.code, held, value.headers)
        if _is_awaitable(value):
            return _held_awaitable(value, lambda done: self.settle(done, author, status=status))
        return self._held(value, self._plain_status(value, status), author)

    def _plain_status(self, value: Any, status: int | None) -> int:
        if status is not None and status in self.types:
            return status
        return self.none_status if value is None else 200

    def _held(self, value: Any, code: int, author: Returns) -> Any:
        """The value to send under a status, or the stream or awaitable that is held to it later."""
        slot = self._slots.get(code) or self._undeclared(value, code, author)
        if slot.is_open or isinstance(value, _EXPLICIT):
            return value
        if value is None:
            # With an error status it is sent as a problem.
            is_problem = code >= 400 and slot.takes_problem
            return None if is_problem else self._fit(slot, value, code, author)
        if _is_awaitable(value):
            return _held_awaitable(value, lambda done: self._held(done, code, author))
        if slot.item is not None and _is_stream(value):
            return self._stream(value, slot.item, code, author)
        return self._fit(slot, value, code, author)

    def _stream(self, source: Any, item: Slot, code: int, author: Returns) -> Any:
        def hold(value: Any) -> Any:
            return self._fit(item, value, code, author)

        def hold_end(value: Any) -> Any:
            if value is None or author.has_open_end:
                return value
            return self.settle(value, author, status=code)

        return _held_stream()(source, item, hold, hold_end)

    def _fit(self, slot: Slot, value: Any, code: int, author: Returns) -> Any:
        try:
            return slot.fit(value)
        except Exception as error:
            # Not at the top: a start needs no mirror.
            from portico._mirror import UnfitError, unfit

            if isinstance(error, RecursionError):
                error = unfit("a value that does not contain itself, or is nested less deeply")
            elif not isinstance(error, UnfitError):
                raise
            raise _misfit(error, slot, value, code, author) from None

    def _undeclared(self, value: Any, code: int, author: Returns) -> Slot:
        """What a status is held to that the route does not declare."""
        for known in (author.types.get(code, EMPTY), author.rest, self._handler.rest):
            if known is not EMPTY:
                return slot_of(known, strict=self._validate)
        if author.is_open:
            return _OPEN
        kind = type_name(type(value))
        listed = ", ".join(str(each) for each in sorted(self.types)) or "no answer"
        name = f"{ALIASES[code]}[{kind}]" if code in ALIASES else f"Reply[Literal[{code}], {kind}]"
        raise UndeclaredAnswerError(
            f"{author.where or 'A function'} answers with {code} and a `{kind}`, but its route "
            f"declares {listed}. Declare it: `-> ... | {kind if code == 200 else name}`, or "
            f"`response={{{code}: {kind}}}`.",
            status=code,
        )


def _is_awaitable(value: object) -> TypeGuard[Awaitable[Any]]:
    """Whether the answer is what awaiting a value gives."""
    return hasattr(type(value), "__await__")


def _is_stream(value: object) -> bool:
    """Whether a value is sent item by item."""
    return hasattr(type(value), "__next__") or hasattr(type(value), "__anext__")


def _held_awaitable(value: Awaitable[Any], hold: Hold) -> Awaitable[Any]:
    from portico._held_stream import HeldAwaitable

    return HeldAwaitable(value, hold)


@cache
def _held_stream() -> Callable[[Any, Slot, Hold, Hold], Any]:
    # Loaded with the first stream; the statement costs more than the call, each time.
    from portico._held_stream import held

    return held


def _misfit(
    error: UnfitError, slot: Slot, value: Any, code: int, author: Returns
) -> UndeclaredAnswerError:
    # Types alone are shown: what is not declared may be a secret, and errors go to logs.
    places = "; ".join(
        f"{fault.pointer or 'the value'}: expected {fault.expected}"
        for fault in error.faults[:_SHOWN]
    )
    return UndeclaredAnswerError(
        f"{author.where or 'A function'} answers {code} with a `{type_name(type(value))}` that is "
        f"not the declared `{type_name(slot.type)}` ({places}). Return what is declared, or "
        "declare what is returned.",
        status=code,
        faults=error.faults,
    )


def _of_hooks(hooks: list[Returns]) -> dict[int, Any]:
    """What hooks add to a route's declaration: not that they may answer nothing, or anything."""
    found: dict[int, list[Any]] = {}
    for hook in hooks:
        for code, tp in hook.types.items():
            plain = code in (200, 204)
            if plain and hook.is_open:
                continue
            named = _without_none(tp) if plain else [tp]
            found.setdefault(code, []).extend(named)
    return {code: union_of(types) for code, types in found.items() if types}


def _without_none(tp: Any) -> list[Any]:
    known = bare(tp)
    members = get_args(known) if is_union(known) else (tp,)
    return [member for member in members if bare(member) is not NoneType]
