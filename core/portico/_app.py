"""`Portico`: the application."""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from portico._errors import DefinitionError
from portico._hook import Hook, promoted
from portico._key import ConstantKey, Key, StateKey, is_request_key
from portico._pattern import Pattern
from portico._registrar import Layers, Registrar
from portico._route import Route, unlike
from portico._route_table import LazyPlugins, RouteTable
from portico._router import Router
from portico._where import caller, registration

if TYPE_CHECKING:
    from typing import TypeVar

    from portico._chain import Surroundings
    from portico._cookie_options import CookieOptions
    from portico._dispatch import Dispatcher
    from portico._event_delivery import Failure, PlatformEvent
    from portico._event_handler import EventHandler, EventInfo
    from portico._group import Group
    from portico._lived import Resource
    from portico._request import Request
    from portico._response import Response
    from portico._route_info import RouteInfo
    from portico._running import AppRunning
    from portico._socket_dispatch import SocketDispatcher
    from portico._upgrade import Upgrade
    from portico.contract import Capabilities, Platform
    from portico.explanation import RouteExplanation
    from portico.needs import RouteNeeds

    T = TypeVar("T")


# Applications that threads use for the first time at once.
_one_at_a_time: Final = allocate_lock()

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
        blocking: whether synchronous functions may block, so that an event loop gives them to a
            worker thread; None finds it out from the code of each, and takes what it does not know
            to block. The `blocking` of a route or hook wins.
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
        blocking: bool | None = None,
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
        self._own_layers: Layers = ((),)
        self._table = RouteTable()
        self._resources: list[Resource] = []
        self._life_hooks: list[Resource] = []
        self._parsers: dict[str, Callable[..., Any]] = {}
        self._events: list[EventHandler] = []
        self._plugins: list[Portico] = []
        self._lazy: LazyPlugins = LazyPlugins(self)
        self._groups: list[Group] = []
        self._keys: dict[Key[Any], Key[Any]] = {}
        self._hidden: set[Key[Any]] = set()
        self._key_identities: dict[object, Key[Any]] = {}
        self._overridden: dict[Key[Any], Any] = {}
        self._broker: Key[Any] | None = None
        self._ordinal = 0
        self._frozen_by: str | None = None
        self._router: Router[Route] = Router(strict=strict_path)
        self._dispatcher: Dispatcher | None = None
        self._sockets: SocketDispatcher | None = None
        self._entry: Any = None
        self._asgi: Any = None

    def __repr__(self) -> str:
        return f"<Portico {self.name!r}>" if self.name else "<Portico>"

    # Registration; see `Registrar`

    def _application(self) -> Portico:
        return self

    def _layers(self) -> Layers:
        # One tuple as long as the hooks stay the same: routes that share it are checked as one.
        if self._own_layers[0] is not self._hooks:
            self._own_layers = (self._hooks,)
        return self._own_layers

    def _prefix_path(self) -> str:
        return self.prefix

    @property
    def _routes(self) -> list[Route]:
        return self._table.routes()

    def _add_route(self, route: Route) -> None:
        self._table.add(route)
        if self._dispatcher is not None:  # of a lazy plugin; others come to the router together
            self._router.add(route.routed_as, route.pattern, route)
            if self._sockets is not None:
                self._sockets.add(route)

    def _identify(self, hook: Hook) -> None:
        hook.owner = hook.owner or self.name
        if hook.identity is None:
            hook.identity = self._identity()

    def _identity(self) -> object:
        """The same for the same registration of each plugin of one name and seed, or None.

        Its line is a part of it, so that of two plugins which only happen to have one name neither
        takes the other's place.
        """
        if not self.name:
            return None
        self._ordinal += 1
        line = registration()
        try:
            hash(self.seed)
        except TypeError:
            return (self.name, self._ordinal, line, list, repr(self.seed))
        return (self.name, self._ordinal, line, type(self.seed), self.seed)

    def _add_key(self, key: Key[Any]) -> None:
        self._keys[key] = key
        identity = self._identity()
        if identity is not None:
            self._key_identities[identity] = key

    def _take_keys(self, plugin: Portico) -> None:
        """Take over what of a plugin lives longer than a route: keys, resources, parsers."""
        self._hidden |= plugin._hidden - self._keys.keys()
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
        for handler in plugin._events:
            self._add_event(handler)
        for name, parser in plugin._parsers.items():
            self._parsers.setdefault(name, parser)
        self._plugins.append(plugin)

    def _add_event(self, handler: EventHandler) -> None:
        """Add a handler of events, unless it is here already, with another copy of its plugin."""
        if handler.identity is None:
            handler.identity = self._identity() or object()
        for known in self._events:
            if known.identity == handler.identity:
                return
            if (known.kind, known.source) == (handler.kind, handler.source):
                raise DefinitionError(
                    f"Two handlers take the same events: {known} and {handler}. Each kind has one "
                    "handler, beside one for each source: `@app.on(kind, source)`."
                )
        self._events.append(handler)

    def as_(self, scope: Literal["scoped", "global"], /) -> Self:
        """Let every hook that was registered so far reach as far as the scope.

        Those that reach further already stay as they are.
        """
        self._must_be_open(f"as_({scope!r})")
        self._hooks = promoted(self._hooks, scope)
        return self

    def override(self, key: Key[T], value: T, /) -> Portico:
        """A new application in which a key has this value; its function never runs.

        A state starts with a copy of the value, as ever.

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
        copy._events = list(self._events)
        copy._plugins = list(self._plugins)
        copy._lazy.add(self._lazy.waiting)
        copy._groups = list(self._groups)
        copy._keys = dict(self._keys)
        copy._hidden = set(self._hidden)
        copy._key_identities = dict(self._key_identities)
        copy._overridden = {**self._overridden, known: value}
        copy._broker = self._broker
        copy._ordinal = self._ordinal
        copy._table.take(self._table, "", ())
        return copy

    def broker(self, key: Key[Any], /) -> Self:
        """Let the value of a key hand on what is published, as among processes; see `Broker`.

        It is mostly a resource. What counts is that of the application that serves.

        Raises:
            DefinitionError: the key is of another application, or is made for each request.
        """
        self._must_be_open(f"broker({key!r})")
        if key not in self._keys or is_request_key(key):
            raise DefinitionError(
                f"broker({key!r}) at {caller()}: it is no app-lived key of this application. Give "
                "it what `@app.resource`, `app.decorate` or `app.state` returned."
            )
        self._broker = key
        return self

    @property
    def routes(self) -> list[RouteInfo]:
        """Everything that is registered, in order; lazy plugins are imported for it."""
        self._lazy.load_all()
        return [route.info() for route in self._routes]

    @property
    def events(self) -> list[EventInfo]:
        """The handlers of events that are no requests (`on`), in the order of registration."""
        return [handler.info() for handler in self._events]

    def explain(self) -> list[RouteExplanation]:
        """What happens on each route: its chain in order, where each link came from, and why.

        It ends the registration, compiles the routes and imports lazy plugins.

        Raises:
            DefinitionError: as `check` does.
        """
        from portico._explain import explained

        dispatcher = self._in_use()
        self._lazy.load_all()
        surroundings = self._surroundings()
        receiving = dispatcher.receiving
        return [explained(route, surroundings, receiving) for route in self._routes]

    @property
    def needs(self) -> list[RouteNeeds]:
        """What each route needs of a runtime: what it declares, and what its code shows.

        It ends the registration and imports lazy plugins. See `portico.needs`.

        Raises:
            DefinitionError: as `check` does.
        """
        from portico._needs import needs_of

        receiving = self._in_use().receiving
        self._lazy.load_all()
        return needs_of(self, receiving)

    # The contract with adapters (see `portico.contract`)

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None:
        """Find the mistakes of the application now instead of at a request.

        A hook that reaches no route is a warning (`UnreachedHookWarning`).

        Raises:
            DefinitionError: a handler's parameter has no source, a hook cannot be called, or a key
                has no application.
            CapabilityError: a route needs what `capabilities` declares absent.
        """
        dispatcher = self._in_use()
        self._lazy.load_all()
        provided: set[Key[Any]] = {
            key for key in self._keys.values() if isinstance(key, ConstantKey | StateKey)
        }
        provided |= set(self._overridden)
        for resource in (*self._resources, *self._life_hooks):
            resource.bind({key for key, known in self._keys.items() if known in provided})
            provided.add(resource.key)
            resource.check(capabilities, runtime)
        for handler in self._events:
            handler.bound({key for key, known in self._keys.items() if known in provided})
        surroundings = self._surroundings()
        dispatcher.check()
        for route in unlike(self._routes):
            route.check(surroundings)
        for route in self._routes:
            if route.needs:
                route.check_needs(capabilities, runtime)
        if capabilities is not None and any(route.connects for route in self._routes):
            from portico._socket_events import check_routes

            check_routes(self._routes, surroundings, capabilities, runtime)
        if self._hooks or self._groups or self._plugins:
            from portico._unreached import warn_of_unreached

            warn_of_unreached(self)

    def start(self, platform: Platform) -> AppRunning:
        """A new `Running`, not entered yet; the application keeps no reference to it."""
        from portico._running import AppRunning

        self._in_use()
        values: dict[Key[Any], Any] = {}
        if self._keys:
            from portico._key import initial_values

            values = initial_values(self._keys, self._overridden)
        stops = [hook for hook in self._life_hooks if hook.is_generator]
        starts = [hook for hook in self._life_hooks if not hook.is_generator]
        return AppRunning(
            platform,
            # What is entered last is left first, and hooks of stop run in the order of theirs.
            [each.at(platform) for each in (*self._resources, *starts, *reversed(stops))],
            self._keys,
            values,
            self._cookies,
            self._broker,
        )

    def handle(
        self, request: Request, platform: Platform, running: AppRunning
    ) -> Response | Awaitable[Response]:
        """Answer one request: a response, or an awaitable of one (see `portico.contract`)."""
        request._handled_by = platform
        dispatcher = self._dispatcher or self._in_use()
        return dispatcher.handle(request, platform, running)

    def event(
        self, event: PlatformEvent, platform: Platform, running: AppRunning
    ) -> list[Failure] | Awaitable[list[Failure]]:
        """Give an event to its handler, and say which records failed (see `portico.contract`)."""
        from portico._event_delivery import deliver
        from portico._resumption import begin

        self._in_use()
        work = deliver(self._events, event, platform, running)
        return work if platform.on_loop else begin(work)

    def accepts_websockets(self) -> bool:
        """Whether any path may accept WebSockets (see `portico.contract`); it ends registration."""
        self._in_use()
        return bool(self._lazy.waiting) or any(route.connects for route in self._routes)

    def connect(
        self, request: Request, platform: Platform, running: AppRunning
    ) -> Upgrade | Response | Awaitable[Upgrade | Response]:
        """Answer a request for a WebSocket, or refuse it (see `portico.contract`)."""
        request._handled_by = platform
        return self._accepting().handle(request, platform, running)

    def _accepting(self) -> SocketDispatcher:
        """What answers requests for WebSockets, made with the first one."""
        if self._sockets is None:
            from portico._socket_dispatch import SocketDispatcher

            self._in_use()
            self._sockets = SocketDispatcher(
                self._table.routes(),
                self._hooks,
                self._surroundings(),
                self._lazy,
                strict=self._strict_path,
            )
        return self._sockets

    def url(self, handler: Callable[..., Any], /, **params: object) -> str:
        """The path of a handler, its parameters filled in and percent-encoded.

        Raises:
            ValueError: the handler is not registered, or the parameters are not those of a path
                that it answers.
        """
        from portico._pattern import build_path

        patterns = [route.pattern for route in self._routes if route.leads_to(handler)]
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
        """Compile every route now, for both colours, instead of at its first hit.

        What forms, files, cookies and URLs need is imported, instead of with the first of them.
        """
        from portico._first_use import load

        load()
        dispatcher = self._in_use()
        self._lazy.load_all()
        dispatcher.compile()
        surroundings = self._surroundings()
        for route in self._routes:
            route.compile("thread", surroundings)
            route.compile("loop", surroundings)
            route.build(surroundings)

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

            where = caller()
            with _one_at_a_time:
                if self._dispatcher is None:
                    self._freeze(where)
                    for route in self._table.routes():
                        self._router.add(route.routed_as, route.pattern, route)
                    self._dispatcher = Dispatcher(
                        self._router, self._hooks, self._surroundings(), self._lazy
                    )
        return self._dispatcher

    def _receives_requests(self) -> bool:
        """Whether it has hooks that run before routing."""
        return any(hook.kind == "request" for hook in self._hooks)

    def _surroundings(self) -> Surroundings:
        from portico._chain import Surroundings

        return Surroundings(
            self._keys,
            self._hidden,
            self._overridden,
            self._parsers,
            receiving=[hook for hook in self._hooks if hook.kind == "request"],
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
        # From now on its own call, with nothing in between; no WSGI server is still to be told.
        app._entry = app._asgi.__call__
    await app._asgi(scope, receive, send)
