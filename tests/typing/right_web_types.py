"""Requests, responses and headers, as they are read and built."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, assert_type

from portico import (
    URL,
    AbortSignal,
    Blob,
    Context,
    File,
    FormData,
    Headers,
    Part,
    Request,
    Response,
    SyncPart,
    URLSearchParams,
)
from portico.contract import Platform, Promise

headers = Headers({"accept": "*/*"})
Headers([("a", "1"), ("a", "2")])
Headers(headers)
Headers()

assert_type(headers.get("accept"), str | None)
assert_type(headers.get("accept", ""), str | None)
assert_type(headers["accept"], str)
assert_type(headers.get_all("accept"), list[str])
assert_type(headers.get_set_cookie(), list[str])
assert_type(headers.has("accept"), bool)
assert_type("accept" in headers, bool)
assert_type(list(headers), list[tuple[str, str]])
assert_type(headers.items(), list[tuple[str, str]])
assert_type(headers.keys(), list[str])
headers["x"] = "1"
headers.append("x", "2")
headers.set("x", "3")
headers.delete("x")

request = Request("http://app.test/", method="POST", headers={"a": "1"}, body="text")
Request(URL("http://app.test"), body=b"octets", method="PUT")
Request("http://app.test", body=FormData(), method="PUT")
Request("http://app.test", body=URLSearchParams(), method="PUT")
Request("http://app.test", body=Blob(), method="PUT")
Request("http://app.test", body=[b"a", "b"], method="PUT")


async def read_request(request: Request) -> None:
    assert_type(request.method, str)
    assert_type(request.url, URL)
    assert_type(request.host, str)
    assert_type(request.scheme, str)
    assert_type(request.raw_path, str)
    assert_type(request.raw_query, str)
    assert_type(request.headers, Headers)
    assert_type(request.cookies, dict[str, str])
    assert_type(request.signal, AbortSignal)
    assert_type(request.body, AsyncIterator[bytes] | None)
    assert_type(request.body_used, bool)
    assert_type(request.has_body, bool)
    assert_type(request.clone(), Request)
    assert_type(await request.bytes(), bytes)
    assert_type(await request.text(), str)
    assert_type(await request.json(), Any)
    assert_type(await request.blob(), Blob)
    assert_type(await request.form_data(), FormData)
    assert_type((await request.form_data()).get("a"), str | File | None)
    assert_type(request.stream(), AsyncIterator[bytes])
    assert_type(request.parts(), AsyncIterator[Part])


def read_request_now(request: Request) -> None:
    assert_type(request.sync.bytes(), bytes)
    assert_type(request.sync.text(), str)
    assert_type(request.sync.json(), Any)
    assert_type(request.sync.blob(), Blob)
    assert_type(request.sync.form_data(), FormData)
    assert_type(request.sync.stream(), Iterator[bytes])
    assert_type(request.sync.parts(), Iterator[SyncPart])


async def chunks() -> AsyncIterator[bytes]:
    yield b"a"


response = Response("text", status=201, headers={"a": "1"})
Response(chunks())
Response(["a", b"b"])
Response(Blob())
Response()

assert_type(response.status, int)
assert_type(response.ok, bool)
assert_type(response.headers, Headers)
assert_type(response.clone(), Response)
assert_type(Response.from_json({"a": 1}), Response)
assert_type(Response.redirect("/", 303), Response)


async def read_response(response: Response) -> None:
    assert_type(await response.bytes(), bytes)
    assert_type(await response.text(), str)


def read_context(ctx: Context) -> None:
    assert_type(ctx.request, Request)
    assert_type(ctx.platform, Platform)
    assert_type(ctx.path, str)
    assert_type(ctx.route, str)
    assert_type(ctx.params, Mapping[str, str])
    assert_type(ctx.query, URLSearchParams)
    assert_type(ctx.headers, Headers)
    assert_type(ctx.env, Mapping[str, str])
    assert_type(ctx.deadline, float | None)
    assert_type(ctx.body, Any)
    assert_type(ctx.set.headers, Headers)
    assert_type(ctx.set.status, int | None)
    assert_type(ctx.cookies["a"].value, str | None)
    assert_type(ctx.cookies.get("a"), str | None)
    assert_type(ctx.wait_until(lambda: None), Promise)
    ctx.set.status = 201
    ctx.set.headers["x"] = "1"
    ctx.cookies["a"].value = "1"
    ctx.cookies["a"].set("1", max_age=60, same_site="strict")


async def work() -> None: ...


def hand_over(ctx: Context, call: Callable[[], object]) -> None:
    ctx.wait_until(work())
    ctx.wait_until(work)
    ctx.wait_until(call)
