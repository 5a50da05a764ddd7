"""The steps that make the values of request-lived keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._answer import is_reply
from portico._errors import DefinitionError
from portico._key import Key
from portico._request_life import enter, enter_async
from portico._response import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico._context import Context
    from portico._link import Link


def keeping(
    link: Link, make: Callable[[Context], Any], *, offloads: bool
) -> Callable[[Context], Any]:
    """The step that makes the value of a key, unless it was made already."""
    key = link.key
    offloads = offloads and link.blocks
    if key is None:
        return make
    keep = key  # for the checker: a closure forgets what was tested

    def step(ctx: Context) -> Any:
        values = ctx._values
        if values is None:
            values = ctx._values = {}
        if keep in values:
            return None
        made = make(ctx)
        if link.signature.is_generator:
            if link.signature.is_async:
                return _entered(ctx, keep, made)
            made = enter(ctx, keep, made, offloads=offloads)
        elif hasattr(made, "__await__"):
            return _awaited(ctx, keep, made)
        values[keep] = _value_of(keep, made)
        return None

    return step


async def _awaited(ctx: Context, key: Key[Any], pending: Awaitable[Any]) -> None:
    value = _value_of(key, await pending)
    if ctx._values is not None:
        ctx._values[key] = value


async def _entered(ctx: Context, key: Key[Any], generator: Any) -> None:
    value = _value_of(key, await enter_async(ctx, key, generator))
    if ctx._values is not None:
        ctx._values[key] = value


def _value_of(key: Key[Any], made: Any) -> Any:
    """What a key's function made, which must not be meant as the answer.

    A refusal that was taken for a value would let the request go on.
    """
    if is_reply(made) or isinstance(made, Response):
        raise DefinitionError(
            f"{key!r} returned {made!r}, which would be its value and not the answer. To answer, "
            "raise `HTTPError(status, ...)`; a `before_handle` may return any answer."
        )
    return made
