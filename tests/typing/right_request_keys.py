"""A key that lives as long as a request knows the type of its value, in each form."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import BinaryIO, TextIO, assert_type

from msgspec import Struct

from portico import Context, Group, Key, Portico, StateKey, use

app = Portico()


class User(Struct):
    name: str


# The four forms, bare


@app.derive
async def asynchronous_generator(ctx: Context) -> AsyncIterator[User]:
    yield User(ctx.path)


@app.derive
def generator() -> Iterator[int]:
    yield 1


@app.derive
async def coroutine(q: str = "") -> bytes:
    return q.encode()


@app.derive
def function(number: int = use(generator)) -> list[str]:
    return [str(number)]


@app.resolve
async def resolved_by_an_asynchronous_generator() -> AsyncGenerator[User, None]:
    yield User("a")


@app.resolve
def resolved_by_a_generator() -> Generator[int, None, None]:
    yield 1


@app.resolve
async def resolved_by_a_coroutine() -> bytes | None:
    return None


@app.resolve
def resolved_by_a_function() -> dict[str, int]:
    return {}


# With options


@app.derive(scope="scoped")
async def scoped_derive() -> AsyncIterator[User]:
    yield User("a")


@app.derive(lazy=True, blocking=False)
def lazy_derive() -> Iterator[str]:
    yield ""


@app.resolve(lazy=True)
async def current_user(ctx: Context) -> User:
    return User(ctx.path)


@app.resolve(scope="global", lazy=True)
def lazy_resolve() -> list[int]:
    return []


async def read(ctx: Context) -> None:
    assert_type(ctx[asynchronous_generator], User)
    assert_type(ctx[generator], int)
    assert_type(ctx[coroutine], bytes)
    assert_type(ctx[function], list[str])
    assert_type(use(resolved_by_an_asynchronous_generator), User)
    assert_type(use(resolved_by_a_generator), int)
    assert_type(use(resolved_by_a_coroutine), bytes | None)
    assert_type(use(resolved_by_a_function), dict[str, int])
    assert_type(await ctx.get(scoped_derive), User)
    assert_type(await ctx.get(lazy_derive), str)
    assert_type(await ctx.get(current_user), User)
    assert_type(await ctx.get(lazy_resolve), list[int])


# As a call


def users() -> Iterator[User]:
    yield User("a")


async def count(ctx: Context, start: int = 0) -> int:
    return start


called = app.derive(users)
called_with_options = app.derive(users, scope="scoped")
lazily = app.resolve(count, lazy=True, blocking=False)


async def read_what_was_called(ctx: Context) -> None:
    assert_type(ctx[called], User)
    assert_type(ctx[called_with_options], User)
    assert_type(await ctx.get(lazily), int)
    assert_type(await lazily(ctx, start=1), int)
    assert_type(called(), Iterator[User])


# A file is an iterator too, and meant as a file


@app.resource
def log() -> TextIO:
    return open("log.txt")


@app.derive
def upload() -> BinaryIO:
    return open("upload", "rb")


@app.resolve(lazy=True)
def archive() -> Iterator[TextIO]:
    with open("archive") as file:
        yield file


async def read_files(ctx: Context) -> None:
    assert_type(ctx[log], TextIO)
    assert_type(ctx[upload], BinaryIO)
    assert_type(await ctx.get(archive), TextIO)


# Keys are called as their functions are


async def call_them(ctx: Context) -> None:
    assert_type(asynchronous_generator(ctx=ctx), AsyncIterator[User])
    assert_type(generator(), Iterator[int])
    assert_type(await coroutine(q="a"), bytes)
    assert_type(function(number=1), list[str])
    assert_type(await resolved_by_a_coroutine(), bytes | None)
    assert_type(await current_user(ctx), User)
    assert_type(lazy_resolve(), list[int])


# Constants and states


settings = app.decorate(User("a"), name="settings")
texts = app.decorate({"a": ["b"]})
hits = app.state(0)
last: StateKey[User | None] = app.state(None)


@app.get("/")
def show(
    ctx: Context,
    user: User = use(current_user),
    count: int = use(hits),
    constant: User = use(settings),
    maybe: User | None = use(last),
) -> None:
    assert_type(ctx[settings], User)
    assert_type(ctx[texts], dict[str, list[str]])
    assert_type(ctx[hits], int)
    assert_type(ctx[last], User | None)
    ctx[hits] += 1
    ctx[hits] = count + 1
    ctx[last] = user
    ctx[last] = None
    if ctx[last] is None:
        ctx[last] = constant


def any_key(ctx: Context, key: Key[int], state: StateKey[int]) -> int:
    ctx[state] = ctx[key]
    return ctx[state]


def pass_them(ctx: Context) -> None:
    any_key(ctx, generator, hits)
    any_key(ctx, resolved_by_a_generator, hits)


# Overriding


class Admin(User): ...


assert_type(app.override(current_user, User("fake")), Portico)
assert_type(app.override(current_user, Admin("fake")), Portico)
assert_type(app.override(generator, 2).override(hits, 3), Portico)
assert_type(app.override(last, None), Portico)
assert_type(app.override(last, User("a")), Portico)
assert_type(app.override(texts, {}), Portico)


# On a group


def register(group: Group) -> None:
    key = group.derive(users)
    other = group.resolve(lazy=True)(count)
    group.get("/", derive=key, resolve=[resolved_by_a_generator, other])(show)
