"""What is declared is what leaves; what is not declared does not."""

import asyncio
import gc
import subprocess
import sys
from abc import ABCMeta, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Generator,
    Iterable,
    Iterator,
)
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from msgspec import Meta, Struct, StructMeta

from portico import (
    Blob,
    Conflict,
    Created,
    DefinitionError,
    HTTPError,
    NoContent,
    NotFound,
    PorticoError,
    Problem,
    Reply,
    Response,
    ServerSentEvent,
    Unauthorized,
    UndeclaredAnswerError,
    file,
    sse,
    status,
)
from portico._declared import Declared
from portico._idle import Idle
from portico._json import to_json
from portico._returns import Returns, returns_of
from portico._schema import Schema
from portico._signature import EMPTY
from portico._slot import Slot

WHERE = "get_user() (app.py:12)"

T = TypeVar("T")


class AbstractMeta(StructMeta, ABCMeta):
    pass


class User(Struct):
    id: int
    name: str = "ann"


class Admin(User):
    password_hash: str = "SECRET"


class OutOfStock(Problem):
    pass


def settled(annotation: Any, value: Any, **options: Any) -> Any:
    """The value that a handler with an annotation and nothing else around it sends."""
    returns = returns_of(annotation, WHERE)
    return Declared(returns, **options).settle(value, returns)


PASS: list[tuple[Any, Any]] = [
    (EMPTY, status(409, Admin(1))),
    (Any, Admin(1)),
    (object, {"a": 1}),
    (str, "a"),
    (None, None),
    (User, User(1)),
    (User | None, None),
    (User | NotFound[Problem], status(404, Problem("a"))),
    (User | NotFound[Problem], status(404, OutOfStock("a"))),
    (User | NotFound[Problem], status(404)),
    (User | NotFound[None], status(404)),
    (User | NotFound[str], status(404, "a")),
    (Created[User], status(201, User(1))),
    (NoContent[None], status(204)),
    (None, status(204)),
    (Reply[int, Problem], status(499, Problem())),
    (Reply[Literal[401, 403], str], status(403, "a")),
    (Reply[Any, Any], status(409, Admin(1))),
    (Any | NotFound[Problem], status(409, "a")),
    (User, Response("a", status=418)),
    (User, file("a.txt")),
    (Response, Response("a")),
    (Created[User], status(201, Response("a"))),
    (Blob, Blob([b"a"])),
    (list[User], [User(1)]),
    (Iterable[User], [User(1)]),
    (dict[str, Any], {"a": Admin(1)}),
    (Iterator[Any], iter([Admin(1)])),
]


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize(("annotation", "value"), PASS, ids=[str(row) for row in PASS])
def test_what_is_declared_passes_as_it_is(annotation: Any, value: Any, validate: bool) -> None:
    assert settled(annotation, value, validate=validate) is value


CONVERTED: list[tuple[Any, Any, Any]] = [
    (User, Admin(1), User(1)),
    (User, {"id": 1}, User(1)),
    (User | NotFound[Problem], Admin(1), User(1)),
    (list[User], [Admin(1)], [User(1)]),
    (Iterable[User], (Admin(1),), (User(1),)),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), CONVERTED)
def test_a_plain_value_is_converted_to_what_is_declared(
    annotation: Any, value: Any, expected: Any
) -> None:
    got = settled(annotation, value)

    assert got == expected
    assert b"SECRET" not in to_json(got)


def test_a_reply_keeps_its_code_and_fields_around_a_converted_value() -> None:
    reply = status(201, Admin(1), headers={"x": "1"})

    got = settled(Created[User], reply)

    assert (got.code, got.value, got.headers) == (201, User(1), reply.headers)
    assert type(reply.value) is Admin


UNDECLARED: list[tuple[Any, Any, int]] = [
    (User, status(409, Problem()), 409),
    (User, status(200, "a"), 200),
    (User, status(201, User(1)), 201),
    (User, None, 200),
    (User, "a", 200),
    (str, {"a": 1}, 200),
    (str, b"a", 200),
    (str, iter("a"), 200),
    (None, "a", 200),
    (None, {}, 200),
    (Created[User], User(1), 200),
    (Response, {"a": 1}, 200),
    (NotFound[Problem], status(404, "no user"), 404),
    (NotFound[User], status(404), 404),
    (NotFound[Problem], None, 200),
    (list[User], iter([User(1)]), 200),
    (Iterator[User], [User(1)], 200),
    (Reply[int, Problem], status(409, "a"), 409),
    (User, status(409, Response()), 409),
    (Literal["a"], "b", 200),
]


@pytest.mark.parametrize("validate", [False, True])
@pytest.mark.parametrize(("annotation", "value", "code"), UNDECLARED, ids=map(str, UNDECLARED))
def test_what_is_not_declared_is_an_error(
    annotation: Any, value: Any, code: int, validate: bool
) -> None:
    with pytest.raises(
        UndeclaredAnswerError, match=r"^get_user\(\) \(app.py:12\) answers"
    ) as caught:
        settled(annotation, value, validate=validate)

    assert caught.value.status == code
    assert isinstance(caught.value, PorticoError)
    assert not isinstance(caught.value, HTTPError)


class Later(dict[str, str]):
    """A dict that can be awaited: what comes of it is the answer."""

    def __await__(self) -> Generator[None, None, str]:
        yield
        return "SECRET"


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        *((annotation, value) for annotation, value, *_ in [*PASS, *CONVERTED, *UNDECLARED]),
        (Created[Later | User], status(201, Later())),
        (Later | User, Later()),
        (Created[User], status(201, [User(1)])),
        (list[int] | Iterator[int], [1]),
        (list[int] | Iterator[int], (1,)),
        (tuple[int, ...] | set[str], {"a"}),
        (tuple[int, ...] | set[str], {1}),
    ],
    ids=str,
)
def test_an_answer_is_held_to_its_type_the_same_before_and_after_the_type_is_known(
    annotation: Any, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    returns = returns_of(annotation, WHERE)
    known = Declared(returns)
    known.prepare()
    monkeypatch.setattr("portico._slot._slots", {})  # routes share them

    def outcome(declared: Declared) -> tuple[Any, ...]:
        try:
            got: object = declared.settle(value, returns)
        except UndeclaredAnswerError as error:
            return (str(error), error.status)
        inner: object = getattr(got, "value", got)
        shown = inner if type(inner) in (User, list, tuple) else None
        return got is value, repr(type(got)), repr(type(inner)), shown

    assert outcome(known) == outcome(Declared(returns))


TEXTS: list[tuple[Any, Any, str]] = [
    (
        User,
        status(409, Problem()),
        """answers with 409 and a `Problem`, but its route declares 200.
        Declare it: `-> ... | Conflict[Problem]`, or `response={409: Problem}`.""",
    ),
    (
        User | NotFound[Problem],
        status(411),
        """answers with 411 and a `None`, but its route declares 200, 404.
        Declare it: `-> ... | Reply[Literal[411], None]`, or `response={411: None}`.""",
    ),
    (
        Created[User],
        User(1),
        """answers with 200 and a `User`, but its route declares 201.
        Declare it: `-> ... | User`, or `response={200: User}`.""",
    ),
    (
        User | None,
        {"id": "SECRET"},
        """answers 200 with a `dict` that is not the declared `User | None`
        (/id: expected an integer). Return what is declared, or declare what is returned.""",
    ),
    (
        list[User | str],
        [User(1), None],
        """answers 200 with a `list` that is not the declared `list[User | str]`
        (/1: expected `User` or `str`). Return what is declared, or declare what is returned.""",
    ),
]


@pytest.mark.parametrize(("annotation", "value", "words"), TEXTS)
def test_an_error_says_what_was_answered_and_how_to_declare_it(
    annotation: Any, value: Any, words: str
) -> None:
    with pytest.raises(UndeclaredAnswerError) as caught:
        settled(annotation, value)

    assert str(caught.value).split() == [*WHERE.split(), *words.split()]


def test_an_error_without_a_name_still_says_who() -> None:
    returns = returns_of(str)

    with pytest.raises(UndeclaredAnswerError, match=r"^A function answers"):
        Declared(returns).settle(1, returns)


# Who declares what


def declared(
    handler: Any, *hooks: Any, options: Any = None
) -> tuple[Declared, Returns, list[Returns]]:
    own = returns_of(handler, WHERE)
    others = [returns_of(hook, "hook()") for hook in hooks]
    return Declared(own, others, options), own, others


def test_an_option_wins_over_the_annotation_for_its_status() -> None:
    route, handler, _ = declared(Admin | NotFound[str], options={200: User, 409: Problem})

    assert route.types == {200: User, 404: str, 409: Problem}
    assert route.settle(Admin(1), handler) == User(1)
    assert route.settle(status(404, "a"), handler).value == "a"
    assert route.settle(status(409), handler).value is None


def test_an_option_that_is_one_type_is_that_of_a_plain_value() -> None:
    route, handler, _ = declared(EMPTY, options=User)

    assert route.settle(Admin(1), handler) == User(1)
    assert route.settle(status(409, "a"), handler).value == "a"
    with pytest.raises(UndeclaredAnswerError):
        route.settle("a", handler)


def test_the_codes_of_hooks_are_declared_for_everyone() -> None:
    route, handler, (hook,) = declared(User, None | Unauthorized[Problem] | NotFound[str])

    assert route.types == {200: User, 401: Problem, 404: str}
    for author in (handler, hook):
        assert route.settle(status(401), author).code == 401
        with pytest.raises(UndeclaredAnswerError):
            route.settle(status(401, "a"), author)
        with pytest.raises(UndeclaredAnswerError):
            route.settle(status(409, "a"), author)


def test_a_hook_does_not_override_the_handler() -> None:
    route, _, (hook,) = declared(User | NotFound[Problem], str | NotFound[str] | None)

    assert route.types == {200: User, 404: Problem}
    with pytest.raises(UndeclaredAnswerError):
        route.settle("cached", hook)
    assert route.settle(Admin(1), hook) == User(1)


def test_hooks_that_declare_the_same_status_are_merged() -> None:
    route, *_ = declared(str, Conflict[User], Conflict[str] | None, None, EMPTY)

    assert route.types == {200: str, 409: User | str}


def test_an_open_function_may_answer_what_nobody_declared_and_no_more() -> None:
    route, handler, (hook, guard) = declared(User, EMPTY, None | Unauthorized[Problem])

    assert route.settle(status(418, Admin(1)), hook).value == Admin(1)
    for author in (hook, guard, handler):
        with pytest.raises(UndeclaredAnswerError):
            route.settle({"a": 1}, author)
        with pytest.raises(UndeclaredAnswerError):
            route.settle(status(401, {"a": 1}), author)
    for author in (guard, handler):
        with pytest.raises(UndeclaredAnswerError):
            route.settle(status(418, Admin(1)), author)


def test_what_a_hook_returns_plainly_binds_no_open_handler() -> None:
    route, handler, (hook,) = declared(EMPTY, User | None)

    assert route.settle("a", handler) == "a"
    assert route.settle("a", hook) == "a"


def test_an_open_hook_declares_no_plain_value_for_the_handler() -> None:
    route, handler, (hook,) = declared(Created[User], EMPTY)

    assert route.types == {201: User}
    assert route.settle("a", hook) == "a"
    with pytest.raises(UndeclaredAnswerError):
        route.settle(User(1), handler)


def test_an_author_that_the_route_does_not_know_is_held_to_its_own_annotation() -> None:
    route, *_ = declared(User)
    stranger = returns_of(Conflict[User])

    assert route.settle(status(409, Admin(1)), stranger).value == User(1)


def test_a_status_that_was_set_chooses_the_type_if_it_is_declared() -> None:
    route, handler, _ = declared(User | Created[str])

    assert route.settle("a", handler, status=201) == "a"
    assert route.settle(Admin(1), handler, status=202) == User(1)
    with pytest.raises(UndeclaredAnswerError):
        route.settle(User(1), handler, status=201)


@pytest.mark.parametrize(
    ("annotation", "options", "code"),
    [
        (None, None, 204),
        (None | NotFound[Problem], None, 204),
        (EMPTY, None, 200),
        (User | None, None, 200),
        (User | None | NoContent[None], None, 200),
        (User | NoContent[None], None, 204),
        (EMPTY, {204: None}, 200),
        (EMPTY, {200: User, 204: None}, 204),
        (str, None, 200),
    ],
)
def test_none_is_sent_with_the_status_that_declares_it(
    annotation: Any, options: Any, code: int
) -> None:
    route, handler, _ = declared(annotation, options=options)

    assert route.none_status == code
    if annotation is not str:
        assert route.settle(None, handler) is None


@pytest.mark.parametrize(
    ("handler", "hooks", "options", "trivial"),
    [
        (EMPTY, [], None, True),
        (Any, [EMPTY, None], None, True),
        (EMPTY, [None | Unauthorized[Problem]], None, False),
        (EMPTY, [Reply[int, Problem]], None, False),
        (EMPTY, [], User, False),
        (EMPTY, [], {404: Problem}, False),
        (Any | NotFound[Problem], [], None, False),
        (Response, [], None, False),
        (str, [], None, False),
        (None, [], None, False),
    ],
)
def test_a_route_where_everything_passes_says_so(
    handler: Any, hooks: list[Any], options: Any, trivial: bool
) -> None:
    route, *_ = declared(handler, *hooks, options=options)

    assert route.is_trivial is trivial


def test_validation_reports_every_fault() -> None:
    annotation = list[Annotated[int, Meta(ge=5)] | User]

    assert settled(annotation, [1, User("a")]) == [1, User("a")]  # type: ignore[arg-type]
    with pytest.raises(UndeclaredAnswerError, match=r"/0: .*/1/id: expected `int`") as caught:
        settled(annotation, [1, User("a")], validate=True)  # type: ignore[arg-type]
    assert [fault.pointer for fault in caught.value.faults] == ["/0", "/1/id"]


def test_a_value_that_contains_itself_is_an_error() -> None:
    class Node(Struct):
        next: "Node | None" = None

    node = Node()
    node.next = node

    with pytest.raises(UndeclaredAnswerError, match="contain itself"):
        settled(Node, node)


def test_what_the_first_answer_would_find_is_found_before_it() -> None:
    class Unwritable:
        pass

    for annotation in (NotFound[Unwritable], Iterator[Unwritable], User | Unwritable):
        route, *_ = declared(annotation)
        with pytest.raises(DefinitionError, match="Unwritable"):
            route.prepare()
        with pytest.raises(DefinitionError, match="Unwritable"):
            declared(annotation)[0].check()
    declared(User | Iterator[User] | NotFound[Problem])[0].prepare()


class Unwritable:
    pass


class Team(Struct):
    name: str
    members: list[User]
    scores: list[float]
    extra: dict  # type: ignore[type-arg] # pyright: ignore[reportMissingTypeArgument]


class Bad(Struct):
    inner: Unwritable


class BadList(Struct):
    inner: list[Bad]


class BadQuoted(Struct):
    inner: "list[Bad]"


class BadChild(Bad):
    name: str


class Page(Struct, Generic[T]):
    items: list[T]


class Abstract(Struct, metaclass=AbstractMeta):
    @abstractmethod
    def write(self) -> None: ...


@pytest.mark.parametrize(
    "tp",
    [Bad, list[Bad], list[list[Bad]], BadList, BadQuoted, BadChild, Page[Bad], Abstract],
    ids=str,
)
def test_what_has_no_form_is_found_by_the_check_however_deep_it_is(tp: Any) -> None:
    with pytest.raises(DefinitionError):
        Slot(tp).check()


def test_the_check_of_plain_structs_builds_nothing_and_their_first_value_does() -> None:
    program = """
import sys
from msgspec import Struct
from portico._slot import Slot
class User(Struct):
    id: int
class Admin(User):
    password: str
class Team(Struct):
    members: list[User]
    names: list[str]
slots = [Slot(User), Slot(Team), Slot(list[Team])]
for slot in slots:
    slot.check()
print("portico._mirror_build" in sys.modules)
user = User(1)
print(slots[0].fit(user) is user, User in slots[0].classes)
print(slots[2].fit([Team([Admin(1, "secret")], [])]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    first, second, third = done.stdout.splitlines()
    assert (first, second) == ("False", "True True")
    assert third == "[Team(members=[User(id=1)], names=[])]"


def test_what_the_check_leaves_is_built_when_it_is_asked_for() -> None:
    slot = Slot(Team)
    slot.check()
    assert Team not in slot.classes

    slot.build()

    team = Team("a", [], [], {})
    assert slot.fit(team) is team
    assert slot.fit(Team("a", [Admin(1)], [], {})).members == [User(1)]


def test_what_may_be_wrong_is_not_built_by_what_builds_the_rest() -> None:
    route, *_ = declared(User | Iterator[Bad])

    route.build()  # of an application whose check is deferred

    with pytest.raises(DefinitionError, match="Unwritable"):
        route.check()


def test_an_adapter_of_a_struct_is_asked_by_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    class Adapted(Struct):
        id: int

    def refuse(tp: object) -> Schema:
        raise DefinitionError(f"No {tp!r} here.")

    monkeypatch.setattr(Adapted, "__schema_adapter__", refuse, raising=False)

    with pytest.raises(DefinitionError, match="Adapted"):
        Slot(Adapted).check()


def test_the_simplest_declarations_load_no_msgspec() -> None:
    program = """
import sys
from portico import status, Response
from portico._declared import Declared
from portico._returns import returns_of
for annotation, value in ((str, "a"), (None, None), (bytes, b"a"), (Response, Response("a"))):
    returns = returns_of(annotation)
    Declared(returns).settle(value, returns)
print("msgspec" in sys.modules, "portico._mirror_build" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["False", "False"]


# Streams and awaitables


class Source:
    """An iterator that knows whether it was closed."""

    def __init__(self, *items: Any) -> None:
        self.items = list(items)
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not self.items:
            raise StopIteration
        return self.items.pop(0)

    def close(self) -> None:
        self.closed += 1


class AsyncSource:
    def __init__(self, *items: Any) -> None:
        self.items = list(items)
        self.closed = 0

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if not self.items:
            raise StopAsyncIteration
        return self.items.pop(0)

    async def aclose(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    "annotation",
    [Iterator[User], Generator[User, None, None], Iterable[User], User | Iterator[User]],
)
def test_each_item_of_a_stream_is_held_when_it_is_asked_for(annotation: Any) -> None:
    source = Source(User(1), None, Admin(2), "a", User(3))

    stream = settled(annotation, source)

    assert issubclass(type(stream), Iterator)
    assert len(source.items) == 5
    assert [next(stream), next(stream), next(stream)] == [User(1), None, User(2)]
    assert source.closed == 0
    with pytest.raises(UndeclaredAnswerError, match="`str`"):
        next(stream)
    assert source.closed == 1
    stream.close()
    assert source.closed == 2


def test_a_stream_of_one_reply_is_held_too() -> None:
    got = settled(Created[Iterator[User]], status(201, iter([Admin(1)])))

    assert got.code == 201
    assert list(got.value) == [User(1)]


@pytest.mark.parametrize("annotation", [AsyncIterator[User], AsyncGenerator[User, None]])
def test_each_item_of_an_asynchronous_stream_is_held(annotation: Any) -> None:
    async def run() -> None:
        source = AsyncSource(Admin(1), None, 5)
        stream = settled(annotation, source)
        assert issubclass(type(stream), AsyncIterator)
        assert [await anext(stream), await anext(stream)] == [User(1), None]
        with pytest.raises(UndeclaredAnswerError):
            await anext(stream)
        assert source.closed == 1
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        await stream.aclose()
        assert source.closed == 2

    asyncio.run(run())


def generator(seen: list[Any], *, end: Any = None) -> Generator[Any, None, Any]:
    try:
        yield User(1)
        yield Admin(2)
    except ValueError as error:
        seen.append(error)
        yield Admin(3)
    finally:
        seen.append("left")
    return end


async def async_generator(seen: list[Any]) -> AsyncGenerator[Any, None]:
    for each in generator(seen):
        try:
            yield each
        except ValueError as error:
            seen.append(error)
            yield Admin(3)


def test_an_error_thrown_into_a_stream_reaches_its_source() -> None:
    seen: list[Any] = []
    stream = settled(Iterator[User], generator(seen))
    error = ValueError()

    assert next(stream) == User(1)
    assert stream.throw(error) == User(3)
    with pytest.raises(KeyError):
        stream.throw(KeyError())
    assert seen == [error, "left"]

    plain = Source(1)
    with pytest.raises(KeyError):
        settled(Iterator[int], plain).throw(KeyError())
    assert plain.closed == 1


def test_an_error_thrown_into_an_asynchronous_stream_reaches_its_source() -> None:
    async def run() -> None:
        seen: list[Any] = []
        stream = settled(AsyncIterator[User], async_generator(seen))
        error = ValueError()
        assert await anext(stream) == User(1)
        assert await stream.athrow(error) == User(3)
        await stream.aclose()
        assert seen[0] is error

        plain = AsyncSource(1)
        with pytest.raises(KeyError):
            await settled(AsyncIterator[int], plain).athrow(KeyError())
        assert plain.closed == 1

    asyncio.run(run())


def without_items(end: Any) -> Generator[Any, None, Any]:
    yield from ()
    return end


@pytest.mark.parametrize(
    ("annotation", "end", "expected"),
    [
        (Generator[str, None, User], Admin(1), User(1)),
        (Iterator[str] | User, Admin(1), User(1)),
        (Iterator[str], None, None),
        (Iterator[Any] | User, Admin(1), User(1)),
        (Generator[str, None, Any], {"a": 1}, {"a": 1}),
        (Generator[str, None, object], 5, 5),
    ],
)
def test_what_a_generator_without_items_returns_is_held(
    annotation: Any, end: Any, expected: Any
) -> None:
    with pytest.raises(StopIteration) as caught:
        next(settled(annotation, without_items(end)))

    assert caught.value.value == expected


def test_what_a_generator_returns_without_items_must_be_declared() -> None:
    with pytest.raises(UndeclaredAnswerError):
        next(settled(Iterator[str], without_items(Admin(1))))

    refusal = status(404, Problem("no"))
    stream = settled(Generator[str, None, NotFound[Problem]], without_items(refusal))
    with pytest.raises(StopIteration) as caught:
        next(stream)
    assert caught.value.value is refusal


def test_what_a_generator_returns_after_items_is_nobodys_answer() -> None:
    assert list(settled(Iterator[User], generator([], end=5))) == [User(1), User(2)]


class Pending:
    """An awaitable that knows whether it was closed."""

    closed = False

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return self.value

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (Awaitable[User], Admin(1), User(1)),
        (User, Admin(1), User(1)),
        (Awaitable[User] | Created[str], status(201, "a").value, None),
        (EMPTY, "a", "a"),
    ],
)
def test_the_result_of_an_awaitable_is_held(annotation: Any, value: Any, expected: Any) -> None:
    async def run() -> Any:
        return await settled(annotation, Pending(value))

    if expected is None:
        with pytest.raises(UndeclaredAnswerError):
            asyncio.run(run())
    else:
        assert asyncio.run(run()) == expected


def test_a_reply_that_is_awaited_or_holds_an_awaitable_is_held() -> None:
    async def run(value: Any) -> Any:
        return await value

    async def admin() -> User:
        return Admin(1)

    annotation = Awaitable[Created[User] | NotFound[Problem]]
    awaited = asyncio.run(run(settled(annotation, Pending(status(201, Admin(1))))))
    assert (awaited.code, awaited.value) == (201, User(1))

    reply = settled(annotation, status(201, admin()))
    assert asyncio.run(run(reply.value)) == User(1)


def test_an_awaitable_that_nobody_awaits_can_be_closed() -> None:
    async def user() -> User:
        return User(1)

    pending = Pending(1)
    settled(User, pending).close()
    settled(User, user()).close()
    gc.collect()  # a coroutine that was left alone would warn here

    assert pending.closed


@pytest.mark.parametrize("keep_alive", [None, 5.0])
def test_the_data_of_events_is_held_and_a_stream_of_them_stays_one(
    keep_alive: float | None,
) -> None:
    source: Iterator[Any] = iter([sse(Admin(1), id=7), Admin(2)])

    stream = settled(Iterator[ServerSentEvent[User]], sse(source, keep_alive=keep_alive))

    assert stream.idle == (keep_alive and Idle(keep_alive, b":\n\n"))
    events = [event for event in stream if event.data is not None]
    assert events == [sse(User(1), id=7), sse(User(2))]


def test_an_event_alone_and_those_of_a_generator_are_held_too() -> None:
    assert settled(ServerSentEvent[User], sse(Admin(1), event="a")) == sse(User(1), event="a")
    events = settled(Iterator[ServerSentEvent[User] | User], iter([sse(Admin(1)), Admin(2)]))
    assert list(events) == [sse(User(1)), User(2)]

    with pytest.raises(UndeclaredAnswerError, match="/data"):
        settled(ServerSentEvent[User], sse("a"))
