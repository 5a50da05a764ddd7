"""`ctx.get(key)`: the value of a key that is asked for while the request is under way."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from portico._errors import DefinitionError
from portico._event import new_event
from portico._key import Key, is_request_key, is_resource_key
from portico._resumption import offload
from portico._steps import keeping

if TYPE_CHECKING:
    from portico._chain import Chain
    from portico._context import Context
    from portico._link import Link
    from portico._lived import Resource

# The keys whose functions are running, from the outermost on: one that asks for itself is found.
_asking: Final[ContextVar[tuple[Key[Any], ...]]] = ContextVar("portico_asking", default=())


async def asked(ctx: Context, key: Key[Any]) -> Any:
    """The value; that of a request-lived key is made now if it is not there, and once.

    Raises:
        DefinitionError: no application that serves has the key, or keys ask for each other.
    """
    chain = ctx._chain
    known = None if chain is None else chain.known(key)
    if chain is None or known is None or not _is_made_on_request(ctx, chain, known):
        return ctx[key]
    asking = _asking.get()
    if known in asking:
        names = " > ".join(each.name for each in (*asking, known))
        raise DefinitionError(f"{chain.where} has keys that ask for each other: {names}.")
    while ctx._values is None or known not in ctx._values:
        making = None if ctx._asked is None else ctx._asked.get(known)
        if making is None:
            await _make(ctx, chain, known, (*asking, known))
        else:
            await making.wait()
    return ctx._values[known]


def _is_made_on_request(ctx: Context, chain: Chain, key: Key[Any]) -> bool:
    if is_request_key(key):
        return key not in chain.surroundings.overridden
    return ctx._running.resource_of_request(key) is not None


async def _make(ctx: Context, chain: Chain, key: Key[Any], asking: tuple[Key[Any], ...]) -> None:
    """Make a value, while others of the request that ask for it wait."""
    if ctx._asked is None:
        ctx._asked = {}
    made = ctx._asked[key] = new_event()
    token = _asking.set(asking)
    try:
        resource = ctx._running.resource_of_request(key)
        if resource is not None:
            await _enter(ctx, resource)
        elif is_request_key(key):
            await _call(ctx, chain, chain.link_of_key(key))
    finally:
        _asking.reset(token)
        del ctx._asked[key]
        made.set()


async def _enter(ctx: Context, resource: Resource) -> None:
    from portico._request_resources import enter_resources

    for other in resource.needs:
        await asked(ctx, other)
    await enter_resources(ctx, [resource])


async def _call(ctx: Context, chain: Chain, link: Link) -> None:
    for other in (*link.bound_keys(), *link.named_keys()):
        known = chain.known(other)
        if is_request_key(known) or is_resource_key(known):
            await asked(ctx, known)
    step = keeping(link, link.plan.caller(link.fn), offloads=True)
    rest = await offload(ctx.platform, lambda: step(ctx)) if link.blocks else step(ctx)
    if hasattr(rest, "__await__"):
        await rest
