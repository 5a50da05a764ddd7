"""WSGI by hand: what can be saved is saved, so that this is the limit of the interface."""

from collections.abc import Iterable
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

TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
JSON: Final = ("Content-Type", "application/json")
SERVED: Final = ("X-Served-By", "bench")


def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    route = ROUTES.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
    if route is not None:
        content: Iterable[bytes] = route(environ, start)
        return content
    if environ["PATH_INFO"].startswith("/users/"):
        return params(environ, start)
    return answer(start, "404 Not Found", TEXT, NOT_FOUND)


def answer(
    start: Any, status: str, kind: tuple[str, str], body: bytes, *more: tuple[str, str]
) -> Iterable[bytes]:
    start(status, [kind, ("Content-Length", str(len(body))), *more])
    return [body]


def whole(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    return body


def hello(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    return answer(start, "200 OK", TEXT, b"Hello, World!")


def read_json(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    return answer(start, "200 OK", JSON, msgspec.json.encode(MESSAGE))


def params(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    try:
        found = place(environ["PATH_INFO"], environ["QUERY_STRING"])
    except (KeyError, ValueError):
        return answer(start, "422 Unprocessable Content", TEXT, UNPROCESSABLE)
    return answer(start, "200 OK", JSON, msgspec.json.encode(found))


def create_item(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    try:
        stored = create(whole(environ))
    except msgspec.ValidationError:
        return answer(start, "422 Unprocessable Content", TEXT, UNPROCESSABLE)
    return answer(start, "201 Created", JSON, msgspec.json.encode(stored))


def read_me(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    kind, _, name = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if kind != "Bearer":
        return answer(start, "401 Unauthorized", TEXT, UNAUTHORIZED, SERVED)
    if name == "mallory":
        return answer(start, "403 Forbidden", TEXT, FORBIDDEN, SERVED)
    return answer(start, "200 OK", JSON, msgspec.json.encode({"name": name}), SERVED)


def stream(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", [])
    return (CHUNK for _ in range(100))


def read_list(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    return answer(start, "200 OK", JSON, msgspec.json.encode(ITEMS))


def upload(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    received = uploaded(environ["CONTENT_TYPE"], whole(environ))
    return answer(start, "200 OK", JSON, msgspec.json.encode(received))


def cookies(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    count = visits(environ.get("HTTP_COOKIE", ""))
    cookie = ("Set-Cookie", f"visits={count + 1}; Path=/; HttpOnly; SameSite=Lax")
    return answer(start, "200 OK", TEXT, b"%d" % count, cookie)


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

    def made(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].rpartition("/")[0] in known:
            return answer(start, "200 OK", TEXT, b"OK")
        return answer(start, "404 Not Found", TEXT, NOT_FOUND)

    return made
