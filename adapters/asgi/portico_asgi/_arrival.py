"""A body that is all in the server's first message, as most are: taken with no coroutine around it.

`receive()` is driven here for its first step. Where that has not the whole body, nothing is lost:
the message, or what waits for it, is left to the `Inbox`, which reads on as if it had asked itself.
"""

from __future__ import annotations

from threading import get_ident
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from portico_asgi._receive import Message
    from portico_asgi._request import AsgiBody

_COROUTINE: Final[Any] = CoroutineType


def arrived_whole(source: AsgiBody, declared: int | None, limit: int | None) -> bytes | None:
    """The body, where it is there now and as long as it should be.

    To be called in the task that reads it otherwise, before anything else is awaited there.

    Args:
        source: the body, whose method this is.
        declared: the Content-Length, or None where there is none.
        limit: bytes at most where there is none, or None for no limit.
    """
    platform = source._platform
    # Somebody else may be waiting for messages, and another thread cannot.
    if platform._inbox is not None or get_ident() != platform._tasks.thread:
        return None
    pending: Any = platform._receive()
    if type(pending) is not _COROUTINE:
        platform.inbox.expect(pending)
        return None
    try:
        waits_for = pending.send(None)
    except StopIteration as end:
        message: Message = end.value
    except OSError:
        platform.inbox.lose()
        return None
    else:
        platform.inbox.expect(_Begun(pending, waits_for))
        return None
    if message["type"] == "http.request" and not message.get("more_body", False):
        body = message.get("body") or b""
        size = len(body)
        fits = size == declared or (declared is None and (limit is None or size <= limit))
        if fits and type(body) is bytes:
            platform.has_body = False  # nothing of it is left
            return body
    platform.inbox.note(message)
    return None


class _Begun:
    """A coroutine that waits already, awaited in the task in which it has begun."""

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
