"""The examples that show what an application looks like, whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import assert_type

from msgspec import Struct

from portico import (
    Conflict,
    Context,
    Created,
    Hooks,
    HTTPError,
    NotFound,
    Portico,
    Problem,
    status,
    use,
)

# What the examples take from elsewhere


class Database:
    async def find(self, id: int) -> User | None:
        return User(id, "a") if id else None


@asynccontextmanager
async def connect(url: str) -> AsyncGenerator[Database, None]:
    yield Database()


class ApiHeaders(Struct):
    api_key: str


class PaymentFailed(Exception):  # noqa: N818 - the name in the examples
    code: int = 0


# An application


class Env(Struct):  # from the platform's environment, checked at start
    database_url: str = "sqlite:///app.db"


class User(Struct):
    id: int
    name: str


app = Portico()

app.get("/", "Hello, World!")  # a value: its response is built once


@app.resource  # app-lived: entered at start, left at stop
async def database(env: Env) -> AsyncIterator[Database]:
    async with connect(env.database_url) as db:
        yield db


@app.resolve(lazy=True)  # request-lived, after validation, where it is asked for
async def current_user(ctx: Context) -> User:
    user = await ctx[database].find(1)
    if user is None:
        raise HTTPError(401)
    return user


@app.get("/users/{id}")
async def get_user(ctx: Context, id: int, verbose: bool = False) -> User | NotFound[Problem]:
    user = await ctx[database].find(id)  # typed: Database
    return user or status(404, Problem(f"no user {id}"))


@app.post("/users")
async def create_user(body: User) -> Created[User] | Conflict[Problem]:
    return status(201, body) if body.id else status(409, Problem("no id"))


@app.get("/me")
def me(user: User = use(current_user)) -> User:  # the same key as a parameter
    return user


# Its lifecycle

auth = Portico(name="auth", prefix="/auth")  # a plugin is an application; name and seed dedupe it


@auth.before_handle(scope="scoped")  # bare @auth.before_handle: scope="local"
def require_login(ctx: Context) -> None:  # a returned value answers; None goes on
    ctx[current_user]


@app.error(PaymentFailed)  # by class, by status (404), or bare: fallback
def payment_failed(ctx: Context, error: PaymentFailed) -> object:
    return error.code


with app.group("/v1") as v1:  # also without `with`; registrations go to the parent at once
    v1.get("/", "one")
with app.guard(before_handle=[require_login], headers=ApiHeaders) as secured:
    secured.get("/secret", "two")


def role(name: str) -> Hooks:  # a function that returns hooks, keys, schema, options
    def require(ctx: Context) -> None:
        if ctx[current_user].name != name:
            raise HTTPError(403)

    return Hooks(before_handle=require)


@app.get("/admin", role("owner"), tags=["admin"])
def admin() -> str:
    return "admin"


async def what_they_are(ctx: Context, env: Env, error: PaymentFailed) -> None:
    assert_type(database(env), AsyncIterator[Database])
    assert_type(ctx[database], Database)
    assert_type(await current_user(ctx), User)
    assert_type(await get_user(ctx, id=1, verbose=True), User | NotFound[Problem])
    assert_type(await create_user(body=User(1, "a")), Created[User] | Conflict[Problem])
    assert_type(me(User(1, "a")), User)
    assert_type(require_login(ctx), None)
    assert_type(payment_failed(ctx, error), object)
    assert_type(admin(), str)
