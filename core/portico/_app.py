"""`Portico`: the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeVar, overload

from portico._errors import DefinitionError
from portico._hook import Hook, promoted
from portico._key import ConstantKey, Key, ResourceKey, StateKey
from portico._lazy_plugin import LazyPlugin, LazyPlugins
from portico._pattern import Pattern
from portico._registrar import Layers, Registrar
from portico._route import Route, RouteInfo
from portico._router import Router
from portico._where import caller

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractContextManager

    from portico._chain import Surroundings
    from portico._context import Context
    from portico._cookie_options import CookieOptions
    from portico._dispatch import Dispatcher
    from portico._hook_options import ContextHook, ParseHook
    from portico._hook_registration import Lambda
    from portico._request import Request
    from portico._response import Response
    from portico._running import AppRunning, Resource
    from portico.contract import Capabilities, Platform
    from portico.explanation import RouteExplanation

    C = TypeVar("C", bound=ContextHook)
    # A file is an iterator of its lines too, but nobody means those.
    M = TypeVar("M", bound=AbstractContextManager[Any])
    H = TypeVar("H", bound=ParseHook)

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
T = TypeVar("T")

AsgiScope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Portico(Registrar):
    """A web application: routes, and what they share, in front of no particular runtime.

    It is a plugin too: another application takes its routes, hooks and keys with `use`.

    Args:
        name: for messages; and two plugins of one name and seed are one, whose hooks run once on a
            route that both reach.
        prefix: a path in front of all of its routes.
        seed: what tells plugins of one name apart, such as their configuration.
        debug: whether errors show what they are; never in production.
        strict_path: `/a` and `/a/` are two paths; else they are one.
        blocking: whether synchronous functions may block; False keeps them on the event loop, off
            the worker threads. The `blocking` of a route or hook wins.
        cookies: what every cookie is set with, and how cookies are signed; that of the application
            that serves counts.
        validate_response: whether answers are validated as a whole; by default only in debug. A
            value of another class than the declared one is converted in any case.
    """

    def __init__(
        self,
        *,
        name: str = "",
        prefix: str = "",
        seed: object = None,
        debug: bool = False,
        strict_path: bool = False,
        blocking: bool = True,
        cookies: CookieOptions | None = None,
        validate_response: bool | None = None,
    ) -> None:
        if prefix:
            Pattern(prefix)
        self.name = name
        self.prefix = prefix
        self.seed = seed
        self.debug = debug
        self._blocking = blocking
        self._cookies = cookies
        self._validates = debug if validate_response is None else validate_response
        self._strict_path = strict_path
        self._hooks: tuple[Hook, ...] = ()
        self._routes: list[Route] = []
        self._resources: list[Resource] = []
        self._life_hooks: list[Resource] = []
        self._parsers: dict[str, Callable[..., Any]] = {}
        self._plugins: list[Portico] = []
        self._lazy: list[LazyPlugin] = []
        self._keys: dict[Key[Any], Key[Any]] = {}
        self._key_identities: dict[object, Key[Any]] = {}
        self._overridden: dict[Key[Any], Any] = {}
        self._ordinal = 0
        self._frozen_by: str | None = None
        self._router: Router[Route] = Router(strict=strict_path)
        self._dispatcher: Dispatcher | None = None
        self._entry: Any = None
        self._asgi: Any = None

    # Registration; see `Registrar`

    def _application(self) -> Portico:
        return self

    def _layers(self) -> Layers:
        return (self._hooks,)

    def _prefix_path(self) -> str:
        return self.prefix

    def _add_route(self, route: Route) -> None:
        self._routes.append(route)
        self._router.add(route.method, route.pattern, route)

    def _identify(self, hook: Hook) -> None:
        hook.owner = hook.owner or self.name
        if hook.identity is None:
            hook.identity = self._identity()

    def _identity(self) -> object:
        """The same for the same registration of each plugin of one name and seed, or None."""
        if not self.name:
            return None
        self._ordinal += 1
        try:
            hash(self.seed)
        except TypeError:
            return (self.name, repr(self.seed), self._ordinal)
        return (self.name, self.seed, self._ordinal)

    def _add_key(self, key: Key[Any]) -> None:
        self._keys[key] = key
        identity = self._identity()
        if identity is not None:
            self._key_identities[identity] = key

    def _take_keys(self, plugin: Portico) -> None:
        """Take over what of a plugin lives longer than a route: keys, resources, parsers."""
        for identity, key in plugin._key_identities.items():
            self._keys.setdefault(key, self._key_identities.setdefault(identity, key))
        for key, known in plugin._keys.items():
            self._keys.setdefault(key, self._keys.get(known, known))
        have = {resource.key for resource in (*self._resources, *self._life_hooks)}
        for kept, taken in (
            (self._resources, plugin._resources),
            (self._life_hooks, plugin._life_hooks),
        ):
            for resource in taken:
                if resource.key not in have and self._keys[resource.key] is resource.key:
                    kept.append(resource)
        for name, parser in plugin._parsers.items():
            self._parsers.setdefault(name, parser)
        self._plugins.append(plugin)

    @overload
    def request(self, fn: C | Lambda[[Context]], /, *, blocking: bool | None = ...) -> C: ...
    @overload
    def request(self, /, *, blocking: bool | None = ...) -> Callable[[C], C]: ...
    def request(self, fn: Any = None, /, *, blocking: bool | None = None) -> Any:
        """Run before routing, for every request of the whole application: `(ctx)`.

        A returned value answers, by way of `map_response`; None goes on.
        """
        return self._hook("request", fn, "local", blocking)

    def on_start(self, fn: F, /) -> F:
        """Run when the application has started, after its resources; see `resource` for binding."""
        return self._life_hook(fn, at_start=True)

    def on_stop(self, fn: F, /) -> F:
        """Run when the application stops, before its resources are left."""
        return self._life_hook(fn, at_start=False)

    def _life_hook(self, fn: F, *, at_start: bool) -> F:
        from portico._resource import life_hook
        from portico._signature import describe

        self._must_be_open(f"The hook {describe(fn)}")
        resource = life_hook(fn, at_start=at_start)
        self._life_hooks.append(resource)
        self._add_key(resource.key)
        return fn

    def parser(self, name: str, /) -> Callable[[H], H]:
        """Name a parser of bodies, `(ctx, content_type)`, for the option `parse` of routes."""
        from portico._parsing import BUILT_IN_PARSERS

        self._must_be_open(f"The parser {name!r}")
        if name in BUILT_IN_PARSERS or name in self._parsers:
            raise DefinitionError(
                f"The parser {name!r} is there already, at {caller()}. Choose another name."
            )

        def register(fn: H) -> H:
            self._parsers[name] = fn
            return fn

        return register

    @overload
    def resource(self, fn: Callable[P, M], /) -> ResourceKey[P, M, M]: ...
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
        It may bind `env` (a schema over the platform's environment), `platform` and, with
        `use(key)`, the values of resources that stand before it, constants and states. Read it as
        `ctx[key]` or `use(key)`.
        """
        from portico._resource import make_resource
        from portico._signature import describe

        self._must_be_open(f"The resource {describe(fn)}")
        key: ResourceKey[Any, Any, Any] = ResourceKey(fn)
        self._resources.append(make_resource(fn, key))
        self._add_key(key)
        return key

    def decorate(self, value: T, /, *, name: str = "") -> ConstantKey[T]:
        """A value that is the same for all requests, read as `ctx[key]` or `use(key)`.

        Args:
            value: the value, which nothing copies.
            name: for messages.
        """
        self._must_be_open(f"decorate({value!r})")
        key = ConstantKey(name or type(value).__name__, value)
        self._add_key(key)
        return key

    def state(self, initial: T, /, *, name: str = "") -> StateKey[T]:
        """A value that requests share and may set: `ctx[key] = value`.

        Every `Running` has its own, which starts as a deep copy of `initial`. Requests that run in
        several threads at once see each other's changes in no particular order, and `ctx[key] += 1`
        is two steps: take a lock (a resource of your own), or keep what must be exact elsewhere.
        Several processes, Lambda environments and isolates share nothing.
        """
        self._must_be_open(f"state({initial!r})")
        key = StateKey(name or type(initial).__name__, initial)
        self._add_key(key)
        return key

    def as_(self, scope: Literal["scoped", "global"], /) -> Self:
        """Let every hook that was registered so far reach as far as the scope.

        Those that reach further already stay as they are.
        """
        self._must_be_open(f"as_({scope!r})")
        self._hooks = promoted(self._hooks, scope)
        return self

    def override(self, key: Key[T], value: T, /) -> Portico:
        """A new application in which a key has this value; its function never runs.

        Nothing of this application changes, so tests can run side by side.

        Raises:
            DefinitionError: the key is of another application.
        """
        known = self._keys.get(key)
        if known is None:
            raise DefinitionError(
                f"override({key!r}) at {caller()}: the key is of another application."
            )
        copy = Portico(
            name=self.name,
            prefix=self.prefix,
            seed=self.seed,
            debug=self.debug,
            strict_path=self._strict_path,
            blocking=self._blocking,
            cookies=self._cookies,
            validate_response=self._validates,
        )
        copy._hooks = self._hooks
        copy._resources = [each for each in self._resources if each.key is not known]
        copy._life_hooks = list(self._life_hooks)
        copy._parsers = dict(self._parsers)
        copy._plugins = list(self._plugins)
        copy._lazy = list(self._lazy)
        copy._keys = dict(self._keys)
        copy._key_identities = dict(self._key_identities)
        copy._overridden = {**self._overridden, known: value}
        copy._ordinal = self._ordinal
        for route in self._routes:
            copy._add_route(route.under(route.pattern, ()))
        return copy

    @property
    def routes(self) -> list[RouteInfo]:
        """Everything that is registered, in order; lazy plugins are imported for it."""
        self._load_lazy()
        return [route.info() for route in self._routes]

    def explain(self) -> list[RouteExplanation]:
        """What happens on each route: its chain in order, where each link came from, and why.

        It ends the registration, compiles the routes and imports lazy plugins.

        Raises:
            DefinitionError: as `check` does.
        """
        from portico._explain import explained

        dispatcher = self._in_use()
        self._load_lazy()
        surroundings = self._surroundings()
        receiving = dispatcher.receiving
        return [explained(route, surroundings, receiving) for route in self._routes]

    # The contract with adapters (see `portico.contract`)

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        """Find the mistakes of the application now instead of at a request.

        A hook that reaches no route is a warning (`UnreachedHookWarning`).

        Raises:
            DefinitionError: a handler's parameter has no source, a hook cannot be called, or a key
                has no application.
            CapabilityError: a route needs what `capabilities` declares absent.
        """
        from portico._unreached import warn_of_unreached

        dispatcher = self._in_use()
        self._load_lazy()
        provided: set[Key[Any]] = {
            key for key in self._keys if isinstance(key, ConstantKey | StateKey)
        }
        provided |= set(self._overridden)
        for resource in (*self._resources, *self._life_hooks):
            resource.bind(provided)
            provided.add(resource.key)
        surroundings = self._surroundings()
        dispatcher.check()
        for route in self._routes:
            route.check(surroundings, capabilities, runtime)
        warn_of_unreached(self)

    def start(self, platform: Platform) -> AppRunning:
        """A new `Running`, not entered yet; the application keeps no reference to it."""
        from portico._running import AppRunning
        from portico._state import initial_values

        self._in_use()
        stops = [hook for hook in self._life_hooks if hook.is_generator]
        starts = [hook for hook in self._life_hooks if not hook.is_generator]
        return AppRunning(
            platform,
            # What is entered last is left first, and hooks of stop run in the order of theirs.
            [*self._resources, *starts, *reversed(stops)],
            self._keys,
            initial_values(self._keys, self._overridden),
            self._cookies,
        )

    def handle(
        self, request: Request, platform: Platform, running: AppRunning
    ) -> Response | Awaitable[Response]:
        """Answer one request: a response, or an awaitable of one (see `portico.contract`)."""
        request._handled_by = platform
        dispatcher = self._dispatcher or self._in_use()
        return dispatcher.handle(request, platform, running)

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
        dispatcher = self._in_use()
        self._load_lazy()
        dispatcher.compile()
        surroundings = self._surroundings()
        for route in self._routes:
            route.compile("thread", surroundings)
            route.compile("loop", surroundings)

    # Registration ends with the first use

    def _must_be_open(self, what: str) -> None:
        if self._frozen_by is not None:
            raise DefinitionError(
                f"{what} is registered at {caller()}, but the application is in use since "
                f"{self._frozen_by}. Register everything before an adapter or client is made, or "
                "another application uses this one."
            )

    def _freeze(self, where: str) -> None:
        if self._frozen_by is None:
            self._frozen_by = where

    def _in_use(self) -> Dispatcher:
        """End the registration, and return what answers requests."""
        if self._dispatcher is None:
            from portico._dispatch import Dispatcher

            self._freeze(caller())
            self._dispatcher = Dispatcher(
                self._router, self._hooks, self._surroundings(), LazyPlugins(self._lazy, self)
            )
        return self._dispatcher

    def _receives_requests(self) -> bool:
        """Whether it has hooks that run before routing."""
        return any(hook.kind == "request" for hook in self._hooks)

    def _load_lazy(self) -> None:
        """Import every lazy plugin now."""
        LazyPlugins(self._lazy, self).load_all()

    def _surroundings(self) -> Surroundings:
        from portico._chain import Surroundings

        return Surroundings(
            self._keys,
            self._overridden,
            self._parsers,
            debug=self.debug,
            validates=self._validates,
        )

    # Portico is an ASGI application itself

    @property
    def __call__(self) -> Callable[[AsgiScope, Receive, Send], Awaitable[None]]:
        """This application as an ASGI application, so that `uvicorn main:app` works."""
        if self._entry is None:
            from portico._entry import AsgiEntry

            self._entry = AsgiEntry(_serve_asgi, self)
        entry: Callable[[AsgiScope, Receive, Send], Awaitable[None]] = self._entry
        return entry


async def _serve_asgi(app: Portico, scope: AsgiScope, receive: Receive, send: Send) -> None:
    """What a server awaits; the adapter is made, once, when it first does."""
    if app._asgi is None:
        from portico_asgi import adapter_for

        app._asgi = adapter_for(app)
    await app._asgi(scope, receive, send)
