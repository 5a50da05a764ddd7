"""`Begun`: what a server returned for `receive()`, after a first step that did not end it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from portico_asgi._receive import Message


class Begun:
    """The rest of a coroutine that has begun, and waits for something by now.

    It is awaited in the task in which it has begun, before that awaits anything else.
    """

    __slots__ = ("_coroutine", "_waits_for")

    def __init__(self, coroutine: Coroutine[Any, Any, Message], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Message]:
        coroutine, waits_for = self._coroutine, self._waits_for
        step: Callable[[Any], Any]
        while True:
            try:
                value = yield waits_for
                step = coroutine.send
            except BaseException as error:  # noqa: BLE001 - thrown into the coroutine
                value, step = error, coroutine.throw
            try:
                waits_for = step(value)
            except StopIteration as end:
                message: Message = end.value
                return message
