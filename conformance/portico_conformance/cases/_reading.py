"""Reading answers in cases."""

import json
from collections.abc import Sequence
from typing import Any, Final

from portico_conformance._case import Client, IncompleteAnswerError, NoAnswerError
from portico_conformance._wire import WireResponse

COLOURS: Final = [("async", "async"), ("sync", "sync")]
"""The two flavours of a route, as records of `each`."""

JSON: Final = ("Content-Type", "application/json")
TEXT: Final = ("Content-Type", "text/plain")
FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")


def json_of(answer: WireResponse) -> Any:
    """The JSON of a 200."""
    assert answer.status == 200, (answer.status, answer.body[:300])
    assert answer.get("content-type") == "application/json"
    return json.loads(answer.body)


def text_of(answer: WireResponse) -> str:
    """The text of a 200."""
    assert answer.status == 200, (answer.status, answer.body[:300])
    assert media_type(answer) == "text/plain"
    return answer.body.decode()


def media_type(answer: WireResponse) -> str:
    """The content type without its parameters."""
    return (answer.get("content-type") or "").partition(";")[0].strip().lower()


def problem_of(answer: WireResponse, status: int) -> dict[str, Any]:
    """The members of a problem detail (RFC 9457) with this status."""
    assert answer.status == status, (answer.status, answer.body[:300])
    assert media_type(answer) == "application/problem+json"
    members: dict[str, Any] = json.loads(answer.body)
    assert members["status"] == status
    assert members["type"] == "about:blank"
    assert members["title"]
    return members


def seen(
    client: Client,
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> dict[str, Any]:
    """What the application says that it saw."""
    members: dict[str, Any] = json_of(client.request(method, target, headers, body))
    return members


def url_seen(members: dict[str, Any]) -> str:
    """The URL that the application saw, without its scheme and the root path."""
    host, _, rest = members["url"].partition("://")[2].partition("/")
    root_path: str = members["root_path"]
    path = f"/{rest}"
    assert path.startswith(root_path)
    return f"{host}{path.removeprefix(root_path)}"


def fields(members: dict[str, Any], name: str) -> list[str]:
    """Every value of a header field that the application saw, in order."""
    return [value for key, value in members["headers"] if key == name]


def refusal(
    client: Client,
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> int:
    """The status of a request that must be refused, by the server or by the application.

    A connection that is closed without an answer counts as 400 (RFC 9112 section 9.6 allows it
    of a request that cannot be read).
    """
    try:
        answer = client.request(method, target, headers, body)
    except (NoAnswerError, IncompleteAnswerError):
        return 400
    assert b"Traceback" not in answer.body
    return answer.status


def answer_unless_dropped(
    client: Client,
    method: str,
    target: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
) -> WireResponse | None:
    """The answer to a request whose body is not read whole, or None where it was lost.

    A server that closes a connection on which bytes are still arriving may reset it, and what it
    has sent is lost with it (RFC 9112 section 9.6). In process nothing is lost.
    """
    try:
        return client.request(method, target, headers, body)
    except (NoAnswerError, IncompleteAnswerError):
        if client.row.on_wire:
            return None
        raise


def is_alive(client: Client) -> None:
    """The next request is answered as ever, if need be on a new connection."""
    try:
        answer = client.request("GET", "/text")
    except NoAnswerError:
        # The server has closed the connection of the request before (RFC 9112 section 9.3.1).
        answer = client.request("GET", "/text")
    assert answer.body == b"Hello, World!"
