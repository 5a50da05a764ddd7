"""Plugins: what `use` takes, what comes along, how often it runs, and what is left alone."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

import pytest
from msgspec import Struct

from portico import Context, DefinitionError, Key, Portico, Request, Response, StateKey, use
from portico._hook import Hook
from portico.contract import NATIVE, Capability, Platform, Runtime

T = TypeVar("T")


class ThreadPlatform(Platform):
    """A runtime whose threads may block, and which keeps its reports."""

    runtime = Runtime("test", "threads")
    capabilities = MappingProxyType({**Platform.capabilities, Capability.THREADS: NATIVE})

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[BaseException] = []
        self.offloaded = 0

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        self.offloaded += 1
        return await asyncio.to_thread(fn)

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append(error)


class LoopPlatform(ThreadPlatform):
    """The same with an event loop."""

    runtime = Runtime("test", "loop")


on_each_platform = pytest.mark.parametrize("kind", [ThreadPlatform, LoopPlatform])


async def answered(app: Portico, path: str, platform: Platform, running: Any) -> Response:
    answer = app.handle(Request(f"http://app.test{path}"), platform, running)
    return answer if isinstance(answer, Response) else await answer


def ask(app: Portico, path: str = "/", platform: Platform | None = None) -> tuple[int, bytes]:
    """Status and body of one request to an application that is started for it."""
    platform = platform or ThreadPlatform()

    async def run() -> tuple[int, bytes]:
        running = app.start(platform)
        if running.is_async:
            async with running:
                return read(await answered(app, path, platform, running))
        with running:
            return read(await answered(app, path, platform, running))

    return asyncio.run(run())


def read(response: Response) -> tuple[int, bytes]:
    assert isinstance(response.content, bytes)
    return response.status, response.content


def paths(app: Portico) -> list[str]:
    return [route.path for route in app.routes]


def parsed(ctx: Context, content_type: str) -> str:
    """A parser."""
    return "parsed"


def logs(events: list[str], name: str) -> Callable[[Context], None]:
    """A hook that writes a name down."""

    def hook(ctx: Context) -> None:
        events.append(name)

    return hook


# What is a plugin


def test_a_function_is_called_with_the_application() -> None:
    app, seen = Portico(), list[object]()

    def plugin(given: Portico) -> None:
        seen.append(given)
        given.get("/", "from a function")

    app.use(plugin)

    assert seen == [app]
    assert ask(app) == (200, b"from a function")


def test_a_function_may_return_the_application_or_another_one() -> None:
    app, other = Portico(), Portico()
    other.get("/other", "other")

    app.use(lambda given: given).use(lambda given: other)

    assert paths(app) == ["/other"]


def test_a_function_with_a_prefix_registers_everything_an_application_can() -> None:
    app, events = Portico(), list[str]()

    def plugin(given: Portico) -> None:
        given.request(lambda ctx: events.append("request"))
        given.on_start(lambda: events.append("start"))
        given.on_stop(lambda: events.append("stop"))
        number, state = given.decorate(7), given.state([1])
        made = given.resource(lambda: "made")
        given.parser("own")(parsed)

        @given.get("/all")
        def handler(
            a: int = use(number), b: list[int] = use(state), c: str = use(made)
        ) -> list[object]:
            return [a, b, c]

    app.use(cast("Any", plugin), prefix="/p")

    assert ask(app, "/p/all") == (200, b'[7,[1],"made"]')
    assert events == ["start", "request", "stop"]


def test_the_local_hooks_of_a_function_are_those_of_who_calls_it() -> None:
    app = Portico()
    app.use(lambda given: given.before_handle(lambda ctx: "answered"))
    app.get("/", "not this")

    assert ask(app) == (200, b"answered")


def test_a_named_plugin_is_imported_when_it_is_used(module: Callable[[str], str]) -> None:
    name = module("from portico import Portico\napp = Portico()\napp.get('/x', 'named')")
    app = Portico()

    app.use(f"{name}:app", prefix="/n")

    assert name in sys.modules
    assert ask(app, "/n/x") == (200, b"named")


async def async_plugin(app: Portico) -> None:
    """A plugin that cannot be."""


class Settings:
    """Something that is not a plugin."""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, r"got None\. A plugin is a `Portico`, a function"),
        (7, r"got 7\. A plugin is a `Portico`"),
        ([], r"got \[\]\. A plugin is a `Portico`"),
        (Portico, r"Make an instance of it"),
        (Settings, r"Make an instance of it"),
        (async_plugin, r"is not `async`.*`@app\.resource`"),
        ("no-colon", r"names no plugin\. Write 'module:attribute'"),
        ("sys:", r"names no plugin"),
        (":app", r"names no plugin"),
        ("sys:nothing.there", r"has no attribute 'nothing'.*Write 'module:attribute'"),
        ("sys:path", r"A plugin is a `Portico`"),
    ],
)
def test_what_is_no_plugin_is_refused_where_it_is_used(given: Any, said: str) -> None:
    with pytest.raises(DefinitionError, match=rf"test_plugins\.py:\d+.*{said}"):
        Portico().use(given)


def test_an_application_does_not_use_itself() -> None:
    app = Portico()
    app.get("/", "once")

    with pytest.raises(DefinitionError, match="the application that it is called on"):
        app.use(app)
    app.use(lambda given: app)
    app.group("/g").use(lambda given: app)

    assert paths(app) == ["/"]


# Prefixes


@pytest.mark.parametrize(
    ("outer", "inner", "path", "pattern"),
    [
        ("", "", "/a", "/a"),
        ("/v1", "", "/a", "/v1/a"),
        ("/v1", "", "/", "/v1/"),
        ("/v1/", "", "/a", "/v1/a"),
        ("/", "/", "/a", "/a"),
        ("/", "", "/", "/"),
        ("/v1", "/users/", "/{id}", "/v1/users/{id}"),
        ("/{tenant}", "/users", "/{id}", "/{tenant}/users/{id}"),
        ("/{lang?}", "/a", "/b", "/{lang?}/a/b"),
        ("/é", "/ü", "/ß", "/é/ü/ß"),
    ],
)
def test_prefixes_are_joined_with_one_slash(
    outer: str, inner: str, path: str, pattern: str
) -> None:
    app, plugin = Portico(prefix=outer), Portico(prefix=inner)
    plugin.get(path, "here")

    assert paths(app.use(plugin)) == [pattern]


@pytest.mark.parametrize("strict", [False, True])
def test_the_root_of_a_prefix_has_two_forms_only_where_paths_are_strict(strict: bool) -> None:
    app, plugin = Portico(strict_path=strict), Portico()
    plugin.get("/", "slash")
    app.use(plugin, prefix="/a")
    app.group("/b").get("", "bare")

    slash, bare = (404, 404) if strict else (200, 200)
    assert [ask(app, path)[0] for path in ("/a", "/a/", "/b", "/b/")] == [slash, 200, 200, bare]


@pytest.mark.parametrize(
    "register",
    [
        lambda: Portico(prefix="v1"),
        lambda: Portico(prefix="/api").use(Portico(), prefix="v1"),
        lambda: Portico(prefix="/api").group("v1"),
        lambda: Portico(prefix="/api").use("a:b", prefix="v1", lazy=True),
        lambda: Portico(prefix="/api").mount("v1", Portico()),
    ],
)
def test_a_prefix_starts_with_a_slash(register: Callable[[], object]) -> None:
    with pytest.raises(DefinitionError, match=r"'v1.*does not start with a slash\. Write '/v1"):
        register()


def test_a_parameter_that_a_prefix_has_already_is_refused_at_use() -> None:
    plugin = Portico()
    plugin.get("/{id}", "twice")

    with pytest.raises(DefinitionError, match="has the parameter 'id' twice"):
        Portico().use(plugin, prefix="/{id}")


def test_one_plugin_is_used_under_two_prefixes() -> None:
    app, plugin = Portico(), Portico()
    plugin.get("/x", "x")

    app.use(plugin, prefix="/a").use(plugin, prefix="/b")

    assert paths(app) == ["/a/x", "/b/x"]


@pytest.mark.parametrize("prefix", ["", "/p", "/{tenant}"])
def test_the_hooks_around_a_route_run_once_each_and_the_outermost_first(prefix: str) -> None:
    events = list[str]()
    app: Portico | None = None
    for number in range(4):
        outer = Portico()
        outer.before_handle(logs(events, f"{number}"))
        if app is None:
            outer.get("/a", "a", before_handle=logs(events, "own"))
        elif prefix:
            outer.use(app, prefix=prefix.replace("tenant", f"tenant{number}"))
        else:
            outer.group("", before_handle=logs(events, f"group {number}")).use(app)
        app = outer
    assert app is not None

    assert ask(app, f"{'/p' * 3 if prefix else ''}/a") == (200, b"a")
    groups = [[], ["group 1"], ["group 2"], ["group 3"]]
    between = [[f"{number}", *([] if prefix else groups[number])] for number in (3, 2, 1, 0)]
    assert events == [*(event for events in between for event in events), "own"]


def test_a_lazy_plugin_that_a_plugin_has_loaded_by_itself_is_there_once(
    module: Callable[[str], str],
) -> None:
    plugin = Portico().use(f"{module(PLAIN)}:app", prefix="/lazy", lazy=True)
    plugin.get("/own", "own")
    app = Portico().use(plugin, prefix="/p")

    plugin.check()

    assert paths(app) == ["/p/own", "/p/lazy/x", "/p/lazy/thread"]


def test_threads_that_use_an_application_first_at_once_find_each_route_once() -> None:
    inner, app, barrier = Portico(), Portico(), threading.Barrier(4)
    for number in range(200):
        inner.get(f"/{number}", "x")
    app.use(inner, prefix="/p")
    statuses: list[int] = []

    def request() -> None:
        barrier.wait()
        statuses.append(ask(app, "/p/199")[0])

    threads = [threading.Thread(target=request) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 4
    assert paths(app) == [f"/p/{number}" for number in range(200)]


# Plugins of one name


def named(name: str, seed: object = None, events: list[str] | None = None) -> Portico:
    made = Portico(name=name, seed=seed)
    log = [] if events is None else events
    made.before_handle(scope="global")(logs(log, name))
    return made


@pytest.mark.parametrize(
    ("first", "second", "runs"),
    [
        (("p", None), ("p", None), 1),
        (("p", 1), ("p", 1), 1),
        (("p", 1), ("p", 2), 2),
        (("p", 1), ("p", True), 2),
        (("p", [1]), ("p", [1]), 1),
        (("p", [1]), ("p", "[1]"), 2),
        (("p", {"a": {1}}), ("p", {"a": {2}}), 2),
        (("p", None), ("q", None), 2),
        (("", None), ("", None), 2),
    ],
)
def test_plugins_of_one_name_and_seed_are_one(
    first: tuple[str, object], second: tuple[str, object], runs: int
) -> None:
    app, events = Portico(), list[str]()
    app.use(named(*first, events)).use(named(*second, events))
    app.get("/", "x")
    ask(app)

    assert len(events) == runs


def test_two_plugins_that_only_happen_to_have_one_name_both_run() -> None:
    app, events = Portico(), list[str]()
    first, second = Portico(name="auth"), Portico(name="auth")
    first.before_handle(scope="global")(logs(events, "first"))
    second.before_handle(scope="global")(logs(events, "second"))
    one = first.decorate("one")
    two = second.decorate(2)
    app.use(first).use(second)

    @app.get("/")
    def handler(a: str = use(one), b: int = use(two)) -> list[object]:
        return [a, b]

    assert ask(app) == (200, b'["one",2]')
    assert events == ["first", "second"]


class Kit(Struct):
    """Everything that a plugin may have."""

    app: Portico
    state: StateKey[list[int]]
    constant: Key[object]
    resource: Key[object]


def kit(events: list[str]) -> Kit:
    made = Portico(name="kit")
    made.on_start(lambda: events.append("start"))
    made.on_stop(lambda: events.append("stop"))

    def opened() -> Iterator[object]:
        events.append("enter")
        yield object()
        events.append("leave")

    return Kit(made, made.state([0]), made.decorate(object()), made.resource(opened))


def test_keys_of_twins_have_one_value_and_one_life() -> None:
    app, events = Portico(), list[str]()
    one, two = kit(events), kit(events)
    app.use(one.app).use(two.app)

    @app.resource
    def dependent(given: object = use(two.resource)) -> object:
        return given

    @app.get("/")
    def handler(ctx: Context) -> list[bool]:
        ctx[two.state] = [1]
        return [
            ctx[one.state] == [1],
            ctx[one.state] is ctx[two.state],
            ctx[one.constant] is ctx[two.constant],
            ctx[one.resource] is ctx[two.resource] is ctx[dependent],
        ]

    app.check()

    assert ask(app) == (200, b"[true,true,true,true]")
    assert events == ["enter", "start", "stop", "leave"]


def test_a_plugin_that_is_used_twice_lives_once() -> None:
    app, events = Portico(), list[str]()
    shared, left, right = kit(events), Portico(), Portico()
    left.use(shared.app)
    right.use(shared.app)
    app.use(left).use(right).use(shared.app, prefix="/again")
    app.get("/", "x")
    ask(app)

    assert events == ["enter", "start", "stop", "leave"]


def test_an_override_counts_for_both_twins() -> None:
    app = Portico()
    one, two = kit([]), kit([])
    app.use(one.app).use(two.app)

    @app.get("/")
    def handler(a: object = use(one.constant), b: object = use(two.constant)) -> list[object]:
        return [a, b]

    assert ask(app.override(two.constant, "fake")) == (200, b'["fake","fake"]')


# A plugin is nobody's


def state_of(app: Portico) -> dict[str, object]:
    """Everything that an application holds, one level deep."""
    copies: dict[str, object] = {}
    for name, value in vars(app).items():
        copies[name] = value.copy() if isinstance(value, list | dict | set) else value
    del copies["_frozen_by"], copies["_lazy"]
    return {**copies, "waiting": list(vars(app)["_lazy"].waiting)}


def test_a_plugin_that_two_applications_use_is_changed_by_neither() -> None:
    plugin, inner = Portico(name="shared"), Portico()
    events: list[str] = []
    inner.get("/inner", "inner")
    plugin.use(inner)
    plugin.before_handle(scope="scoped")(logs(events, "plugin"))
    key = plugin.derive(scope="global")(lambda: "made")
    plugin.apply(query=Page, scope="scoped")
    plugin.get("/own", "own")
    before = state_of(plugin)
    keys = [vars_of(hook) for hook in vars(plugin)["_hooks"]]

    apps: list[Portico] = []
    for number in (1, 2):
        app = Portico(prefix=f"/{number}")
        app.before_handle(logs(events, f"app {number}"))
        app.use(plugin).as_("global")

        @app.get("/here")
        def here(value: str = use(key)) -> str:
            return value

        app.check()
        apps.append(app)

    for number, app in enumerate(apps, 1):
        assert ask(app, f"/{number}/here?page=1") == (200, b"made")
        assert ask(app, f"/{number}/own?page=1") == (200, b"own")
    assert events == ["app 1", "plugin", "app 1", "plugin", "app 2", "plugin", "app 2", "plugin"]
    assert state_of(plugin) == before
    assert [vars_of(hook) for hook in vars(plugin)["_hooks"]] == keys


class Page(Struct):
    """A query."""

    page: int


def vars_of(hook: Hook) -> dict[str, object]:
    return {name: getattr(hook, name) for name in Hook.__slots__}


def test_a_plugin_serves_by_itself_while_another_application_uses_it() -> None:
    plugin = Portico()
    plugin.get("/", "x")
    plugin.check()
    app = Portico()
    app.before_handle(lambda ctx: "hooked")
    app.use(plugin)

    assert ask(plugin) == (200, b"x")
    assert ask(app) == (200, b"hooked")


@pytest.mark.parametrize("blocking", [False, True])
def test_functions_of_a_plugin_block_as_the_plugin_says(blocking: bool) -> None:
    app, plugin = Portico(blocking=not blocking), Portico(blocking=blocking)
    plugin.before_handle(lambda ctx: None)
    plugin.guard(before_handle=lambda ctx: None).get("/", lambda: "x")
    app.use(plugin)
    platform = LoopPlatform()

    assert ask(app, "/", platform) == (200, b"x")
    assert bool(platform.offloaded) is blocking


# The hooks of start and stop


def test_hooks_of_start_and_stop_run_in_order_in_both_colours() -> None:
    app, events = Portico(), list[str]()

    def plugin(name: str, *, is_async: bool) -> Portico:
        made = Portico()

        async def later(word: str) -> None:
            await asyncio.sleep(0)
            events.append(f"{name} {word}")

        if is_async:

            @made.on_start
            async def start_async() -> None:
                await later("starts")

            @made.on_stop
            async def stop_async() -> None:
                await later("stops")
        else:
            made.on_start(lambda: events.append(f"{name} starts"))
            made.on_stop(lambda: events.append(f"{name} stops"))
        return made

    app.on_start(lambda: events.append("app starts"))
    app.use(plugin("first", is_async=True)).use(plugin("second", is_async=False))
    app.on_stop(lambda: events.append("app stops"))
    app.get("/", "x")
    ask(app)

    assert events == [
        "app starts",
        "first starts",
        "second starts",
        "first stops",
        "second stops",
        "app stops",
    ]


def test_a_hook_of_start_binds_what_a_resource_does() -> None:
    app, plugin, seen = Portico(), Portico(), list[object]()
    number = plugin.decorate(3)

    @plugin.resource
    async def text() -> AsyncIterator[str]:
        yield "text"

    @plugin.on_start
    def start(platform: Platform, given: str = use(text), other: int = use(number)) -> None:
        seen.extend((type(platform), given, other))

    app.use(plugin)
    app.get("/", "x")
    app.check()
    ask(app)

    assert seen == [ThreadPlatform, "text", 3]


def fail() -> None:
    """A hook that fails."""
    raise ValueError("it fails")


def test_a_start_that_fails_leaves_what_was_entered_and_has_nothing_to_stop() -> None:
    app, events = Portico(), list[str]()
    app.use(kit(events).app).on_start(fail)

    with pytest.raises(ValueError, match="it fails"):
        ask(app)
    assert events == ["enter", "start", "leave"]


def test_a_stop_that_fails_keeps_nothing_else_from_stopping() -> None:
    app, events = Portico(), list[str]()
    app.on_stop(fail)
    app.use(kit(events).app)

    with pytest.raises(ValueError, match="it fails"):
        ask(app)
    assert events == ["enter", "start", "stop", "leave"]


# Registration ends


REGISTRATIONS: dict[str, Callable[[Portico], object]] = {
    "route": lambda app: app.get("/late", "x"),
    "decorated route": lambda app: app.post("/late"),
    "hook": lambda app: app.before_handle(lambda ctx: None),
    "request hook": lambda app: app.request(lambda ctx: None),
    "error hook": lambda app: app.error(404, lambda ctx, error: None),
    "derive": lambda app: app.derive(lambda: 1),
    "resolve": lambda app: app.resolve(lambda: 1),
    "decorate": lambda app: app.decorate(1),
    "state": lambda app: app.state(1),
    "resource": lambda app: app.resource(lambda: 1),
    "parser": lambda app: app.parser("late"),
    "on_start": lambda app: app.on_start(lambda: None),
    "on_stop": lambda app: app.on_stop(lambda: None),
    "group": lambda app: app.group("/late"),
    "guard": lambda app: app.guard(),
    "apply": lambda app: app.apply(tags=["late"]),
    "as_": lambda app: app.as_("global"),
    "use": lambda app: app.use(Portico()),
    "use lazily": lambda app: app.use("a:b", prefix="/late", lazy=True),
    "mount": lambda app: app.mount("/late", Portico()),
}
USES: dict[str, Callable[[Portico], object]] = {
    "use": lambda app: Portico().use(app),
    "mount": lambda app: Portico().mount("/m", app),
    "compile": lambda app: app.compile(),
    "check": lambda app: app.check(),
    "start": lambda app: app.start(Platform()),
}


@pytest.mark.parametrize("registration", REGISTRATIONS)
@pytest.mark.parametrize("first", USES)
def test_registration_after_the_first_use_is_refused_with_both_lines(
    first: str, registration: str
) -> None:
    app = Portico()
    USES[first](app)

    here = r"[\w/.-]*test_plugins\.py:\d+"
    with pytest.raises(DefinitionError, match=rf"at {here}, but .* in use since {here}"):
        REGISTRATIONS[registration](app)
    assert app.routes == []


DECORATORS: dict[str, Callable[[Portico], Any]] = {
    "get": lambda app: app.get("/late"),
    "before_handle": lambda app: app.before_handle(),
    "error": lambda app: app.error(ValueError),
    "derive": lambda app: app.derive(lazy=True),
    "resolve": lambda app: app.resolve(lazy=True),
    "parser": lambda app: app.parser("late"),
}


@pytest.mark.parametrize("name", DECORATORS)
def test_a_decorator_that_was_made_before_the_first_use_is_refused_after_it(name: str) -> None:
    app = Portico()
    register = DECORATORS[name](app)
    app.check()

    with pytest.raises(DefinitionError, match="in use since"):
        register(logs([], name))


def test_a_group_of_an_application_in_use_is_closed_too() -> None:
    app = Portico()
    group = app.group("/g").group("/h")
    app.check()

    for registration in REGISTRATIONS.values():
        if registration is not REGISTRATIONS["as_"]:
            with pytest.raises(DefinitionError, match="in use since"):
                registration(cast("Portico", group))


# Lazy plugins


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Makes a module of a text, and returns its name; it is forgotten after the test."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    names: list[str] = []

    def make(text: str) -> str:
        name = f"portico_test_plugin_{tmp_path.name}_{len(names)}".replace("-", "_")
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
        names.append(name)
        return name

    yield make
    for name in names:
        sys.modules.pop(name, None)


PLAIN = """
from threading import get_ident
from portico import Portico
app = Portico(name="lazy")
app.before_handle(scope="global")(lambda ctx: ctx.set.headers.set("x-lazy", "yes"))
app.get("/x", "lazy")
app.get("/thread", get_ident())
"""


@on_each_platform
def test_a_lazy_plugin_is_imported_at_the_first_request_under_its_prefix(
    module: Callable[[str], str], kind: type[ThreadPlatform]
) -> None:
    name, app = module(PLAIN), Portico()
    app.use(f"{name}:app", prefix="/lazy", lazy=True)
    app.get("/lazybones", "beside")

    assert ask(app, "/lazybones", kind()) == (200, b"beside")
    assert ask(app, "/nowhere", kind())[0] == 404
    assert name not in sys.modules
    assert ask(app, "/lazy/x", kind()) == (200, b"lazy")
    assert name in sys.modules


def test_a_lazy_plugin_is_imported_off_the_loop(module: Callable[[str], str]) -> None:
    app = Portico().use(f"{module(PLAIN)}:app", prefix="/lazy", lazy=True)

    on_loop = ask(app, "/lazy/thread", LoopPlatform())[1]

    assert int(on_loop) != threading.get_ident()


@pytest.mark.parametrize(
    ("prefix", "inside", "outside"),
    [
        ("/lazy", ["/lazy", "/lazy/", "/lazy/x"], ["/", "/lazyx", "/x/lazy"]),
        ("/lazy/", ["/lazy", "/lazy/x"], ["/lazyx"]),
        ("/{a}/lazy", ["/1/lazy", "/é/lazy/x/y"], ["/lazy", "/1/2/lazy", "/1/lazyx"]),
        ("/{a?}/lazy", ["/1/lazy/x", "/lazy/x"], ["/1/2/lazy"]),
        ("/", ["/", "/x"], []),
    ],
)
def test_a_lazy_plugin_is_imported_for_what_is_under_its_prefix_alone(
    module: Callable[[str], str], prefix: str, inside: list[str], outside: list[str]
) -> None:
    for path in inside + outside:
        name, app = module(PLAIN), Portico()
        app.use(f"{name}:app", prefix=prefix, lazy=True)
        ask(app, path)

        assert (name in sys.modules) is (path in inside), path


WAITING = """
import sys
from portico import Portico
sys.modules["portico_test_gate"].gate.wait(20)
sys.modules["portico_test_gate"].imports.append(__name__)
app = Portico()
app.get("/x", "lazy")
"""


class Gate:
    """What an import waits for, and how often there was one."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.imports: list[str] = []


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    made = Gate()
    monkeypatch.setitem(sys.modules, "portico_test_gate", cast("Any", made))
    return made


def test_requests_of_several_threads_import_a_lazy_plugin_once(
    module: Callable[[str], str], gate: Gate
) -> None:
    app, arrived, answers = Portico(), threading.Semaphore(0), list[tuple[int, bytes]]()
    app.use(f"{module(WAITING)}:app", prefix="/lazy", lazy=True)
    app.request(lambda ctx: arrived.release())
    threads = [
        threading.Thread(target=lambda: answers.append(ask(app, "/lazy/x"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert arrived.acquire(timeout=20)
    gate.gate.set()
    for thread in threads:
        thread.join(20)

    assert answers == [(200, b"lazy")] * 8
    assert len(gate.imports) == 1
    assert paths(app) == ["/lazy/x"]


def test_requests_of_one_loop_import_a_lazy_plugin_once_and_others_go_on(
    module: Callable[[str], str], gate: Gate
) -> None:
    app, platform = Portico(), LoopPlatform()
    app.use(f"{module(WAITING)}:app", prefix="/lazy", lazy=True)
    app.get("/other", "other")

    async def run() -> list[tuple[int, bytes]]:
        running = app.start(platform)
        first = [asyncio.create_task(answered(app, "/lazy/x", platform, running)) for _ in range(3)]
        while platform.offloaded < 3:
            await asyncio.sleep(0)
        other = read(await answered(app, "/other", platform, running))
        gate.gate.set()
        return [other, *map(read, await asyncio.gather(*first))]

    assert asyncio.run(run()) == [(200, b"other"), *[(200, b"lazy")] * 3]
    assert len(gate.imports) == 1


@on_each_platform
def test_an_import_that_fails_is_a_500_and_tried_again(
    module: Callable[[str], str], kind: type[ThreadPlatform], gate: Gate
) -> None:
    text = "import sys\nassert sys.modules['portico_test_gate'].gate.is_set(), 'not yet'" + PLAIN
    app, platform = Portico(), kind()
    app.use(f"{module(text)}:app", prefix="/lazy", lazy=True)

    for _ in range(2):
        assert ask(app, "/lazy/x", platform)[0] == 500
    gate.gate.set()

    assert ask(app, "/lazy/x", platform) == (200, b"lazy")
    assert [type(error) for error in platform.reports] == [AssertionError, AssertionError]


def test_a_lazy_plugin_that_cannot_be_registered_registers_nothing(
    module: Callable[[str], str],
) -> None:
    text = "from portico import Portico\napp = Portico()\napp.get('/a', 1)\napp.get('/{id}', 2)"
    app = Portico().use(f"{module(text)}:app", prefix="/{id}", lazy=True)

    assert [ask(app, "/1/a")[0] for _ in range(2)] == [500, 500]
    with pytest.raises(DefinitionError, match="'id' twice"):
        app.check()
    assert vars(app)["_table"].routes() == []


@pytest.mark.parametrize("look", ["compile", "check", "routes"])
def test_looking_at_an_application_imports_its_lazy_plugins(
    module: Callable[[str], str], look: str
) -> None:
    inner = module(PLAIN)
    outer = module(
        "from portico import Portico\napp = Portico()\n"
        f"app.use('{inner}:app', prefix='/inner', lazy=True)"
    )
    app = Portico().use(f"{outer}:app", prefix="/outer", lazy=True)

    member = getattr(app, look)
    if callable(member):
        member()

    assert inner in sys.modules
    assert paths(app) == ["/outer/inner/x", "/outer/inner/thread"]


@on_each_platform
def test_a_lazy_plugin_inside_of_a_lazy_plugin_answers_the_first_request(
    module: Callable[[str], str], kind: type[ThreadPlatform]
) -> None:
    inner = module(PLAIN)
    outer = module(
        "from portico import Portico\napp = Portico()\n"
        f"app.use('{inner}:app', prefix='/inner', lazy=True)"
    )
    app = Portico().use(f"{outer}:app", prefix="/outer", lazy=True)

    assert ask(app, "/outer/inner/x", kind()) == (200, b"lazy")


def test_hooks_of_a_lazy_plugin_stay_with_it(module: Callable[[str], str]) -> None:
    app, events = Portico(), list[str]()
    app.before_handle(lambda ctx: events.append("app"))
    app.use(f"{module(PLAIN)}:app", prefix="/lazy", lazy=True)
    app.get("/", "after")

    @app.after_handle
    def look(ctx: Context, value: object) -> None:
        events.append(str(ctx.set.headers.get("x-lazy")))

    app.get("/last", "x")

    ask(app, "/lazy/x")
    ask(app, "/last")
    assert events == ["app", "app", "None"]


KEYS = """
from portico import Portico, use
app = Portico()
constant = app.decorate("constant")
state = app.state([0])
lazily = app.derive(lambda: "derived")
@app.get("/keys")
def keys(a: str = use(constant), b: list[int] = use(state), c: str = use(lazily)) -> list[object]:
    return [a, b, c]
"""


def test_keys_of_a_lazy_plugin_have_values_though_it_comes_after_the_start(
    module: Callable[[str], str],
) -> None:
    name = module(KEYS)
    app = Portico().use(f"{name}:app", prefix="/lazy", lazy=True)

    assert ask(app, "/lazy/keys") == (200, b'["constant",[0],"derived"]')


def test_a_state_of_a_lazy_plugin_is_set_and_belongs_to_one_start(
    module: Callable[[str], str],
) -> None:
    text = KEYS + (
        "from portico import Context\n"
        "@app.get('/set')\n"
        "def set_state(ctx: Context) -> list[int]:\n"
        "    ctx[state] = [*ctx[state], 1]\n"
        "    return ctx[state]\n"
    )
    app = Portico().use(f"{module(text)}:app", prefix="/lazy", lazy=True)

    assert ask(app, "/lazy/set") == (200, b"[0,1]")
    assert ask(app, "/lazy/set") == (200, b"[0,1]")


@pytest.mark.parametrize("key", ["constant", "state", "lazily"])
def test_keys_of_a_lazy_plugin_stay_with_it(module: Callable[[str], str], key: str) -> None:
    name = module(KEYS)
    app = Portico().use(f"{name}:app", prefix="/lazy", lazy=True)
    asked = getattr(__import__(name), key)

    @app.get("/")
    def outside(value: object = use(asked)) -> object:
        return value

    for _ in range(2):
        with pytest.raises(DefinitionError, match="whose application is not part of this one"):
            app.check()


@pytest.mark.parametrize("own_first", [True, False])
def test_a_handler_that_a_lazy_plugin_shares_with_the_application_is_checked_in_both(
    module: Callable[[str], str], own_first: bool
) -> None:
    text = f"{KEYS}\nfrom portico import use\ndef get(value: object = use(constant)) -> str: ..."
    name = module(f"{text}\napp.get('/shared', get)")
    app = Portico()
    get = __import__(name).get if own_first else None
    if own_first:
        app.get("/own", get)
    app.use(f"{name}:app", prefix="/lazy", lazy=True)
    if not own_first:
        app.get("/own", __import__(name).get)

    with pytest.raises(DefinitionError, match="whose application is not part of this one"):
        app.check()


def test_keys_that_the_application_has_too_are_everybodys(module: Callable[[str], str]) -> None:
    shared = module("from portico import Portico\napp = Portico()\nkey = app.decorate('shared')")
    text = (
        f"from portico import Portico, use\nfrom {shared} import app as shared, key\n"
        "app = Portico().use(shared)\n"
        "@app.get('/')\ndef get(value: str = use(key)) -> str:\n    return value\n"
    )
    app = Portico()
    for number in range(2):
        app.use(f"{module(text)}:app", prefix=f"/{number}", lazy=True)
    assert ask(app, "/0") == ask(app, "/1") == (200, b"shared")
    app.check()

    other = Portico().use(__import__(shared).app)
    other.use(f"{module(text)}:app", prefix="/lazy", lazy=True)

    @other.get("/")
    def outside(value: str = use(__import__(shared).key)) -> str:
        return value

    other.check()
    assert ask(other) == ask(other, "/lazy") == (200, b"shared")


@pytest.mark.parametrize(
    "line",
    [
        "app.resource(lambda: 1)",
        "app.on_start(lambda: None)",
        "app.on_stop(lambda: None)",
        "app.request(lambda ctx: None)",
        "app.mount('/m', Portico())",
        "app.use(Portico().use(lambda app: app.request(lambda ctx: None)))",
    ],
)
def test_a_lazy_plugin_has_nothing_that_must_be_there_at_the_start(
    module: Callable[[str], str], line: str
) -> None:
    name = module(f"from portico import Portico\napp = Portico()\n{line}")
    app = Portico().use(f"{name}:app", prefix="/lazy", lazy=True)

    with pytest.raises(DefinitionError, match=r"comes after the start.*without `lazy`"):
        app.check()


def test_what_is_lazy_has_a_name_and_a_prefix_and_is_an_application() -> None:
    untyped: Any = Portico().use
    with pytest.raises(DefinitionError, match="it needs a name and a prefix"):
        untyped("a:b", lazy=True)
    with pytest.raises(DefinitionError, match="it needs a name and a prefix"):
        untyped(Portico(), prefix="/a", lazy=True)
    with pytest.raises(DefinitionError, match="A lazy plugin is a `Portico`"):
        Portico().use("sys:path", prefix="/a", lazy=True).check()
