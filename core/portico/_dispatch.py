"""`Dispatcher`: from a request to the pipeline that answers it, and what answers without a route.

What belongs to no route (a path that is not there, a method that is not answered, a Host that is
refused, whatever goes wrong before) is answered with the hooks of the whole application: all that
it has, also those that were registered last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from portico._chain import Chain
from portico._context import Context
from portico._engine import Colour, Pipeline
from portico._errors import PeerError
from portico._headers import Headers
from portico._path import canonical_path
from portico._request import valid_hosts, well_formed_host
from portico._response import Response
from portico._resumption import begin, need_loop, offload
from portico._router import UPGRADE_ONLY
from portico._steps import steps_with_value
from portico._straight import failing
from portico._units import Unit, first, tracing_of, units_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from portico._chain import Surroundings
    from portico._hook import Hook
    from portico._link import Link
    from portico._request import Request
    from portico._route import Route
    from portico._route_table import LazyPlugins
    from portico._router import Router
    from portico._running import AppRunning
    from portico._span import Tracing
    from portico.contract import Platform

_GENERAL_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@cache  # loaded with the first path that nobody knows; the statement costs more than the call
def _detail_response() -> Callable[[int, str], Response]:
    from portico._problem import detail_response

    return detail_response


class Dispatcher:
    """Answers the requests of an application that is in use.

    Args:
        router: its routes.
        hooks: its own hooks.
        surroundings: what chains need to know of it.
        lazy: the plugins that are not imported yet.
    """

    __slots__ = (
        "_chain",
        "_general",
        "_lazy",
        "_receiving",
        "_receptions",
        "_router",
        "_surroundings",
    )

    def __init__(
        self,
        router: Router[Route],
        hooks: tuple[Hook, ...],
        surroundings: Surroundings,
        lazy: LazyPlugins,
    ) -> None:
        self._lazy = lazy
        self._router = router
        self._surroundings = surroundings
        self._chain = Chain((hooks,), None, [], "", surroundings)
        self._general: dict[Colour, Pipeline] = {}
        self._receptions: dict[Colour, _Reception] = {}
        self._receiving = [
            self._chain.link_of(hook) for hook in self._chain.hooks if hook.kind == "request"
        ]

    @property
    def chain(self) -> Chain:
        """The chain of what has no route."""
        return self._chain

    @property
    def receiving(self) -> Sequence[Link]:
        """The request hooks, in order."""
        return self._receiving

    def check(self) -> None:
        """Raise what is wrong with the hooks and keys of the whole application."""
        for link in (*self._receiving, *self._chain.links()):
            link.check()
            if link.needs_keys():
                from portico._key_check import wanted_keys

                wanted_keys(link, self._chain)
        if self._surroundings.keys:
            from portico._key_check import check_keys

            check_keys(self._chain)

    def handle(
        self, request: Request, platform: Platform, running: AppRunning
    ) -> Response | Awaitable[Response]:
        """Answer one request; see `portico.contract`."""
        colour: Colour = "loop" if platform.on_loop else "thread"
        path = request.raw_path
        if request._host_read not in valid_hosts or platform.options.hosts is not None:
            try:
                _admit_host(request, platform)
            except Exception as error:  # noqa: BLE001 - a report that fails must not go further
                ctx = Context(request, platform, running, "", {}, path)
                return self._pipeline(colour).failed(error, ctx)
        if self._receiving or self._lazy.waiting or running.per_request or path == "*":
            return self._handle_in_context(colour, request, platform, running)
        # A path that the table has as it came is canonical.
        table = self._router.static.get(request.method)
        route = None if table is None else table.get(path)
        params: dict[str, str] = {}
        if route is None:
            try:
                path = canonical_path(path)
                match = self._router.find(request.method, path)
            except Exception as error:  # noqa: BLE001 - as above
                ctx = Context(request, platform, running, "", {}, path)
                return self._pipeline(colour).failed(error, ctx)
            if type(match) is not tuple:
                if match or self._pipeline(colour).has_say_in_errors or request.method == "HEAD":
                    return self._handle_in_context(colour, request, platform, running)
                return _detail_response()(404, self._missing(path))
            route, params = match
        pipeline = route.pipelines.get(colour)
        if pipeline is None:
            return self._handle_in_context(colour, request, platform, running)
        pattern = route.pattern.text
        if pipeline.bare is not None:
            return pipeline.bare(request, platform, running, pattern, params, path)
        return pipeline.run(Context(request, platform, running, pattern, params, path))

    def _handle_in_context(
        self, colour: Colour, request: Request, platform: Platform, running: AppRunning
    ) -> Response | Awaitable[Response]:
        """The same where more is to be done than to run what is compiled."""
        ctx = Context(request, platform, running, "", {}, request.raw_path)
        try:
            ctx._path = canonical_path(ctx._path)
        except Exception as error:  # noqa: BLE001 - as above
            return self._pipeline(colour).failed(error, ctx)
        return self._receive(ctx, colour) if self._receiving else self._route(ctx, colour)

    # Hooks of `request`

    def _receive(self, ctx: Context, colour: Colour) -> Response | Awaitable[Response]:
        reception = self._receptions.get(colour)
        if reception is None:
            reception = self._receptions[colour] = _Reception(self._chain, self._receiving, colour)
        work = self._received(ctx, colour, reception.units)
        if reception.needs_loop:
            ctx._on_loop = True
            may_enter = reception.is_async and self._surroundings.has_generators()
            return self._shielded(ctx, work) if may_enter else work
        return begin(work)

    async def _shielded(self, ctx: Context, work: Coroutine[Any, Any, Response]) -> Response:
        from portico._request_life import close_shield, open_shield

        open_shield(ctx)
        try:
            response = await work
        except BaseException:
            close_shield(ctx)
            raise
        close_shield(ctx, response)
        return response

    async def _received(self, ctx: Context, colour: Colour, units: Sequence[Unit]) -> Response:
        ctx._chain, tracing = self._chain, None
        if self._chain.trace:
            hooks = tuple(link.fn for link in self._chain.trace)
            tracing = ctx._tracing = tracing_of(ctx, hooks)
        error: Exception | None = None
        value, link = None, None
        try:
            if ctx._running.per_request:
                await self._enter_resources(ctx)
            value, link = await first(units, ctx)
            if tracing is not None:
                tracing.leave(None)
        except Exception as raised:  # noqa: BLE001 - whatever goes wrong becomes an answer
            error = _ended(tracing, raised)
        except BaseException as cancelled:
            from portico._request_life import abandon

            failure = await abandon(ctx, cancelled)
            if failure is None or isinstance(cancelled, GeneratorExit):
                raise
            error = _ended(tracing, failure)
        on_loop = ctx._on_loop
        if on_loop:
            colour = "loop"  # also where threads may block: the loop that runs this may not
        if error is not None:
            answer = self._pipeline(colour).failed(error, ctx)
        elif value is not None:
            pipeline = self._pipeline(colour)
            answer = pipeline.start(ctx, pipeline.finish(value, link, ctx))
        else:
            answer = self._route(ctx, colour)
        if isinstance(answer, Response):
            return answer
        if not on_loop:
            await need_loop()
        return await answer

    async def _enter_resources(self, ctx: Context) -> None:
        from portico._request_resources import enter_resources

        wanted = ctx._running.wanted_by(self, self._receiving)
        await enter_resources(ctx, wanted)

    # Routing

    def _route(self, ctx: Context, colour: Colour) -> Response | Awaitable[Response]:
        try:
            request = ctx.request
            if self._lazy.wanted(ctx._path):
                if colour == "loop":
                    return self._route_after_import(ctx)
                self._lazy.load(ctx._path)
            if ctx._path == "*":  # the whole server, not its root (RFC 9112 section 3.2.4)
                return self._unrouted(ctx, colour, self._router.methods())
            match = self._router.find(request.method, ctx._path)
            if isinstance(match, frozenset):
                return self._unrouted(ctx, colour, match)
            route, ctx.params = match
            pipeline = route.pipelines.get(colour) or route.compile(colour, self._surroundings)
            ctx.route = route.pattern.text
            if ctx._running.per_request:
                return pipeline.run_with_resources(ctx)
            return pipeline.run(ctx)
        except Exception as error:  # noqa: BLE001 - a route that does not compile is a 500 too
            return self._pipeline(colour).failed(error, ctx)

    async def _route_after_import(self, ctx: Context) -> Response:
        """Import the lazy plugins of a path off the loop, and then route."""
        ctx._on_loop = True
        try:
            await offload(ctx.platform, lambda: self._lazy.load(ctx._path))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
            return await self._pipeline("loop").guarded(ctx, failing(error))
        answer = self._route(ctx, "loop")
        return answer if isinstance(answer, Response) else await answer

    def _unrouted(
        self, ctx: Context, colour: Colour, allowed: frozenset[str]
    ) -> Response | Awaitable[Response]:
        """404, 405, or the automatic answer to OPTIONS (RFC 9110 sections 9.3.7, 15.5.6)."""
        path, method = ctx._path, ctx.request.method
        if not allowed or (path == "*" and method != "OPTIONS"):
            return self._pipeline(colour).failed(PeerError(self._missing(path), status=404), ctx)
        if UPGRADE_ONLY in allowed:
            allowed -= {UPGRADE_ONLY}
            if not allowed and method != "OPTIONS":
                detail = f"{path!r} is a WebSocket: ask for it with an upgrade (RFC 6455)."
                return self._pipeline(colour).failed(PeerError(detail, status=426), ctx)
        allow = Headers([("allow", ", ".join(_allow(allowed)))])
        if method == "OPTIONS":
            # Not only on the response, in whose place a hook may put another.
            ctx.set.headers.set("allow", allow["allow"])
            pipeline = self._pipeline(colour)
            return pipeline.start(ctx, pipeline.finish(Response.ready(204, allow), None, ctx))
        error = PeerError(f"{path!r} does not answer {method}.", status=405, headers=allow)
        return self._pipeline(colour).failed(error, ctx)

    def _missing(self, path: str) -> str:
        """What is said of a path that nothing answers."""
        return f"There is no {path!r} here."

    def _pipeline(self, colour: Colour) -> Pipeline:
        pipeline = self._general.get(colour)
        if pipeline is None:
            pipeline = self._general[colour] = Pipeline(self._chain, colour)
        return pipeline

    def compile(self) -> None:
        """Compile what answers without a route."""
        self._pipeline("thread")
        self._pipeline("loop")


class _Reception:
    """The request hooks, for where they run.

    Attributes:
        units: what they do.
        is_async: whether one of them may have to wait.
        needs_loop: whether an event loop runs them, or has them run.
    """

    __slots__ = ("is_async", "needs_loop", "units")

    def __init__(self, chain: Chain, links: Sequence[Link], colour: Colour) -> None:
        is_async = any(link.signature.is_async for link in links)
        if is_async and colour == "thread":
            from portico._driven import driven_links

            driven = driven_links(links)
            if driven is not None:
                links, is_async = driven, False
        steps = steps_with_value(chain, "request", links)
        self.is_async = is_async
        self.needs_loop = is_async or (colour == "loop" and any(link.blocks for link in links))
        self.units = units_of(steps, offloads=is_async or colour == "loop")


def _ended(tracing: Tracing | None, error: Exception) -> Exception:
    """The error that ended the span of an event, or what went wrong at that end."""
    try:
        if tracing is not None:
            tracing.leave(error)
    except Exception as second:  # noqa: BLE001 - a callback of `on_end`: it becomes the answer
        return second
    return error


def _admit_host(request: Request, platform: Platform) -> None:
    host = well_formed_host(request._own_host())
    hosts = platform.options.hosts
    if hosts is None:
        return
    if platform.options.trust is not None:
        host = request.checked_host()
    if host.lower() in hosts:
        return
    default_port = ":443" if request.scheme == "https" else ":80"
    if host.lower().removesuffix(default_port) not in hosts:
        raise PeerError(f"This service does not answer for the host {host!r}.")


def _allow(methods: Iterable[str]) -> list[str]:
    found = set(methods)
    if "*" in found:
        found.update(_GENERAL_METHODS)
        found.discard("*")
    if "GET" in found:
        found.add("HEAD")
    found.add("OPTIONS")
    return sorted(found)
