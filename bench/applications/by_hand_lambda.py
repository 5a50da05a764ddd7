"""A Lambda function of an HTTP API by hand (payload format 2.0), as the limit of the interface."""

from base64 import b64decode
from typing import Any, Final

import msgspec

from bench.applications.by_hand_parts import ITEMS, MESSAGE, create, place, uploaded, visits

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"
SERVED: Final = {"x-served-by": "bench"}


def app(event: dict[str, Any], context: object) -> dict[str, Any]:
    path = event["rawPath"]
    route = ROUTES.get((event["requestContext"]["http"]["method"], path))
    if route is not None:
        result: dict[str, Any] = route(event)
        return result
    return params(event) if path.startswith("/users/") else answer(404, TEXT, "Not Found")


def answer(
    status: int, kind: str, body: str, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    fields = {"content-type": kind, **headers} if headers else {"content-type": kind}
    return {"statusCode": status, "headers": fields, "body": body, "isBase64Encoded": False}


def answer_json(
    value: object, status: int = 200, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    return answer(status, JSON, msgspec.json.encode(value).decode(), headers)


def whole(event: dict[str, Any]) -> bytes:
    body: str = event["body"]
    return b64decode(body) if event["isBase64Encoded"] else body.encode()


def hello(event: dict[str, Any]) -> dict[str, Any]:
    return answer(200, TEXT, "Hello, World!")


def read_json(event: dict[str, Any]) -> dict[str, Any]:
    return answer_json(MESSAGE)


def params(event: dict[str, Any]) -> dict[str, Any]:
    try:
        found = place(event["rawPath"], event["rawQueryString"])
    except (KeyError, ValueError):
        return answer(422, TEXT, "Unprocessable Content")
    return answer_json(found)


def create_item(event: dict[str, Any]) -> dict[str, Any]:
    try:
        stored = create(whole(event))
    except msgspec.ValidationError:
        return answer(422, TEXT, "Unprocessable Content")
    return answer_json(stored, 201)


def read_me(event: dict[str, Any]) -> dict[str, Any]:
    kind, _, name = event["headers"].get("authorization", "").partition(" ")
    if kind != "Bearer":
        return answer(401, TEXT, "Unauthorized", SERVED)
    if name == "mallory":
        return answer(403, TEXT, "Forbidden", SERVED)
    return answer_json({"name": name}, headers=SERVED)


def stream(event: dict[str, Any]) -> dict[str, Any]:
    return answer(200, TEXT, "".join(["x" * 1024 for _ in range(100)]))


def read_list(event: dict[str, Any]) -> dict[str, Any]:
    return answer_json(ITEMS)


def upload(event: dict[str, Any]) -> dict[str, Any]:
    return answer_json(uploaded(event["headers"]["content-type"], whole(event)))


def cookies(event: dict[str, Any]) -> dict[str, Any]:
    count = visits("; ".join(event.get("cookies", ())))
    result = answer(200, TEXT, str(count))
    result["cookies"] = [f"visits={count + 1}; Path=/; HttpOnly; SameSite=Lax"]
    return result


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

    def made(event: dict[str, Any], context: object) -> dict[str, Any]:
        if event["rawPath"].rpartition("/")[0] in known:
            return answer(200, TEXT, "OK")
        return answer(404, TEXT, "Not Found")

    return made
