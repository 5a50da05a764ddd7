"""Every hook, in every form, comes back unchanged, and knows what it is called with."""

from functools import partial
from typing import Any, NoReturn, assert_type

from portico import Context, HTTPError, Portico, Response, Span

app = Portico()

# Bare, with arguments, and called; synchronous or not


@app.request
def request(ctx: Context) -> str | None:
    return ctx.path


@app.request(blocking=False)
async def request_with_options(ctx: Context) -> None: ...


@app.before_parse
def before_parse(ctx: Context) -> str | None:
    return ctx.headers.get("x")


@app.before_parse(scope="scoped", blocking=False)
async def before_parse_with_options(ctx: Context) -> int:
    return len(ctx.path)


@app.parse
def parse(ctx: Context, content_type: str) -> list[str]:
    return [content_type]


@app.parse("application/yaml", scope="global")
async def parse_yaml(ctx: Context, content_type: str) -> bytes:
    return await ctx.request.bytes()


@app.parse(scope="global")
def parse_with_options(ctx: Context, content_type: str) -> None: ...


@app.parser("yaml")
def named_parser(ctx: Context, content_type: str) -> dict[str, int]:
    return {}


@app.transform
def transform(ctx: Context) -> None:
    ctx.body = 1


@app.transform(scope="local")
async def transform_with_options(ctx: Context) -> None: ...


@app.before_handle
async def before_handle(ctx: Context) -> str | None:
    return None


@app.before_handle(scope="scoped")
def before_handle_with_options(ctx: Context) -> NoReturn:
    raise HTTPError(401)


@app.after_handle
def after_handle(ctx: Context, value: int) -> int:
    return value + 1


@app.after_handle(scope="scoped", blocking=None)
async def after_handle_with_options(ctx: Context, value: dict[str, int]) -> list[str]:
    return list(value)


@app.map_response
def map_response(ctx: Context, value: object) -> Response | None:
    return Response(str(value))


@app.map_response(scope="global")
async def map_response_with_options(ctx: Context, value: Any) -> Response:
    return Response(str(value))


@app.after_response
def after_response(ctx: Context, response: Response) -> int:
    return response.status


@app.after_response(scope="global")
async def after_response_with_options(ctx: Context, response: Response) -> None: ...


@app.trace
def trace(ctx: Context, span: Span) -> None:
    span.on_end(lambda ended: ended.elapsed)


@app.trace(scope="global")
def trace_with_options(ctx: Context, span: Span) -> str:
    return span.name


@app.on_start
async def on_start() -> int:
    return 1


@app.on_stop
def on_stop() -> str:
    return ""


async def call_them(ctx: Context, response: Response, span: Span) -> None:
    assert_type(request(ctx), str | None)
    assert_type(await request_with_options(ctx=ctx), None)
    assert_type(before_parse(ctx=ctx), str | None)
    assert_type(await before_parse_with_options(ctx), int)
    assert_type(parse(ctx, content_type="text/plain"), list[str])
    assert_type(await parse_yaml(ctx, "application/yaml"), bytes)
    assert_type(parse_with_options(ctx, ""), None)
    assert_type(named_parser(ctx, content_type=""), dict[str, int])
    assert_type(transform(ctx), None)
    assert_type(await transform_with_options(ctx=ctx), None)
    assert_type(await before_handle(ctx=ctx), str | None)
    assert_type(after_handle(ctx, value=1), int)
    assert_type(await after_handle_with_options(ctx, value={}), list[str])
    assert_type(map_response(ctx, value=1), Response | None)
    assert_type(await map_response_with_options(ctx, 1), Response)
    assert_type(after_response(ctx, response=response), int)
    assert_type(await after_response_with_options(ctx, response), None)
    assert_type(trace(ctx, span=span), None)
    assert_type(trace_with_options(ctx, span), str)
    assert_type(await on_start(), int)
    assert_type(on_stop(), str)
    assert_type(await app.before_handle(before_handle, scope="scoped")(ctx=ctx), str | None)
    assert_type(app.parse(parse, scope="scoped")(ctx, content_type=""), list[str])
    assert_type(app.after_handle(after_handle)(ctx, value=1), int)
    assert_type(app.map_response(map_response)(ctx, value=1), Response | None)
    assert_type(app.after_response(after_response)(ctx, response=response), int)
    assert_type(app.trace(trace)(ctx, span=span), None)
    assert_type(app.request(request)(ctx=ctx), str | None)


class Guard:
    def __call__(self, ctx: Context) -> str:
        return "no"

    def method(self, ctx: Context) -> int:
        return 1


def tell(name: str, ctx: Context) -> str:
    return name


assert_type(app.before_handle(Guard()), Guard)
assert_type(app.before_handle(Guard(), scope="scoped"), Guard)
assert_type(app.before_handle(partial(tell, "a")), partial[str])


# Lambdas


def needs_context(ctx: Context) -> str:
    return ctx.path


def needs_response(response: Response) -> int:
    return response.status


app.request(lambda ctx: needs_context(ctx))
app.before_parse(lambda ctx: needs_context(ctx))
app.parse(lambda ctx, content_type: needs_context(ctx) + content_type)
app.transform(lambda ctx: None)
app.before_handle(lambda ctx: needs_context(ctx), scope="global")
app.after_handle(lambda ctx, value: (needs_context(ctx), value))
app.map_response(lambda ctx, value: needs_context(ctx))
app.after_response(lambda ctx, response: needs_response(response))
app.trace(lambda ctx, span: span.on_end(lambda ended: ended.elapsed))


def read_span(span: Span) -> None:
    assert_type(span.name, str)
    assert_type(span.parent, Span | None)
    assert_type(span.begin, float)
    assert_type(span.end, float | None)
    assert_type(span.elapsed, float | None)
    assert_type(span.error, BaseException | None)
