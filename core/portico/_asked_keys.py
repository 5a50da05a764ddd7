"""`ctx.get(key)`: the value of a key that is asked for while the request is under way."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from portico._errors import DefinitionError
from portico._key import Key, is_request_key
from portico._offload import offload
from portico._steps import keeping

if TYPE_CHECKING:
    from portico._context import Context
    from portico._link import Link

# The keys whose functions are running, from the outermost on: one that asks for itself is found.
_asking: Final[ContextVar[tuple[Key[Any], ...]]] = ContextVar("portico_asking", default=())


async def asked(ctx: Context, key: Key[Any]) -> Any:
    """The value; that of a request-lived key is made now if it is not there, and once.

    Raises:
        DefinitionError: no application that serves has the key, or keys ask for each other.
    """
    chain = ctx._chain
    known = None if chain is None else chain.known(key)
    if chain is None or not is_request_key(known) or known in chain.surroundings.overridden:
        return ctx[key]
    asking = _asking.get()
    if known in asking:
        names = " > ".join(each.name for each in (*asking, known))
        raise DefinitionError(f"{chain.where} has keys that ask for each other: {names}.")
    while ctx._values is None or known not in ctx._values:
        making = None if ctx._asked is None else ctx._asked.get(known)
        if making is None:
            await _make(ctx, chain.link_of_key(known), known, (*asking, known))
        else:
            await making.wait()
    return ctx._values[known]


async def _make(ctx: Context, link: Link, key: Key[Any], asking: tuple[Key[Any], ...]) -> None:
    """Make a value, while others of the request that ask for it wait."""
    from anyio import Event

    if ctx._asked is None:
        ctx._asked = {}
    made = ctx._asked[key] = Event()
    token = _asking.set(asking)
    try:
        for other in (*link.bound_keys(), *link.named_keys() - {key}):
            if is_request_key(other):
                await asked(ctx, other)
        step = keeping(link, link.plan.caller(link.fn), offloads=True)
        rest = await offload(ctx.platform, lambda: step(ctx)) if link.blocks else step(ctx)
        if hasattr(rest, "__await__"):
            await rest
    finally:
        _asking.reset(token)
        del ctx._asked[key]
        made.set()
