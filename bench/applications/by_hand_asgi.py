"""ASGI by hand: what can be saved is saved, so that this is the limit of the interface."""

from typing import Any, Final

import msgspec

from bench.applications.by_hand_parts import (
    CHUNK,
    FORBIDDEN,
    ITEMS,
    MESSAGE,
    NOT_FOUND,
    UNAUTHORIZED,
    UNPROCESSABLE,
    create,
    place,
    uploaded,
    visits,
)

TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
JSON: Final = (b"content-type", b"application/json")
SERVED: Final = (b"x-served-by", b"bench")


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    route = ROUTES.get((scope["method"], scope["path"]))
    if route is not None:
        await route(scope, receive, send)
    elif scope["path"].startswith("/users/"):
        await params(scope, receive, send)
    else:
        await answer(send, 404, TEXT, NOT_FOUND)


async def lifespan(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def answer(
    send: Any, status: int, kind: tuple[bytes, bytes], body: bytes, *more: tuple[bytes, bytes]
) -> None:
    headers = [kind, (b"content-length", b"%d" % len(body)), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def whole(receive: Any) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        chunk: bytes = message.get("body", b"")
        body += chunk
        if not message.get("more_body"):
            return body


def field(scope: dict[str, Any], name: bytes) -> str:
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


async def hello(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await answer(send, 200, TEXT, b"Hello, World!")


async def read_json(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await answer(send, 200, JSON, msgspec.json.encode(MESSAGE))


async def params(scope: dict[str, Any], receive: Any, send: Any) -> None:
    try:
        found = place(scope["path"], str(scope["query_string"], "latin-1"))
    except (KeyError, ValueError):
        await answer(send, 422, TEXT, UNPROCESSABLE)
        return
    await answer(send, 200, JSON, msgspec.json.encode(found))


async def create_item(scope: dict[str, Any], receive: Any, send: Any) -> None:
    try:
        stored = create(await whole(receive))
    except msgspec.ValidationError:
        await answer(send, 422, TEXT, UNPROCESSABLE)
        return
    await answer(send, 201, JSON, msgspec.json.encode(stored))


async def read_me(scope: dict[str, Any], receive: Any, send: Any) -> None:
    kind, _, name = field(scope, b"authorization").partition(" ")
    if kind != "Bearer":
        await answer(send, 401, TEXT, UNAUTHORIZED, SERVED)
    elif name == "mallory":
        await answer(send, 403, TEXT, FORBIDDEN, SERVED)
    else:
        await answer(send, 200, JSON, msgspec.json.encode({"name": name}), SERVED)


async def stream(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(100):
        await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
    await send({"type": "http.response.body"})


async def read_list(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await answer(send, 200, JSON, msgspec.json.encode(ITEMS))


async def upload(scope: dict[str, Any], receive: Any, send: Any) -> None:
    received = uploaded(field(scope, b"content-type"), await whole(receive))
    await answer(send, 200, JSON, msgspec.json.encode(received))


async def cookies(scope: dict[str, Any], receive: Any, send: Any) -> None:
    count = visits(field(scope, b"cookie"))
    cookie = (b"set-cookie", b"visits=%d; Path=/; HttpOnly; SameSite=Lax" % (count + 1))
    await answer(send, 200, TEXT, b"%d" % count, cookie)


ROUTES: Final[dict[tuple[str, str], Any]] = {
    ("GET", "/"): hello,
    ("GET", "/json"): read_json,
    ("POST", "/items"): create_item,
    ("GET", "/me"): read_me,
    ("GET", "/stream"): stream,
    ("GET", "/list"): read_list,
    ("POST", "/upload"): upload,
    ("GET", "/cookies"): cookies,
}


def scaled(routes: int, depth: int) -> Any:
    known = {f"{'/p' * depth}/r{number}" for number in range(routes)}

    async def made(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
        elif scope["path"].rpartition("/")[0] in known:
            await answer(send, 200, TEXT, b"OK")
        else:
            await answer(send, 404, TEXT, NOT_FOUND)

    return made
