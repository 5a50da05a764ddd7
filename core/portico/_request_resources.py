"""Resources that live as long as a request, where requests may not share what does I/O.

They are entered in the request's own task, each after what it binds: those that a function of the
route binds or names, and where one hands its context on, all that need an event loop, since then
nobody knows what is read. A synchronous one is entered where it is read, if it was not before. All
are left, the last one first, behind the work of `wait_until`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from portico._errors import DefinitionError
from portico._exit import entered, entered_async
from portico._resumption import enter_loop

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portico._context import Context
    from portico._key import Key
    from portico._link import Link
    from portico._lived import Resource
    from portico.contract import Platform

T = TypeVar("T")


def wanted_resources(
    links: Iterable[Link], keys: Mapping[Key[Any], Key[Any]], resources: Sequence[Resource]
) -> list[Resource]:
    """The resources that functions may read, in the order in which they are entered.

    Args:
        links: the functions.
        keys: those of the serving application; see `Surroundings`.
        resources: those that live as long as a request.
    """
    wanted: set[Key[Any]] = set()
    for link in links:
        named = {*link.bound_keys(), *link.named_keys()}
        wanted.update(keys[key] for key in named if key in keys)
        if link.hands_context_on():
            wanted.update(resource.key for resource in resources if resource.is_async)
    return with_needs(wanted, keys, resources)


def with_needs(
    wanted: set[Key[Any]], keys: Mapping[Key[Any], Key[Any]], resources: Sequence[Resource]
) -> list[Resource]:
    """The resources of these keys and all that they bind, in the order of registration."""
    found: list[Resource] = []
    for resource in reversed(resources):  # each binds only such as stand before it
        if resource.key in wanted:
            wanted.update(keys.get(key, key) for key in resource.needs)
            found.append(resource)
    return found[::-1]


class OfRequest:
    """What a resource is made of, where it lives as long as a request."""

    __slots__ = ("_ctx",)

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    @property
    def platform(self) -> Platform:
        """That of the request."""
        return self._ctx.platform

    def value(self, key: Key[T], /) -> T:
        """The value of an app-lived key."""
        return self._ctx[key]


async def enter_resources(ctx: Context, resources: Iterable[Resource]) -> None:
    """Enter those that the request has not entered yet."""
    for resource in resources:
        if ctx._values is None or resource.key not in ctx._values:
            if resource.is_async:
                await enter_loop(ctx)
                await enter_resource(ctx, resource)
            else:
                enter_now(ctx, resource)


async def enter_resource(ctx: Context, resource: Resource) -> None:
    """Enter an asynchronous one; what it binds must be there."""
    made = resource.call(OfRequest(ctx))
    if resource.is_generator:
        made, way_out = await entered_async(made, resource.key, ctx.platform)
        ctx.platform._at_end(way_out)
    else:
        made = await made
    _values(ctx)[resource.key] = made


def enter_now(ctx: Context, resource: Resource) -> Any:
    """Enter a synchronous one, and return its value.

    Raises:
        DefinitionError: it is asynchronous.
    """
    if resource.is_async:
        name = resource.key.name
        raise DefinitionError(
            f"{resource.key!r} lives as long as a request on the runtime "
            f"{ctx.platform.runtime.name!r}, and nothing on this route has asked for it. Bind it "
            f"with `use({name})`, name it in the handler itself, or `await ctx.get({name})`."
        )
    made = resource.call(OfRequest(ctx))
    if resource.is_generator:
        made, way_out = entered(made, resource.key, ctx.platform)
        ctx.platform._at_end(way_out)
    _values(ctx)[resource.key] = made
    return made


def _values(ctx: Context) -> dict[Key[Any], Any]:
    if ctx._values is None:
        ctx._values = {}
    return ctx._values
