"""Functions that do not block as long as values are what is declared, and what becomes of others.

Whatever a key gives, or a name stands for, code of somebody's own never runs on the event loop.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from enum import Enum
from typing import Any, ClassVar

import anyio
import pytest
from msgspec import Struct

from event_platforms import Answer, LoopPlatform, ThreadPlatform, ask
from portico import Context, HTTPError, Portico, Request, Response, Span, use
from portico._inference import STRAIGHT, infer
from portico._link import Link

ran: list[tuple[str, int]] = []
"""What code of somebody's own has run, and on which thread."""


def note(name: str) -> str:
    """Note that code runs which may block."""
    ran.append((name, threading.get_ident()))
    return name


class Role(Enum):
    USER = "user"
    ADMIN = "admin"


class Team(Struct):
    name: str


class User(Struct):
    name: str
    role: Role = Role.USER
    team: Team | None = None
    tags: list[str] = []


def asking(cls: type, name: str, ask: Callable[[], object]) -> Any:
    """What an ORM makes of a declared class: the same fields, but one is asked of a database."""
    return type(cls)(f"Asking{cls.__name__}", (cls,), {name: property(lambda self: ask())})


Watched = asking(User, "name", lambda: note("property"))


class Twin(Struct):
    """Of the same fields as a user, so that it can take the place of its class."""

    name: str
    role: Role = Role.USER
    team: Team | None = None
    tags: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        note("__getattribute__")
        return super().__getattribute__(name)


class Meaning(type):
    """A metaclass that runs code wherever its classes are looked at."""

    def __eq__(cls, other: object) -> bool:
        note("metaclass __eq__")
        return True

    __hash__ = type.__hash__

    def __instancecheck__(cls, instance: object) -> bool:
        note("metaclass __instancecheck__")
        return True


class Meant(metaclass=Meaning):
    """Its class says that it is any other."""

    def __getattr__(self, name: str) -> Any:
        return note("__getattr__") if name != "team" else None


class Asked:
    """Whatever is asked of it is asked of a database, its class too."""

    def __getattr__(self, name: str) -> Any:
        return note("__getattr__") if name != "team" else None

    def __eq__(self, other: object) -> bool:
        note("__eq__")
        return True

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __bool__(self) -> bool:
        note("__bool__")
        return True

    def __str__(self) -> str:
        return note("__str__")

    def __format__(self, spec: str) -> str:
        return note("__format__")


Lazy: Any = type("Lazy", (Asked,), {"__class__": property(lambda self: note("__class__") and User)})


class Text(str):
    """A text that is formatted by code of its own."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        return note("__format__")


def turned() -> Any:
    """A user whose class was changed after it was made."""
    user: Any = User("a")
    user.__class__ = Twin
    return user


def without_name() -> Any:
    """A user whose name is not there."""
    user = User("a")
    del user.name
    return user


def app_of(make: Callable[[], Any], *, is_bound: bool = False) -> Portico:
    """An application of a handler that reads a user, and of a function that makes one."""
    app = Portico()

    @app.derive
    async def current(ctx: Context) -> User:
        user: User = make()  # nobody enforces it
        return user

    def reads(ctx: Context) -> object:
        user = ctx[current]
        if user.role == Role.ADMIN or user.name == "root":
            return f"{user.name}!"
        return f"{user.name} {user.team.name if user.team is not None else ''}"

    def binds(user: User = use(current)) -> object:
        if user.role == Role.ADMIN or user.name == "root":
            return f"{user.name}!"
        return f"{user.name} {user.team.name if user.team is not None else ''}"

    app.get("/", binds if is_bound else reads)
    return app


def handler_of(app: Portico) -> Any:
    """What is said of the handler that was registered last."""
    return app.explain()[-1].links[-1]


def answer_of(app: Portico, path: str = "/") -> Answer:
    """The answer on an event loop, where code of somebody's own has not run."""
    ran.clear()
    answer = ask(app, LoopPlatform(), Request(f"http://app.test{path}"))
    assert [name for name, thread in ran if thread == threading.get_ident()] == []
    return answer


in_both_ways = pytest.mark.parametrize("is_bound", [False, True], ids=["read", "bound"])


@in_both_ways
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: User("a"), b"a "),
        (lambda: User("a", team=Team("b")), b"a b"),
        (lambda: User("a", Role.ADMIN), b"a!"),
        (lambda: User("root"), b"root!"),
    ],
)
def test_what_is_as_declared_takes_no_thread(
    make: Callable[[], Any], text: bytes, is_bound: bool
) -> None:
    app = app_of(make, is_bound=is_bound)
    answer = answer_of(app)

    assert (answer.status, answer.body, answer.offloaded) == (200, text, 0)
    assert not handler_of(app).may_block


@in_both_ways
@pytest.mark.parametrize(
    "make",
    [
        lambda: Watched("a"),
        turned,
        Meant,
        Lazy,
        lambda: User(Text("a")),
        lambda: User(Lazy()),
        lambda: User("a", Lazy()),
        lambda: User("a", team=Lazy()),
        lambda: User("a", team=Team(Lazy())),
        lambda: User("a", team=Team(Text("b"))),
    ],
)
def test_what_is_something_else_runs_in_a_thread(make: Callable[[], Any], is_bound: bool) -> None:
    app = app_of(make, is_bound=is_bound)
    answer = answer_of(app)

    assert answer.status == 200
    assert answer.offloaded == 1
    assert ran


@in_both_ways
@pytest.mark.parametrize("make", [lambda: None, without_name, object])
def test_an_error_of_something_else_is_an_error_of_the_handler(
    make: Callable[[], Any], is_bound: bool
) -> None:
    answer = answer_of(app_of(make, is_bound=is_bound))

    assert (answer.status, answer.offloaded) == (500, 1)
    assert [type(error) for error in answer.reports] == [AttributeError]


# Other keys


class Settings(Struct):
    name: str
    limit: int = 10


def reading(key: Any) -> Callable[..., Any]:
    """A handler that reads the name that a key's value has."""

    def handler(ctx: Context) -> str:
        name: str = ctx[key].name
        return name + "!"

    return handler


def test_a_constant_is_what_it_is() -> None:
    app = Portico()
    app.get("/", reading(app.decorate(Settings("a"))))

    assert answer_of(app)[:2] == (200, b"a!")
    assert answer_of(app).offloaded == 0


def test_an_overridden_key_is_looked_at_anew() -> None:
    app = Portico()
    key: Any = app.decorate(Settings("a"))
    app.get("/", reading(key))
    fake = app.override(key, Watched("b"))

    assert (answer_of(app).offloaded, answer_of(fake).offloaded) == (0, 1)
    assert answer_of(fake).body == b"property!"
    assert answer_of(app).body == b"a!"


def test_an_overridden_key_of_a_request_is_looked_at_too() -> None:
    app = Portico()

    @app.derive
    def settings(ctx: Context) -> Settings:
        return Settings("a")

    app.get("/", reading(settings))
    fakes: list[Any] = [Settings("b"), Watched("b")]
    quick, slow = (app.override(settings, each) for each in fakes)

    assert [answer_of(each).offloaded for each in (app, quick, slow)] == [0, 0, 1]
    assert [answer_of(each).body for each in (app, quick, slow)] == [b"a!", b"b!", b"property!"]


def test_a_running_of_another_application_has_what_that_has() -> None:
    app = Portico()
    key: Any = app.decorate(Settings("a"))
    app.get("/", reading(key))
    fake, platform = app.override(key, Watched("b")), LoopPlatform()
    ran.clear()

    async def run() -> Response:
        answer = app.handle(Request("http://app.test/"), platform, fake.start(platform))
        return answer if isinstance(answer, Response) else await answer

    assert anyio.run(run).content == b"property!"
    assert platform.offloaded == 1


def test_the_value_of_a_resource_is_looked_at() -> None:
    app = Portico()

    @app.resource
    async def settings() -> AsyncIterator[Settings]:
        yield Settings("a")

    app.get("/", reading(settings))
    app.check()

    assert "`settings` is Settings" in handler_of(app).reason


def test_a_generator_gives_what_it_yields() -> None:
    app = Portico()

    @app.derive
    def settings(ctx: Context) -> Iterator[Settings]:
        yield Settings("a")

    app.get("/", reading(settings))

    assert "`settings` is Settings" in handler_of(app).reason
    assert answer_of(app)[:2] == (200, b"a!")


def test_of_a_state_nothing_is_supposed_since_another_thread_may_set_it() -> None:
    app = Portico()
    state = app.state(Settings("a"))

    @app.get("/bound")
    def bound(value: Settings = use(state)) -> str:
        return value.name + "!"

    app.get("/read", reading(state))

    assert [route.links[-1].may_block for route in app.explain()] == [True, True]


@pytest.mark.parametrize("annotation", [object, Any, dict, Lazy, list[int] | Lazy])
def test_what_is_not_declared_or_may_run_code_is_not_supposed(annotation: Any) -> None:
    app = Portico()

    def made(ctx: Context) -> Any:
        return None

    made.__annotations__["return"] = annotation
    key = app.derive(made)

    def handler(ctx: Context) -> object:
        return ctx[key] == 1

    app.get("/", handler)

    assert handler_of(app).may_block


# Names from around a function


PAGE: Any = 20
user_of_module: Any = User("a")


def page(number: int) -> object:
    """What a handler calls."""
    return number * PAGE


def pages(number: int) -> object:
    return {"from": page(number), "of": f"{user_of_module.name}"}


@pytest.fixture
def paged() -> Portico:
    app = Portico()
    app.get("/{number}", pages)
    assert answer_of(app, "/2").offloaded == 0
    assert answer_of(app, "/2").body == b'{"from":40,"of":"a"}'
    return app


class Loud(int):
    """A number that is multiplied by code of its own."""

    def __rmul__(self, other: int) -> int:
        note("__rmul__")
        return 1


def note_page(number: int) -> object:
    """What is put in the place of a function."""
    return note("page")


REBOUND: list[tuple[str, Any]] = [
    ("PAGE", Loud(1)),
    ("user_of_module", Watched("a")),
    ("user_of_module", User(Text("a"))),
    ("page", note_page),
]


@pytest.mark.parametrize(("name", "value"), REBOUND)
def test_a_name_that_is_bound_anew_is_looked_at(
    paged: Portico, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setitem(globals(), name, value)

    answer = answer_of(paged, "/2")

    assert (answer.status, answer.offloaded) == (200, 1)
    assert ran


def test_a_name_that_is_gone_is_an_error_as_ever(
    paged: Portico, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(globals(), "PAGE")

    assert answer_of(paged, "/2").status == 500


def test_a_name_of_the_function_around_is_looked_at() -> None:
    value: Any = 1

    def change(new: Any) -> None:
        nonlocal value
        value = new

    def handler(number: int) -> object:
        return number * value

    app = Portico()
    app.get("/{number}", handler)

    assert answer_of(app, "/2")[:2] == (200, b"2")
    assert answer_of(app, "/2").offloaded == 0
    change(Loud(1))
    assert answer_of(app, "/2").offloaded == 1


# Where it runs


def test_hooks_that_suppose_something_run_as_their_neighbours_do() -> None:
    app = Portico()
    made: list[Any] = [User("a")]

    @app.derive(blocking=False)
    def current(ctx: Context) -> User:
        user: User = made[0]
        return user

    @app.before_handle
    def refuse(ctx: Context) -> None:
        if ctx[current].name == "mallory":
            raise HTTPError(403)

    @app.after_handle
    def greet(ctx: Context, value: object) -> str:
        return f"hello {ctx[current].name}"

    @app.error(403)
    def refused(ctx: Context, error: HTTPError) -> str:
        return f"not {ctx[current].name}"

    app.get("/", "nothing")

    assert answer_of(app)[:2] == (200, b"hello a")
    assert answer_of(app).offloaded == 0
    made[0] = User("mallory")
    assert answer_of(app)[:2] == (403, b"not mallory")
    assert answer_of(app).offloaded == 0
    made[0] = Watched("a")
    assert answer_of(app)[:2] == (200, b"hello property")
    assert answer_of(app).offloaded == 2


def test_a_value_that_is_made_of_another_is_made_in_a_thread_too() -> None:
    app = Portico()
    made: list[Any] = [User("a")]

    @app.derive(blocking=False)
    def current(ctx: Context) -> User:
        user: User = made[0]
        return user

    @app.resolve
    def name(user: User = use(current)) -> str:
        return user.name + "!"

    @app.get("/")
    def handler(name: str = use(name)) -> str:
        return name + "?"

    assert (answer_of(app).body, answer_of(app).offloaded) == (b"a!?", 0)
    made[0] = Watched("a")
    assert (answer_of(app).body, answer_of(app).offloaded) == (b"property!?", 1)


def test_a_trace_has_one_span_of_what_ran_in_a_thread() -> None:
    app, spans = Portico(), list[str]()

    @app.trace
    def trace(ctx: Context, span: Span) -> None:
        spans.append(span.name)

    @app.derive
    async def current(ctx: Context) -> User:
        user: User = Watched("a")
        return user

    @app.get("/")
    def handler(user: User = use(current)) -> str:
        return user.name + "!"

    answer = answer_of(app)

    assert (answer.body, answer.offloaded) == (b"property!", 1)
    assert spans.count("handler") == 1


def test_an_awaitable_that_a_function_gives_in_a_thread_is_awaited() -> None:
    app = Portico()
    made: list[Any] = [User("a")]

    @app.derive(blocking=False)
    def current(ctx: Context) -> User:
        user: User = made[0]
        return user

    async def later() -> str:
        return "later"

    @app.get("/")
    def handler(user: User = use(current)) -> Any:
        return user.name if user.role is Role.USER else ""

    made[0] = asking(User, "name", later)("a")

    assert answer_of(app)[:2] == (200, b"later")


def test_a_body_is_there_for_what_runs_in_a_thread() -> None:
    app = Portico()

    @app.derive(blocking=False)
    def current(ctx: Context) -> User:
        user: User = asking(User, "name", ctx.request.sync.text)("a")
        return user

    @app.post("/")
    def handler(user: User = use(current)) -> str:
        return user.name + "!"

    ran.clear()
    answer = ask(app, LoopPlatform(), Request("http://app.test/", method="POST", body=b"body"))

    assert (answer.status, answer.body, answer.offloaded) == (200, b"body!", 1)


# Coroutines, on threads


def coroutines(made: Any, hook: Callable[..., Any] | None = None) -> Portico:
    """An application of coroutine functions, and perhaps of another function behind them."""
    app = Portico()

    @app.derive
    async def current(ctx: Context) -> User:
        return User("a")

    @app.get("/", after_handle=[] if hook is None else [hook])
    async def handler(user: User = use(current)) -> str:
        return user.name + "!"

    return app.override(current, made)


def on_thread(app: Portico) -> Response | Awaitable[Response]:
    """The answer on a thread, or the awaitable of one that needs an event loop."""
    platform = ThreadPlatform()
    return app.handle(Request("http://app.test/"), platform, app.start(platform))


def test_a_coroutine_that_finds_what_is_declared_needs_no_loop() -> None:
    answer = on_thread(coroutines(User("b")))

    assert isinstance(answer, Response)
    assert answer.content == b"b!"


def test_a_coroutine_that_finds_something_else_goes_on_to_a_loop() -> None:
    app = coroutines(Watched("b"))
    ran.clear()

    answer = on_thread(app)

    assert not isinstance(answer, Response)
    assert ran == []
    assert ask(app, ThreadPlatform())[:2] == (200, b"property!")
    answer.close()  # type: ignore[attr-defined]


def test_a_coroutine_looks_at_each_value_anew() -> None:
    app, made = Portico(), list[Any]([User("a")])

    @app.derive
    async def current(ctx: Context) -> User:
        user: User = made[0]
        return user

    @app.get("/")
    async def handler(user: User = use(current)) -> str:
        return user.name + "!"

    assert isinstance(on_thread(app), Response)
    made[0] = Watched("b")
    ran.clear()

    answer = on_thread(app)

    assert not isinstance(answer, Response)
    assert ran == []
    assert awaited(answer).content == b"property!"


def awaited(answer: Awaitable[Response]) -> Response:
    """What comes of an answer on the loop that it needs."""

    async def run() -> Response:
        return await answer

    return anyio.run(run)


def blocks(ctx: Context, value: object) -> None:
    open(__file__).close()


def test_a_coroutine_before_a_function_that_may_block_runs_on_a_loop() -> None:
    app = coroutines(User("b"), blocks)

    answer = on_thread(app)

    assert not isinstance(answer, Response)
    assert ask(app, ThreadPlatform())[:2] == (200, b"b!")
    answer.close()  # type: ignore[attr-defined]


# What is said of it


def test_what_is_supposed_is_said_in_plain_words() -> None:
    assert handler_of(app_of(lambda: User("a"), is_bound=True)).reason == (
        "it is straight-line code where `current` is User and `current.role` is Role and "
        "`current.name` is str and `current.team` is None or Team and `current.team.name` is str; "
        "elsewhere a thread runs it"
    )


def test_what_needs_no_supposition_has_none() -> None:
    app = Portico()
    key: Any = app.decorate(User("a"))

    def handler(ctx: Context, user: User = use(key)) -> object:
        return {"user": ctx[key], "path": ctx.path, "of": PAGE, "again": user}

    app.get("/", handler)

    assert handler_of(app).reason == "it is straight-line code over values of known types"
    assert infer(lambda: PAGE, {}) == STRAIGHT


def test_a_function_that_is_not_called_through_a_guard_counts_as_one_that_may_block() -> None:
    link = Link("handle", lambda: PAGE * 2, [], blocking=None)

    assert not link.inferred.is_straight
    assert link.inferred.supposes
    assert link.blocks
