"""A key knows the type of its value, in each form of each kind of key."""

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from msgspec import Struct

from portico import Context, Key, Portico, use
from portico.contract import Platform

app = Portico()


class Env(Struct):
    database_url: str = "sqlite://"


class Database:
    def find(self, id: int) -> str:
        return str(id)


@app.resource
async def asynchronous_generator(env: Env) -> AsyncIterator[Database]:
    yield Database()


@app.resource
def generator(platform: Platform) -> Iterator[int]:
    yield 1


@app.resource
async def coroutine() -> bytes:
    return b""


@app.resource
def function(number: int = use(generator)) -> list[str]:
    return [str(number)]


@app.resource(io=False)
async def shared_asynchronous_generator(env: Env) -> AsyncIterator[Database]:
    yield Database()


@app.resource(io=False)
def shared_generator() -> Iterator[int]:
    yield 1


@app.resource(io=False)
async def shared_coroutine() -> bytes:
    return b""


@app.resource(io=True)
def shared_function(number: int = use(generator)) -> list[str]:
    return [str(number)]


@app.get("/")
async def show(
    ctx: Context,
    database: Database = use(asynchronous_generator),
    number: int = use(generator),
    octets: bytes = use(coroutine),
    texts: list[str] = use(function),
) -> None:
    assert_type(ctx[asynchronous_generator], Database)
    assert_type(ctx[generator], int)
    assert_type(ctx[coroutine], bytes)
    assert_type(ctx[function], list[str])


assert_type(use(asynchronous_generator), Database)
assert_type(use(generator), int)
assert_type(use(coroutine), bytes)
assert_type(use(function), list[str])


assert_type(use(shared_asynchronous_generator), Database)
assert_type(use(shared_generator), int)
assert_type(use(shared_coroutine), bytes)
assert_type(use(shared_function), list[str])

app.override(shared_function, ["a"])


def read(key: Key[int], ctx: Context) -> int:
    return ctx[key]


def call_them(ctx: Context) -> None:
    assert_type(read(generator, ctx), int)
    assert_type(asynchronous_generator(Env()), AsyncIterator[Database])
    assert_type(generator(Platform()), Iterator[int])
    assert_type(function(), list[str])
    assert_type(function(number=2), list[str])
    assert_type(shared_generator(), Iterator[int])
    assert_type(shared_function(number=2), list[str])
    assert_type(generator.name, str)


async def await_it() -> None:
    assert_type(await coroutine(), bytes)
