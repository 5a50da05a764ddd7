"""Bare routes: a handler alone that takes nothing of its context, which then is not made.

Such a handler is called with texts of the path and the query, or with nothing, or it is a value. As
soon as there is more to do than to send what it gave (a stream, an error, a value that has to be
waited for, one of a class that is new here) the context is made, and the straight way goes on from
there, so that nothing is decided here.
"""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from portico._answering import class_of
from portico._argument import GENERAL, plain_caller_of
from portico._context import Context
from portico._response import Response
from portico._resumption import Begun

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico._argument_source import TextsCall
    from portico._chain import Chain
    from portico._link import Link
    from portico._request import Request
    from portico._running import AppRunning
    from portico._straight import Straight
    from portico.contract import Platform

    # Takes what a context is made of.
    BareRun: TypeAlias = Callable[
        [Request, Platform, AppRunning, str, dict[str, str], str], Response | Awaitable[Response]
    ]

_COROUTINE: Final[Any] = CoroutineType


def bare_run(straight: Straight, chain: Chain, *, on_loop: bool) -> BareRun | None:
    """What answers a route that is bare, or None.

    Args:
        straight: how it is answered with a context.
        chain: its chain, which has nothing but a handler.
        on_loop: whether it runs on an event loop.
    """
    handler = chain.handler
    if handler is None or (handler.signature.is_async and not on_loop):
        return None
    if handler.guard is not None:  # which looks at the context
        return None
    plain = None
    if handler.prepared is None and handler.plan.arguments:
        plain = plain_caller_of(handler.plan.arguments, handler.fn)
        if plain is None:
            return None
    return Bare(straight, chain, handler, plain).runner()


class Bare:
    """A bare route.

    Args:
        straight: how it is answered with a context.
        chain: its chain.
        handler: the handler.
        plain: calls the handler with texts; None for one that takes nothing.
    """

    __slots__ = ("_chain", "_fn", "_handler", "_pattern", "_plain", "_straight", "_ways")

    def __init__(
        self, straight: Straight, chain: Chain, handler: Link, plain: TextsCall | None
    ) -> None:
        self._straight = straight
        self._chain = chain
        self._handler = handler
        self._fn = handler.fn
        self._plain = plain
        self._ways = straight.ways

    def runner(self) -> BareRun:
        """What answers a request."""
        if self._handler.prepared is not None:
            return self._run_constant
        return self._run_async if self._handler.signature.is_async else self._run

    def _run_constant(
        self,
        request: Request,
        platform: Platform,
        running: AppRunning,
        route: str,
        params: dict[str, str],
        path: str,
    ) -> Response | Awaitable[Response]:
        """Answer with a copy of what was made of a value."""
        prepared = self._handler.prepared
        copy = None
        if prepared and request.method != "HEAD":
            copy = prepared[0].plain_copy()
        if copy is not None:
            return copy
        return self._straight.run(Context(request, platform, running, route, params, path))

    def _run(
        self,
        request: Request,
        platform: Platform,
        running: AppRunning,
        route: str,
        params: dict[str, str],
        path: str,
    ) -> Response | Awaitable[Response]:
        plain = self._plain
        try:
            value = self._fn() if plain is None else plain(params, request.raw_query)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            ctx = Context(request, platform, running, route, params, path)
            return self._straight.failed(error, ctx)
        way = self._ways.get(class_of(value))
        if way is not None and request.method != "HEAD":
            media, encode = way
            try:
                content = encode(value)
            except Exception:  # noqa: BLE001 - the way with a context says what is wrong with it
                content = None
            if content is not None:
                return Response.plain(media, content)
        ctx = Context(request, platform, running, route, params, path)
        return self._straight.run(ctx) if value is GENERAL else self._straight.given(value, ctx)

    def _run_async(
        self,
        request: Request,
        platform: Platform,
        running: AppRunning,
        route: str,
        params: dict[str, str],
        path: str,
    ) -> Response | Awaitable[Response]:
        """The same of a coroutine function, which mostly has its value without waiting."""
        plain, waits_for = self._plain, GENERAL
        try:
            value = self._fn() if plain is None else plain(params, request.raw_query)
            if type(value) is _COROUTINE:
                try:
                    waits_for = value.send(None)
                except StopIteration as end:
                    value = end.value
        except Exception as error:  # noqa: BLE001 - as above
            ctx = Context(request, platform, running, route, params, path)
            return self._straight.failed(error, ctx)
        way = self._ways.get(class_of(value))
        if way is not None and request.method != "HEAD":
            media, encode = way
            try:
                content = encode(value)
            except Exception:  # noqa: BLE001 - as above
                content = None
            if content is not None:
                return Response.plain(media, content)
        ctx = Context(request, platform, running, route, params, path)
        if waits_for is not GENERAL:
            return self._straight.given_later(Begun(value, waits_for), ctx)
        return self._straight.run(ctx) if value is GENERAL else self._straight.given(value, ctx)
