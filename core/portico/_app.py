"""`Portico`: the application."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, overload

from portico._errors import DefinitionError, PeerError
from portico._key import Key, ResourceKey
from portico._path import canonical_path
from portico._pattern import Pattern
from portico._problem import problem_response
from portico._registration import Registration, RouteOptions
from portico._reply import Problem
from portico._route import Route, RouteInfo
from portico._router import Router

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from portico._cookie_options import CookieOptions
    from portico._engine import Colour
    from portico._request import Request
    from portico._response import Response
    from portico._running import AppRunning, Resource
    from portico.contract import Capabilities, Platform

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Their frames are between a mistake and the line that made it.
_OWN_PACKAGES: Final = frozenset(
    {"portico", "portico_asgi", "portico_cloudflare", "portico_lambda", "portico_wsgi"}
)
_GENERAL_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


_is_method = re.compile(r"\*|[A-Z][A-Z0-9!#$%&'*+\-.^_`|~]*").fullmatch


class Portico(Registration):
    """A web application: routes, and what they share, in front of no particular runtime.

    Args:
        name: for messages.
        debug: whether errors show what they are; never in production.
        strict_path: `/a` and `/a/` are two paths; else they are one.
        blocking: whether synchronous handlers may block; False keeps them on the event loop, off
            the worker threads. A route's own `blocking` wins.
        cookies: the attributes that its cookies have, and which of them are signed.
    """

    def __init__(
        self,
        *,
        name: str = "",
        debug: bool = False,
        strict_path: bool = False,
        blocking: bool = True,
        cookies: CookieOptions | None = None,
    ) -> None:
        self.name = name
        self.debug = debug
        self._blocking = blocking
        self._cookies = cookies
        self._strict_path = strict_path
        self._router: Router[Route] = Router(strict=strict_path)
        self._routes: list[Route] = []
        self._resources: list[Resource] = []
        self._frozen_by: str | None = None
        self._entry: Any = None
        self._asgi: Any = None

    # Registration

    def _register(self, method: str, path: str, handler: Any, options: RouteOptions) -> Any:
        if not isinstance(path, str):  # pyright: ignore[reportUnnecessaryIsInstance] # untyped users
            raise DefinitionError(
                f"A route of {method} got {path!r} where its path belongs. Write "
                "`@app.get('/path')`, or `app.get('/path', handler)`."
            )
        if not _is_method(method):
            raise DefinitionError(
                f"The method {method!r} of {path!r} is not valid. A method is a token in upper "
                "case, such as 'GET'; 'PURGE' and others of your own are welcome."
            )
        pattern = Pattern(path)
        self._must_be_open(f"{method} {path}")
        if unknown := set(options) - RouteOptions.__annotations__.keys():
            raise DefinitionError(
                f"{method} {path} has the unknown option {min(unknown)!r}. A route has "
                f"{', '.join(RouteOptions.__annotations__)}."
            )
        where = _caller()

        def register(target: Any) -> Any:
            self._must_be_open(f"{method} {path}")
            route = Route(
                method,
                pattern,
                target,
                blocking=options.get("blocking", self._blocking),
                needs=options.get("needs", ()),
                debug=self.debug,
                where=where,
            )
            self._routes.append(route)
            self._router.add(method, pattern, route)
            return target

        return register if handler is ... else register(handler)

    @property
    def routes(self) -> list[RouteInfo]:
        """Everything that is registered, in order."""
        return [
            RouteInfo(route.method, route.pattern.text, route.target, route.where)
            for route in self._routes
        ]

    @overload
    def resource(
        self, fn: Callable[P, AsyncIterator[T]], /
    ) -> ResourceKey[P, AsyncIterator[T], T]: ...
    @overload
    def resource(self, fn: Callable[P, Iterator[T]], /) -> ResourceKey[P, Iterator[T], T]: ...
    @overload
    def resource(self, fn: Callable[P, Awaitable[T]], /) -> ResourceKey[P, Awaitable[T], T]: ...
    @overload
    def resource(self, fn: Callable[P, T], /) -> ResourceKey[P, T, T]: ...
    def resource(self, fn: Any, /) -> ResourceKey[Any, Any, Any]:
        """An app-lived value, made at start and left at stop, in one task.

        The function yields the value once (what follows the `yield` runs at stop), or returns it.
        It may bind `env` (a schema over the platform's environment) and, with `use(key)`, the
        values of resources that stand before it. Read it as `ctx[key]` or `use(key)`.
        """
        from portico._resource import make_resource
        from portico._signature import describe

        self._must_be_open(f"The resource {describe(fn)}")
        resource = make_resource(fn)
        self._resources.append(resource)
        return resource.key

    # The contract with adapters (see `portico.contract`)

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        """Find the mistakes of the application now instead of at a request.

        Raises:
            DefinitionError: a handler's parameter has no source, or a key has no application.
            CapabilityError: a route needs what `capabilities` declares absent.
        """
        self._freeze()
        provided: set[Key[Any]] = set()
        for resource in self._resources:
            resource.bind(provided)
            provided.add(resource.key)
        for route in self._routes:
            route.check(provided, capabilities, runtime)

    def start(self, platform: Platform) -> AppRunning:
        """A new `Running`, not entered yet; the application keeps no reference to it."""
        from portico._running import AppRunning

        self._freeze()
        return AppRunning(platform, self._resources, self._cookies)

    def handle(
        self, request: Request, platform: Platform, running: AppRunning
    ) -> Response | Awaitable[Response]:
        """Answer one request: a response, or an awaitable of one (see `portico.contract`)."""
        try:
            request._handled_by = platform
            path = canonical_path(request.raw_path)
            self._admit_host(request, platform)
            if path == "*":  # the whole server, not its root (RFC 9112 section 3.2.4)
                return self._unrouted(request, path, self._router.methods())
            match = self._router.find(request.method, path)
            if isinstance(match, frozenset):
                return self._unrouted(request, path, match)
            colour: Colour = "loop" if platform.runtime.concurrency == "loop" else "thread"
            return match.target.run(request, platform, running, match.params, path, colour)
        except Exception as error:  # noqa: BLE001 - a route that does not compile is a 500 too
            return self._refusal(error, request, platform)

    def url(self, handler: Callable[..., Any], /, **params: object) -> str:
        """The path of a handler, its parameters filled in and percent-encoded.

        Raises:
            ValueError: the handler is not registered, or the parameters are not those of a path
                that it answers.
        """
        from portico._pattern import build_path

        # Equality and not identity: a bound method is a new object each time that it is looked up.
        patterns = [
            route.pattern
            for route in self._routes
            if route.target is handler or (callable(route.target) and route.target == handler)
        ]
        for pattern in patterns:
            path = build_path(pattern, params)
            if path is not None:
                return path
        known = " or ".join(repr(pattern.text) for pattern in patterns) or "no path"
        raise ValueError(
            f"There is no URL of {handler!r} with the parameters {sorted(params)}. It is "
            f"registered for {known}."
        )

    def compile(self) -> None:
        """Compile every route now, for both colours, instead of at its first hit."""
        self._freeze()
        for route in self._routes:
            route.compile("thread")
            route.compile("loop")

    def _admit_host(self, request: Request, platform: Platform) -> None:
        host = request.checked_host()
        hosts = platform.options.hosts
        if hosts is None or host.lower() in hosts:
            return
        default_port = ":443" if request.scheme == "https" else ":80"
        if host.lower().removesuffix(default_port) not in hosts:
            raise PeerError(f"This service does not answer for the host {host!r}.")

    def _unrouted(self, request: Request, path: str, allowed: frozenset[str]) -> Response:
        """404, 405, or the automatic answer to OPTIONS (RFC 9110 sections 9.3.7, 15.5.6)."""
        from portico._framing import drop, frame
        from portico._headers import Headers
        from portico._response import Response

        if not allowed or (path == "*" and request.method != "OPTIONS"):
            problem = Problem(f"There is no {path!r} here.")
            response = problem_response(404, problem)
        else:
            allow = Headers([("allow", ", ".join(_allow(allowed)))])
            if request.method == "OPTIONS":
                response = Response.ready(204, allow)
            else:
                detail = f"{path!r} does not answer {request.method}."
                response = problem_response(405, Problem(detail), allow)
        frame(response, request.method)
        if request.method == "HEAD":
            drop(response)
        return response

    def _refusal(self, error: Exception, request: Request, platform: Platform) -> Response:
        """The answer to a request that reaches no route, or one that is not well defined."""
        from portico._framing import drop, frame
        from portico._problem import unexpected

        if isinstance(error, PeerError):
            problem = Problem(error.detail)
            response = problem_response(error.status, problem, error.sent_headers())
        else:
            where = f"{request.method} {request.raw_path}"
            response = unexpected(error, platform, where, debug=self.debug)
        frame(response, request.method)
        if request.method == "HEAD":
            drop(response)
        return response

    # Registration ends with the first use

    def _must_be_open(self, what: str) -> None:
        if self._frozen_by is not None:
            raise DefinitionError(
                f"{what} is registered at {_caller()}, but the application is in use since "
                f"{self._frozen_by}. Register everything before an adapter or client is made."
            )

    def _freeze(self) -> None:
        if self._frozen_by is None:
            self._frozen_by = _caller()

    # Portico is an ASGI application itself

    @property
    def __call__(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """This application as an ASGI application, so that `uvicorn main:app` works."""
        if self._entry is None:
            from portico._entry import AsgiEntry

            self._entry = AsgiEntry(_serve_asgi, self)
        entry: Callable[[Scope, Receive, Send], Awaitable[None]] = self._entry
        return entry


async def _serve_asgi(app: Portico, scope: Scope, receive: Receive, send: Send) -> None:
    """What a server awaits; the adapter is made, once, when it first does."""
    if app._asgi is None:
        from portico_asgi import adapter_for

        app._asgi = adapter_for(app)
    await app._asgi(scope, receive, send)


def _allow(methods: Iterable[str]) -> list[str]:
    found = set(methods)
    if "*" in found:
        found.update(_GENERAL_METHODS)
        found.discard("*")
    if "GET" in found:
        found.add("HEAD")
    found.add("OPTIONS")
    return sorted(found)


def _caller() -> str:
    """File and line of the code that called into this package, directly or through an adapter."""
    frame: Any = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] # `inspect` is slow to import
    while frame.f_back is not None and _package(frame) in _OWN_PACKAGES:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _package(frame: Any) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]
