"""`Hooks`, groups and guards: what several routes have in common, as values and as blocks."""

from collections.abc import Callable
from typing import assert_type

from msgspec import Struct

from portico import Context, Group, Hooks, HTTPError, Portico, Response, Span, macro
from portico.contract import Capability

app = Portico()


class ApiHeaders(Struct):
    api_key: str


class User(Struct):
    id: int


class FailedError(Exception):
    code: int = 0


def on_context(ctx: Context) -> str | None:
    return None


async def on_context_later(ctx: Context) -> int:
    return 1


def parse(ctx: Context, content_type: str) -> object:
    return content_type


def with_value(ctx: Context, value: User) -> User:
    return value


async def with_any_value(ctx: Context, value: object) -> None: ...


def with_response(ctx: Context, response: Response) -> None: ...


def with_error(ctx: Context, error: Exception) -> None: ...


def with_failed(ctx: Context, error: FailedError) -> int:
    return error.code


def with_span(ctx: Context, span: Span) -> None: ...


@app.derive
def number() -> int:
    return 1


@app.resolve
async def user() -> User:
    return User(1)


# Every option, as one or as several

one = Hooks(
    before_parse=on_context,
    parse=parse,
    transform=on_context,
    derive=number,
    resolve=user,
    before_handle=on_context,
    after_handle=with_value,
    map_response=with_any_value,
    after_response=with_response,
    error=with_error,
    trace=with_span,
    body=User,
    query=dict[str, str],
    headers=ApiHeaders,
    response=User | None,
    tags=["a"],
    detail={"summary": "a"},
    standalone=False,
    blocking=False,
)
several = Hooks(
    one,
    before_parse=[on_context, on_context_later],
    parse=["json", parse, "yaml"],
    transform=(on_context, on_context_later),
    derive=[number],
    resolve=(user,),
    before_handle=[on_context_later],
    after_handle=[with_value, with_any_value],
    map_response=[with_any_value, with_value],
    after_response=[with_response],
    error={FailedError: with_failed, 404: [with_error], KeyError: with_error},
    trace=[with_span],
    response={200: User, 404: None},
    tags=("a", "b"),
)
Hooks(one, several, error=[with_error, with_failed], parse="none")
Hooks(
    before_handle=lambda ctx: ctx.path,
    after_handle=lambda ctx, value: (ctx.path, value),
    after_response=lambda ctx, response: response.status,
    trace=lambda ctx, span: span.name,
)
Hooks(before_handle=[lambda ctx: ctx.path, on_context])


# A macro keeps its signature


@macro
def role(name: str, *, strict: bool = True) -> Hooks:
    def require(ctx: Context) -> None:
        if strict and ctx.headers.get("role") != name:
            raise HTTPError(403)

    return Hooks(before_handle=require, tags=["restricted"])


def plain(name: str) -> Hooks:
    return Hooks(tags=[name])


assert_type(role("owner", strict=False), Hooks)
assert_type(role(name="owner"), Hooks)


# Routes


@app.get("/x", role("owner"), tags=["a"])
def with_hooks(id: int) -> str:
    return str(id)


@app.get("/x")
def without_hooks(id: int) -> str:
    return str(id)


@app.post("/x", plain("a"), role("owner"), before_handle=[on_context], body=User, blocking=False)
async def with_several() -> int:
    return 1


@app.post(
    "/every/{id}",
    before_parse=on_context_later,
    parse="form",
    transform=[on_context],
    derive=number,
    resolve=[user],
    before_handle=[on_context, on_context_later],
    after_handle=with_value,
    map_response=[with_any_value],
    after_response=with_response,
    error={FailedError: [with_failed], 404: with_error},
    trace=with_span,
    body=User,
    query=dict[str, str],
    params=dict[str, int],
    headers=ApiHeaders,
    cookies=dict[str, str],
    response={201: User, 404: str | None},
    tags=["a"],
    detail={"summary": "a", "deprecated": True},
    blocking=True,
    needs=[Capability.FILESYSTEM],
)
def with_every_option(id: int) -> bytes:
    return bytes(id)


async def call_them() -> None:
    assert_type(with_every_option(id=1), bytes)
    assert_type(with_hooks(id=1), str)
    assert_type(without_hooks(id=1), str)
    assert_type(await with_several(), int)


assert_type(app.get("/x", "a value"), str)
assert_type(app.get("/x", "a value", role("owner")), str)
assert_type(app.get("/x", with_hooks, role("owner"))(id=1), str)
assert_type(app.get("/x", with_hooks, role("owner"), tags=["a"])(id=1), str)
assert_type(app.route("PURGE", "/x", with_hooks, role("owner"))(id=1), str)
app.get("/x", lambda: "a", after_handle=lambda ctx, value: value)


# Groups and guards

with app.group("/v1") as v1:
    assert_type(v1, Group)

    @v1.get("/x")
    def grouped(id: int) -> str:
        return str(id)

    @v1.before_handle
    def for_the_group(ctx: Context) -> int:
        return 1

    with v1.guard(role("owner"), before_handle=[on_context], headers=ApiHeaders) as secured:
        assert_type(secured, Group)
        assert_type(secured.get("/y", 1), int)

    assert_type(v1.group("/inner", tags=["inner"]), Group)

assert_type(grouped(id=1), str)
assert_type(for_the_group(Context.__new__(Context)), int)

with app.group("/v2", role("owner"), tags=["v2"], standalone=True) as v2, app.guard(one) as guard:
    assert_type(v2.apply(one, several), Group)
    assert_type(guard.group("/deeper"), Group)

assert_type(app.group("/v3", one, before_handle=on_context), Group)
assert_type(app.guard(blocking=False), Group)
assert_type(app.apply(one, role("a"), scope="scoped", headers=ApiHeaders), Portico)
assert_type(app.apply().apply(tags=["a"]).as_("global"), Portico)


# Plugins

other = Portico(name="other", prefix="/other", seed={"a": 1})


def plugin(target: Portico) -> None:
    target.get("/plugin", "a")


def plugin_of_a_group(target: Group) -> Group:
    return target


def plugin_of_both(target: Portico | Group) -> None: ...


def made(size: int) -> Callable[[Portico], Portico]:
    return lambda target: target.use(plugin) if size else target


assert_type(app.use(other).use(other, prefix="/again").use(plugin).use(made(1)), Portico)
assert_type(app.use("module:attribute").use("module:attribute", prefix="/a"), Portico)
assert_type(app.use("module:attribute", prefix="/lazy", lazy=True), Portico)
assert_type(app.use(plugin_of_a_group, prefix="/a").use(plugin_of_both, prefix="/b"), Portico)
assert_type(app.use(plugin_of_both), Portico)
assert_type(v1.use(other).use(plugin_of_a_group).use(plugin_of_both), Group)
app.use(lambda target: target.get("/lambda", "a"))
