"""The steps that make the values of request-lived keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._answer import is_reply
from portico._errors import DefinitionError
from portico._key import Key
from portico._response import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico._context import Context
    from portico._link import Link


class Keeping:
    """The step that makes the value of a key, unless it was made already.

    Attributes:
        link: whose value it is.
        key: the key.
        make: calls the function.
    """

    __slots__ = ("_enter", "_offloads", "key", "link", "make")

    def __init__(
        self, link: Link, key: Key[Any], make: Callable[[Context], Any], *, offloads: bool
    ) -> None:
        self.link = link
        self.key = key
        self.make = make
        self._offloads = offloads
        self._enter = _entering(link) if link.signature.is_generator else None

    def __call__(self, ctx: Context) -> Any:
        values, key = ctx._values, self.key
        if values is None:
            values = ctx._values = {}
        if key in values:
            return None
        made = self.make(ctx)
        if self._enter is not None:
            if self.link.signature.is_async:
                return _awaited(ctx, key, self._enter(ctx, key, made))
            made = self._enter(ctx, key, made, offloads=self._offloads)
        elif hasattr(made, "__await__"):
            return _awaited(ctx, key, made)
        values[key] = value_of(key, made)
        return None


def keeping(
    link: Link, make: Callable[[Context], Any], *, offloads: bool
) -> Callable[[Context], Any]:
    """The step that makes the value of a link's key; of a link without one, what it calls."""
    if link.key is None:
        return make
    return Keeping(link, link.key, make, offloads=offloads and link.blocks)


async def _awaited(ctx: Context, key: Key[Any], pending: Awaitable[Any]) -> None:
    value = value_of(key, await pending)
    if ctx._values is not None:
        ctx._values[key] = value


def _entering(link: Link) -> Callable[..., Any]:
    """What enters the generators of a link."""
    from portico._exit import enter, enter_async

    return enter_async if link.signature.is_async else enter


def value_of(key: Key[Any], made: Any) -> Any:
    """What a key's function made, which must not be meant as the answer.

    A refusal that was taken for a value would let the request go on.
    """
    if is_reply(made) or isinstance(made, Response):
        raise DefinitionError(
            f"{key!r} returned {made!r}, which would be its value and not the answer. To answer, "
            "raise `HTTPError(status, ...)`; a `before_handle` may return any answer."
        )
    return made
