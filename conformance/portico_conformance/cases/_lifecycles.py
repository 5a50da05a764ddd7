"""The case's side of `application/_lifecycle.py`: telling hooks what to do, and who ran."""

from typing import Final

from portico_conformance._case import Client
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import JSON

BODY: Final = b'{"n":1}'

BEFORE_GET: Final = (
    "request-1",
    "request-2",
    "before_parse-1",
    "before_parse-2",
    "transform-1",
    "transform-2",
    "derive",
    "before_handle-1",
    "before_handle-2",
    "resolve",
)
"""What runs in front of a handler of GET."""

BEFORE_POST: Final = (*BEFORE_GET[:4], "parse-1", "parse-2", *BEFORE_GET[4:])
"""The same where there is a body."""

AFTER: Final = ("after_handle-1", "after_handle-2", "map_response-1", "map_response-2")
"""What runs after it."""


def ran(answer: WireResponse) -> list[str]:
    """The hooks that ran, in order."""
    lines = answer.get_all("x-ran")
    return [name.strip() for line in lines for name in line.split(",")]


def live(
    client: Client,
    colour: str,
    acts: str = "",
    *,
    method: str = "GET",
    path: str = "/",
    body: bytes = b"",
    name: str = "",
) -> WireResponse:
    """The answer of the area, whose hooks do what they are told."""
    headers = [("X-Do", acts), ("X-Name", name or "nobody")]
    if body or method == "POST":
        headers.append(JSON)
    return client.request(method, f"/{colour}/life{path}", headers, body)


def up_to(name: str, order: tuple[str, ...] = BEFORE_GET) -> list[str]:
    """The hooks of an order up to one of them, that one included."""
    return list(order[: order.index(name) + 1])
