"""Context keys: how long a value lives, where its function runs, and which mistakes are found."""

import asyncio
import json
from collections.abc import Callable
from contextvars import ContextVar
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

import anyio
import pytest

from portico import Context, DefinitionError, HTTPError, Key, Portico, Request, Response, use
from portico._running import AppRunning
from portico.contract import NATIVE, Capability, Platform, Runtime

T = TypeVar("T")


class LoopPlatform(Platform):
    """A runtime with an event loop and threads, which keeps its reports."""

    runtime = Runtime("test", "loop")
    capabilities = MappingProxyType({**Platform.capabilities, Capability.THREADS: NATIVE})

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[BaseException] = []

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        return await asyncio.to_thread(fn)

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append(error)


class ThreadPlatform(LoopPlatform):
    """A runtime whose threads may block."""

    runtime = Runtime("test", "threads")


on_each_platform = pytest.mark.parametrize("kind", [ThreadPlatform, LoopPlatform])


def ask(
    app: Portico,
    path: str = "/",
    *,
    platform: Platform | None = None,
    running: AppRunning | None = None,
) -> tuple[int, Any]:
    """The status and the value of one answer, from a task of its own."""
    platform = platform or LoopPlatform()

    async def run() -> Response:
        request = Request(f"http://app.test{path}")
        if running is not None:
            answer = app.handle(request, platform, running)
            return answer if isinstance(answer, Response) else await answer
        async with app.start(platform) as new:
            answer = app.handle(request, platform, new)
            return answer if isinstance(answer, Response) else await answer

    response = asyncio.run(run())
    assert isinstance(response.content, bytes)
    try:
        return response.status, json.loads(response.content)
    except ValueError:
        return response.status, response.content.decode()


def bound(key: Key[T]) -> Callable[..., T]:
    """A function that binds a key and returns its value."""

    def show(value: Any = use(key)) -> Any:
        return value

    return show


# Constants and states


def test_a_constant_is_the_very_object_that_was_given() -> None:
    app, value = Portico(), object()
    key = app.decorate(value)

    @app.get("/")
    def take(one: object = use(key)) -> bool:
        return one is value

    @app.get("/read")
    def read(ctx: Context) -> bool:
        return ctx[key] is value

    assert ask(app) == ask(app, "/read") == (200, True)


def test_a_state_is_a_deep_copy_for_each_running() -> None:
    app, initial = Portico(), {"seen": [0]}
    key = app.state(initial)

    @app.get("/")
    def count(ctx: Context) -> int:
        ctx[key]["seen"][0] += 1
        return ctx[key]["seen"][0]

    first, second = app.start(LoopPlatform()), app.start(LoopPlatform())

    assert [ask(app, running=first)[1] for _ in range(3)] == [1, 2, 3]
    assert ask(app, running=second)[1] == 1
    assert initial == {"seen": [0]}


def test_a_state_that_a_request_sets_is_what_the_next_one_of_the_same_running_sees() -> None:
    app = Portico()
    key = app.state("initial")

    @app.get("/set/{word}")
    def change(ctx: Context, word: str) -> str:
        before, ctx[key] = ctx[key], word
        return before

    first, second = app.start(LoopPlatform()), app.start(LoopPlatform())

    assert ask(app, "/set/a", running=first)[1] == "initial"
    assert ask(app, "/set/b", running=first)[1] == "a"
    assert ask(app, "/set/c", running=second)[1] == "initial"


def test_only_a_state_can_be_set() -> None:
    app = Portico()
    constant = app.decorate(1, name="one")
    resource = app.resource(lambda: 1)
    resolved = app.resolve(lambda: 1)
    foreign = Portico().state(1, name="foreign")

    @app.get("/{name}")
    def change(ctx: Context, name: str) -> None:
        keys: dict[str, Any] = {
            "constant": constant,
            "resource": resource,
            "resolved": resolved,
            "foreign": foreign,
        }
        ctx[keys[name]] = 2

    for name in ("constant", "resource", "resolved", "foreign"):
        platform = LoopPlatform()
        assert ask(app, f"/{name}", platform=platform)[0] == 500
        assert "is no state of the application that serves" in str(platform.reports[0])


def test_a_state_that_cannot_be_copied_is_refused_at_start() -> None:
    app = Portico()
    app.state(iter("abc"), name="letters")
    app.state((letter for letter in "abc"), name="numbers")

    with pytest.raises(DefinitionError, match=r"'numbers'.*cannot be copied"):
        app.start(LoopPlatform())


def test_the_keys_of_a_plugin_that_is_there_twice_are_one() -> None:
    def plugin() -> tuple[Portico, Key[Any], Key[Any], Key[Any]]:
        one = Portico(name="counter")
        return one, one.state(0), one.decorate("c"), one.resource(lambda: object())

    (first, state, constant, resource), (second, state_2, constant_2, resource_2) = (
        plugin(),
        plugin(),
    )
    app = Portico()
    app.use(first)
    app.use(second)
    mine = app.resource(bound(resource_2))

    @app.get("/")
    def count(ctx: Context) -> list[Any]:
        ctx[state_2] += 1  # type: ignore[index] # pyright: ignore[reportIndexIssue]
        return [
            ctx[state],
            ctx[state_2],
            ctx[constant] is ctx[constant_2],
            ctx[resource] is ctx[resource_2] is ctx[mine],
        ]

    app.check()

    assert ask(app) == (200, [1, 1, True, True])
    assert ask(app.override(state_2, 5).override(constant_2, "d")) == (200, [6, 6, True, True])


def test_two_keys_may_have_one_function_or_one_name() -> None:
    app = Portico()

    def number() -> object:
        return object()

    first, second = app.resolve(number), app.resolve(number)
    named = [app.decorate(name, name="x") for name in "ab"]

    @app.get("/")
    def show(ctx: Context) -> list[Any]:
        return [ctx[first] is ctx[second], *(ctx[key] for key in named)]

    assert ask(app) == (200, [False, "a", "b"])


@pytest.mark.parametrize("make", ["resource", "derive", "resolve"])
@pytest.mark.parametrize("given", ["resource", "derive", "resolve"])
def test_a_key_is_not_registered_as_a_function(make: str, given: str) -> None:
    app = Portico()
    key = getattr(app, given)(lambda: 1)

    with pytest.raises(DefinitionError, match=r"got <key <lambda>>"):
        getattr(app, make)(key)


# Derives and resolves


def colour(fn: Callable[..., Any], kind: str) -> Callable[..., Any]:
    """The same function in a colour."""
    if kind == "sync":
        return fn

    async def of_nothing() -> Any:
        await anyio.sleep(0)
        return fn()

    async def of_context(ctx: Context) -> Any:
        await anyio.sleep(0)
        return fn(ctx)

    return of_context if fn.__code__.co_argcount else of_nothing


@on_each_platform
@pytest.mark.parametrize("kind_of_key", ["derive", "resolve"])
@pytest.mark.parametrize("is_async", [True, False])
def test_a_value_is_made_for_each_request_of_each_route_read_or_not(
    kind: type[LoopPlatform], kind_of_key: str, is_async: bool
) -> None:
    app, made = Portico(), list[str]()

    def make(ctx: Context) -> int:
        made.append(ctx.path)
        return len(made)

    key = getattr(app, kind_of_key)(colour(make, "async" if is_async else "sync"))
    app.get("/bound", bound(key))
    app.get("/unread", lambda: 0)

    @app.get("/read")
    def read(ctx: Context) -> Any:
        return ctx[key]

    answers = [ask(app, path, platform=kind())[1] for path in ("/bound", "/read", "/unread")]

    assert answers == [1, 2, 0]
    assert made == ["/bound", "/read", "/unread"]


@pytest.mark.parametrize("kind_of_key", ["derive", "resolve"])
def test_a_key_answers_by_raising(kind_of_key: str) -> None:
    app = Portico()

    def refuse() -> int:
        raise HTTPError(401, "who?")

    getattr(app, kind_of_key)(refuse)
    app.get("/", lambda: "never")

    assert ask(app)[0] == 401


def test_a_key_that_another_reads_is_made_before_it_whatever_stands_first() -> None:
    app, made = Portico(), list[str]()

    @app.resolve
    def reads(ctx: Context) -> str:
        made.append("reads")
        return ctx[later] + "!"

    @app.resolve
    def later() -> str:
        made.append("later")
        return "a"

    app.get("/", bound(reads))

    app.check()

    assert ask(app) == (200, "a!")
    assert made == ["later", "reads"]


# Lazy keys: where they run

holder = ModuleType("holder")
outer = ModuleType("outer")
outer.inner = holder  # type: ignore[attr-defined]


class Keys:
    """A class that holds a key."""

    lazy: Key[int]


@pytest.fixture
def lazy() -> tuple[Portico, Key[int], list[str]]:
    """An application with a lazy key, under every name that a handler can have for it."""
    app, made = Portico(), list[str]()

    @app.resolve(lazy=True)
    def value(ctx: Context) -> int:
        made.append(ctx.path)
        return len(made)

    globals()["global_key"] = value
    holder.key = value  # type: ignore[attr-defined]
    Keys.lazy = value
    return app, value, made


global_key: Key[int] = Portico().resolve(lambda: 0)


def by_global(ctx: Context) -> int:
    return ctx[global_key]


def by_module(ctx: Context) -> Any:
    return ctx[holder.key]


def by_nested_module(ctx: Context) -> Any:
    return ctx[outer.inner.key]


def by_class(ctx: Context) -> int:
    return ctx[Keys.lazy]


def by_inner_function(ctx: Context) -> int:
    def read() -> int:
        return ctx[global_key]

    return read()


def by_local(ctx: Context) -> int:
    key = global_key
    return ctx[key]


def by_comprehension(ctx: Context) -> int:
    return sum(ctx[global_key] for _ in range(1))


class Handler:
    """A handler that is an object, and one that is a method."""

    def __call__(self, ctx: Context) -> int:
        return ctx[global_key]

    def method(self, ctx: Context) -> int:
        return ctx[global_key]


HANDLERS: dict[str, Callable[..., Any]] = {
    fn.__name__: fn
    for fn in (
        by_global,
        by_module,
        by_nested_module,
        by_class,
        by_inner_function,
        by_local,
        by_comprehension,
    )
} | {"object": Handler(), "method": Handler().method}


@pytest.mark.parametrize("name", HANDLERS)
def test_a_lazy_key_runs_once_where_the_handler_names_it(
    lazy: tuple[Portico, Key[int], list[str]], name: str
) -> None:
    app, _, made = lazy
    app.get("/", HANDLERS[name])

    app.check()

    assert ask(app) == (200, 1)
    assert made == ["/"]


def test_a_lazy_key_runs_once_where_a_closure_names_it(
    lazy: tuple[Portico, Key[int], list[str]],
) -> None:
    app, key, made = lazy

    @app.get("/")
    async def closure(ctx: Context) -> list[int]:
        return [ctx[key], ctx[key], await ctx.get(key)]

    assert ask(app) == (200, [1, 1, 1])
    assert made == ["/"]


@pytest.mark.parametrize("hook", ["before_handle", "transform"])
def test_a_lazy_key_runs_in_front_of_the_hook_that_names_it(hook: str) -> None:
    app, seen = Portico(), list[int]()
    key = app.derive(lazy=True)(lambda: 1)

    def watch(ctx: Context) -> None:
        seen.append(ctx[key])

    getattr(app, hook)(watch)
    app.get("/", lambda: "a")

    assert ask(app) == (200, "a")
    assert seen == [1]


def test_a_lazy_key_does_not_run_where_nothing_asks(
    lazy: tuple[Portico, Key[int], list[str]],
) -> None:
    app, _, made = lazy
    app.get("/", lambda: "a")

    assert ask(app) == (200, "a")
    assert made == []


def test_a_lazy_key_that_is_asked_for_under_a_condition_runs_only_then(
    lazy: tuple[Portico, Key[int], list[str]],
) -> None:
    app, key, made = lazy

    @app.get("/")
    async def show(ctx: Context, wanted: bool) -> int:
        return await ctx.get(key) if wanted else 0

    assert ask(app, "/?wanted=false") == (200, 0)
    assert made == []
    assert ask(app, "/?wanted=true") == (200, 1)
    assert made == ["/"]


def test_a_bare_read_of_a_lazy_key_elsewhere_says_what_to_do(
    lazy: tuple[Portico, Key[int], list[str]],
) -> None:
    app, key, _ = lazy
    keys, platform = [key], LoopPlatform()

    @app.get("/")
    def show(ctx: Context) -> int:
        return ctx[keys[0]]

    assert ask(app, platform=platform)[0] == 500
    assert "lazy" in str(platform.reports[0])
    assert "await ctx.get(value)" in str(platform.reports[0])


@on_each_platform
@pytest.mark.parametrize("is_async", [True, False])
@pytest.mark.parametrize("times", [1, 2, 50])
def test_a_key_that_several_tasks_ask_for_is_made_once(
    kind: type[LoopPlatform], is_async: bool, times: int
) -> None:
    app, made = Portico(), list[int]()

    def value() -> int:
        made.append(1)
        return 7

    keys = [app.resolve(lazy=True)(colour(value, "async" if is_async else "sync"))]

    @app.get("/")
    async def show(ctx: Context) -> list[int]:
        found: list[int] = []

        async def ask_for_it() -> None:
            found.append(await ctx.get(keys[0]))

        async with anyio.create_task_group() as group:
            for _ in range(times):
                group.start_soon(ask_for_it)
        return found

    assert ask(app, platform=kind()) == (200, [7] * times)
    assert made == [1]


def test_a_key_whose_first_asker_is_cancelled_is_made_for_the_next() -> None:
    app, begun = Portico(), list[anyio.CancelScope]()

    async def value() -> int:
        if not begun:
            begun.append(anyio.CancelScope())
            raised.set()
            await anyio.sleep_forever()
        return 7

    keys = [app.resolve(lazy=True)(value)]
    raised = anyio.Event()

    @app.get("/")
    async def show(ctx: Context) -> int:
        found: list[int] = []

        async def first(scope: anyio.CancelScope) -> None:
            with scope:
                await ctx.get(keys[0])

        async def second() -> None:
            found.append(await ctx.get(keys[0]))

        async with anyio.create_task_group() as group:
            scope = anyio.CancelScope()
            group.start_soon(first, scope)
            await raised.wait()
            group.start_soon(second)
            await anyio.sleep(0)
            scope.cancel()
        return found[0]

    assert ask(app) == (200, 7)


def test_lazy_keys_may_want_each_other_in_any_colour() -> None:
    app = Portico()
    a = app.derive(lazy=True)(lambda: "a")

    @app.resolve(lazy=True)
    async def b(it: str = use(a)) -> str:
        return it + "b"

    @app.resolve(lazy=True)
    def c(ctx: Context) -> str:
        return ctx[a] + ctx[b] + "c"

    keys = [c]

    @app.get("/asked")
    async def asked(ctx: Context) -> str:
        return await ctx.get(keys[0])

    app.get("/bound", bound(c))

    app.check()

    assert ask(app, "/asked") == ask(app, "/bound") == (200, "aabc")


def test_a_hook_of_request_may_ask_for_a_key_too() -> None:
    app, made = Portico(), list[str]()

    @app.derive(lazy=True)
    def client(ctx: Context) -> str:
        made.append(ctx.path)
        return "c"

    @app.request
    async def watch(ctx: Context) -> None:
        assert await ctx.get(client) == "c"

    app.get("/", bound(client))

    assert ask(app) == (200, "c")
    assert ask(app, "/not-there")[0] == 404
    assert made == ["/", "/not-there"]


def test_a_key_out_of_scope_can_be_bound_named_and_asked_for() -> None:
    plugin = Portico(name="plugin")
    local = plugin.resolve(lambda: "local")
    lazy_key = plugin.resolve(lazy=True)(lambda: "lazy")
    app = Portico().use(plugin)

    @app.get("/bound")
    def take(a: str = use(local), b: str = use(lazy_key)) -> str:
        return a + b

    @app.get("/named")
    def named(ctx: Context) -> str:
        return ctx[local] + ctx[lazy_key]

    @app.get("/asked")
    async def asked(ctx: Context) -> str:
        return await ctx.get(local) + await ctx.get(lazy_key)

    app.check()

    for path in ("/bound", "/named", "/asked"):
        assert ask(app, path) == (200, "locallazy")


# Mistakes that `check` finds


def foreign_bound(app: Portico) -> str:
    key = Portico().resolve(lambda: 1)
    app.get("/", bound(key))
    return r"show\(\) .* uses <key <lambda>>, whose application is not part"


def foreign_read(app: Portico) -> str:
    key = Portico().decorate(1, name="foreign")

    @app.get("/")
    def show(ctx: Context) -> int:
        return ctx[key]

    return r"show\(\) .* uses <key foreign>, whose application is not part"


def foreign_read_by_a_hook(app: Portico) -> str:
    key = Portico().decorate(1, name="foreign")

    @app.after_response
    def show(ctx: Context, response: Response) -> None:
        assert ctx[key]

    app.get("/", lambda: 1)
    return r"show\(\) .* uses <key foreign>, whose application is not part"


def foreign_wanted_by_an_unused_key(app: Portico) -> str:
    key = Portico().decorate(1, name="foreign")
    app.resolve(lazy=True)(bound(key))
    return r"uses <key foreign>, whose application is not part"


def resource_wants_request(app: Portico) -> str:
    key = app.resolve(lazy=True)(lambda: 1)
    app.resource(bound(key))
    return "uses <key <lambda>>, whose value lives as long as a request"


def resource_wants_a_later_one(app: Portico) -> str:
    other = Portico()
    key = other.resource(lambda: 1)
    app.resource(bound(key))
    app.use(other)
    return "which is not a resource that stands before it"


def derive_binds_resolve(app: Portico) -> str:
    key = app.resolve(lambda: 1)
    app.derive(bound(key))
    app.get("/", lambda: 1)
    return "runs before validation and uses <key <lambda>>, which runs after it"


def derive_reads_resolve(app: Portico) -> str:
    key = app.resolve(lambda: 1)

    @app.derive(lazy=True)
    def early(ctx: Context) -> int:
        return ctx[key]

    return "runs before validation and uses <key <lambda>>, which runs after it"


def transform_reads_resolve(app: Portico) -> str:
    key = app.resolve(lambda: 1)

    @app.transform
    def change(ctx: Context) -> None:
        assert ctx[key]

    app.get("/", lambda: 1)
    return "runs before validation and uses <key <lambda>>, which runs after it"


def _circle(register: Callable[..., Any]) -> str:
    def first(ctx: Context) -> Any:
        return ctx[second_key]

    def second(ctx: Context) -> Any:
        return ctx[first_key]

    first_key = register(first)
    second_key = register(second)
    return r"first > second > first|second > first > second"


def circle_of_eager_keys(app: Portico) -> str:
    return _circle(app.resolve)


def circle_of_lazy_keys(app: Portico) -> str:
    return _circle(app.derive(lazy=True))


def circle_on_a_route(app: Portico) -> str:
    app.get("/", lambda: 1)
    expected = _circle(app.resolve)
    app.get("/after", lambda: 1)
    return expected


def circle_of_one(app: Portico) -> str:
    @app.resolve(lazy=True)
    def own(ctx: Context) -> Any:
        return ctx[own]

    return "own > own"


def lazy_key_without_a_source(app: Portico) -> str:
    def wrong(thing: object) -> None: ...

    app.resolve(lazy=True)(wrong)
    return r"wrong\(\) .*'thing'"


MISTAKES = [
    foreign_bound,
    foreign_read,
    foreign_read_by_a_hook,
    foreign_wanted_by_an_unused_key,
    resource_wants_request,
    resource_wants_a_later_one,
    derive_binds_resolve,
    derive_reads_resolve,
    transform_reads_resolve,
    circle_of_eager_keys,
    circle_of_lazy_keys,
    circle_on_a_route,
    circle_of_one,
    lazy_key_without_a_source,
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda fn: fn.__name__)
def test_a_mistake_with_a_key_is_found_before_any_request(mistake: Callable[..., str]) -> None:
    app = Portico()
    expected = mistake(app)

    with pytest.raises(DefinitionError, match=expected):
        app.check()


def test_a_key_that_asks_for_itself_while_it_is_made_is_named() -> None:
    app, keys, platform = Portico(), list[Key[Any]](), LoopPlatform()

    @app.resolve(lazy=True)
    async def own(ctx: Context) -> Any:
        return await ctx.get(keys[0])

    keys.append(own)

    @app.get("/")
    async def show(ctx: Context) -> Any:
        return await ctx.get(keys[0])

    assert ask(app, platform=platform)[0] == 500
    assert "own > own" in str(platform.reports[0])


def test_naming_a_key_without_reading_it_is_no_mistake() -> None:
    app, foreign = Portico(), Portico().resolve(lambda: 1)
    known = {foreign: 5}

    @app.get("/")
    def show(ctx: Context) -> int:
        return known[foreign] + foreign()

    app.check()

    assert ask(app) == (200, 6)


# Overrides


def layered() -> tuple[Portico, dict[str, Key[Any]], list[str]]:
    """An application with a key of each kind, in a plugin of a plugin, and what ran."""
    ran: list[str] = []
    inner, middle, app = Portico(name="inner"), Portico(name="middle"), Portico()

    def resource() -> Any:
        ran.append("resource")
        yield "resource"

    def derive() -> Any:
        ran.append("derive")
        yield "derive"

    async def resolve() -> Any:
        ran.append("resolve")
        yield "resolve"

    def lazy() -> str:
        ran.append("lazy")
        return "lazy"

    keys: dict[str, Key[Any]] = {
        "constant": inner.decorate("constant"),
        "state": inner.state("state"),
        "resource": inner.resource(resource),
        "derive": inner.derive(scope="global")(derive),
        "resolve": inner.resolve(scope="global")(resolve),
        "lazy": inner.resolve(lazy=True)(lazy),
    }
    middle.use(inner)
    app.use(middle)
    constant, state, entered, derived, resolved, late = keys.values()

    @app.get("/")
    def show(ctx: Context) -> list[Any]:
        return [
            ctx[constant],
            ctx[state],
            ctx[entered],
            ctx[derived],
            ctx[resolved],
            ctx[late],
        ]

    @app.get("/asked")
    async def asked(ctx: Context) -> list[Any]:
        return [await ctx.get(key) for key in keys.values()]

    return app, keys, ran


KINDS = ["constant", "state", "resource", "derive", "resolve", "lazy"]


@pytest.mark.parametrize("path", ["/", "/asked"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_override_changes_one_value_and_the_original_nothing(kind: str, path: str) -> None:
    app, keys, ran = layered()
    fake = app.override(keys[kind], "fake")

    app.check()
    fake.check()

    expected = ["fake" if each == kind else each for each in KINDS]
    assert ask(fake, path) == (200, expected)
    assert kind not in ran
    assert ask(app, path) == (200, KINDS)
    assert ask(fake, path) == (200, expected)


def test_overrides_add_up_and_the_last_one_of_a_key_wins() -> None:
    app, keys, ran = layered()
    fake = app
    for kind in KINDS:
        fake = fake.override(keys[kind], "first").override(keys[kind], kind.upper())

    assert ask(fake) == (200, [kind.upper() for kind in KINDS])
    assert ran == []


def test_an_override_of_a_state_is_a_copy_for_each_running() -> None:
    app, given = Portico(), [0]
    key = app.state(list[int]())

    @app.get("/")
    def count(ctx: Context) -> int:
        ctx[key].append(1)
        return len(ctx[key])

    fake = app.override(key, given)

    assert ask(fake) == ask(fake) == (200, 2)
    assert given == [0]


def test_what_an_overridden_key_wants_does_not_run_for_it() -> None:
    app, ran = Portico(), list[str]()

    def first() -> str:
        ran.append("first")
        return "first"

    wanted = app.resolve(lazy=True)(first)
    key = app.resolve(lazy=True)(bound(wanted))
    app.get("/", bound(key))

    assert ask(app.override(key, "fake")) == (200, "fake")
    assert ran == []


def test_a_resource_is_made_of_one_that_was_overridden() -> None:
    app = Portico()
    url = app.resource(lambda: "real")

    @app.resource
    def pool(it: str = use(url)) -> str:
        return f"pool of {it}"

    app.get("/", bound(pool))
    fake = app.override(url, "fake")

    fake.check()

    assert ask(app) == (200, "pool of real")
    assert ask(fake) == (200, "pool of fake")


def test_an_override_breaks_the_circle_that_its_key_was_in() -> None:
    app = Portico()

    def first(ctx: Context) -> Any:
        return ctx[second_key]

    def second(ctx: Context) -> Any:
        return ctx[first_key]

    first_key, second_key = app.resolve(first), app.resolve(second)
    app.get("/", bound(first_key))
    fake = app.override(second_key, "fake")

    fake.check()

    assert ask(fake) == (200, "fake")


def test_an_override_of_a_foreign_key_is_refused() -> None:
    with pytest.raises(DefinitionError, match="the key is of another application"):
        Portico().override(Portico().decorate(1), 2)


def test_an_application_and_its_override_serve_at_the_same_time() -> None:
    app = Portico()
    key = app.resolve(lambda: "real")
    arrived = {"real": asyncio.Event(), "fake": asyncio.Event()}

    @app.get("/{other}")
    async def meet(ctx: Context, other: str) -> str:
        arrived[ctx[key]].set()
        await arrived[other].wait()
        return ctx[key]

    fake = app.override(key, "fake")

    async def respond(served: Portico, other: str) -> object:
        platform = LoopPlatform()
        async with served.start(platform) as running:
            request = Request(f"http://app.test/{other}")
            answer = served.handle(request, platform, running)
            return (answer if isinstance(answer, Response) else await answer).content

    async def run() -> list[object]:
        return list(await asyncio.gather(respond(app, "fake"), respond(fake, "real")))

    assert asyncio.run(run()) == [b"real", b"fake"]


# What `Context` has


def test_a_context_has_what_a_handler_may_ask_of_a_request() -> None:
    app = Portico()

    @app.post("/users/{id}")
    async def show(ctx: Context) -> dict[str, Any]:
        return {
            "request": ctx.request.method,
            "path": ctx.path,
            "route": ctx.route,
            "params": dict(ctx.params),
            "query": ctx.query.get("q"),
            "headers": ctx.headers.get("x-own"),
            "cookies": ctx.cookies["c"].value,
            "body": ctx.body,
            "set": ctx.set.status,
            "platform": ctx.platform.runtime.name,
            "env": ctx.env is ctx.platform.env,
            "deadline": ctx.deadline,
            "wait_until": ctx.wait_until(lambda: None).value,
        }

    async def run() -> Any:
        platform = LoopPlatform()
        request = Request(
            "http://app.test/users/1?q=2",
            method="POST",
            headers={"x-own": "3", "cookie": "c=4", "content-type": "application/json"},
            body=b"[5]",
        )
        answer = app.handle(request, platform, app.start(platform))
        return json.loads(await (answer if isinstance(answer, Response) else await answer).bytes())

    assert asyncio.run(run()) == {
        "request": "POST",
        "path": "/users/1",
        "route": "/users/{id}",
        "params": {"id": "1"},
        "query": "2",
        "headers": "3",
        "cookies": "4",
        "body": [5],
        "set": None,
        "platform": "test",
        "env": True,
        "deadline": None,
        "wait_until": "after-response",
    }


variable: ContextVar[str] = ContextVar("variable", default="clean")


@on_each_platform
@pytest.mark.parametrize("is_async", [True, False])
def test_a_variable_that_a_key_sets_is_what_the_handler_sees(
    kind: type[LoopPlatform], is_async: bool
) -> None:
    app = Portico()

    def make() -> None:
        variable.set("dirty")

    app.resolve(colour(make, "async" if is_async else "sync"))
    app.get("/", lambda: variable.get())

    assert ask(app, platform=kind()) == (200, "dirty")
    assert variable.get() == "clean"
