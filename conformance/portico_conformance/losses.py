"""What is lost on the way: where a request or an answer is not the same on every runtime, and why.

The differential tests send one generated message through every row. What the application sees, or
the client gets, is that of the reference row, changed by the losses of the row and by nothing else.
So this list is complete, as far as messages were generated; the documentation shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final, TypeAlias
from urllib.parse import unquote

__all__ = ["ADDED_FIELDS", "LOSSES", "REFERENCE", "Loss", "Message", "expected_on", "table"]

REFERENCE: Final = "asgi-asyncio"
"""The row that loses nothing."""

Fields: TypeAlias = list[tuple[str, str]]

ADDED_FIELDS: Final = frozenset(
    {
        "via",
        "x-amzn-lattice-network",
        "x-amzn-lattice-target",
        "x-amzn-tls-cipher-suite",
        "x-amzn-tls-version",
        "x-amzn-trace-id",
        "x-forwarded-for",
        "x-forwarded-port",
        "x-forwarded-proto",
    }
)
"""Fields that a platform adds to a request."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer, as far as runtimes differ.

    Attributes:
        path: the canonical path; `""` of an answer.
        query: the pairs of the query, in order.
        fields: the header fields, sorted by name; those of one name in order.
    """

    path: str
    query: Fields
    fields: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What some rows lose.

    Attributes:
        of: `"request"` or `"answer"`.
        what: a sentence about it.
        reason: who loses it.
        rows: the rows' ids, each with `*` for anything.
        change: what becomes of a message.
    """

    of: str
    what: str
    reason: str
    rows: tuple[str, ...]
    change: Callable[[Message], Message]


def table() -> list[str]:
    """The losses as the lines of a Markdown table, for the documentation."""
    lines = ["| of the | what is lost | where | why |", "|---|---|---|---|"]
    for loss in LOSSES:
        rows = ", ".join(f"`{row}`" for row in loss.rows)
        lines.append(f"| {loss.of} | {loss.what} | {rows} | {loss.reason} |")
    return lines


def expected_on(row: str, of: str, message: Message) -> Message:
    """What a row makes of a message, by the losses that are known."""
    for loss in LOSSES:
        if loss.of == of and any(fnmatchcase(row, pattern) for pattern in loss.rows):
            message = loss.change(message)
    return message


def _joined(message: Message) -> Message:
    fields: dict[str, list[str]] = {}
    for name, value in message.fields:
        fields.setdefault(name, []).append(value)
    return replace(message, fields=[(name, ",".join(values)) for name, values in fields.items()])


def _last_field(message: Message) -> Message:
    return replace(message, fields=list(dict(message.fields).items()))


def _grouped(message: Message) -> Message:
    names = list(dict(message.query))
    return replace(message, query=sorted(message.query, key=lambda pair: names.index(pair[0])))


def _last_value(message: Message) -> Message:
    return replace(message, query=list(dict(message.query).items()))


def _decoded_twice(message: Message) -> Message:
    once = message.path.replace("%2F", "/").replace("%25", "%")
    return replace(message, path=unquote(once.partition("?")[0]))


def _without(names: Sequence[str]) -> Callable[[Message], Message]:
    def change(message: Message) -> Message:
        return replace(message, fields=[pair for pair in message.fields if pair[0] not in names])

    return change


def _typed(content_type: str) -> Callable[[Message], Message]:
    def change(message: Message) -> Message:
        if "content-type" in dict(message.fields):
            return message
        typed = [*message.fields, ("content-type", content_type)]
        return replace(message, fields=sorted(typed, key=lambda pair: pair[0]))

    return change


def _typed_body(content_type: str) -> Callable[[Message], Message]:
    typed = _typed(content_type)

    def change(message: Message) -> Message:
        return message if dict(message.fields).get("content-length") == "0" else typed(message)

    return change


def _one_cookie(message: Message) -> Message:
    """The last one stays; a cookie that is lost is a warning, and an error with `strict`."""
    cookies = [pair for pair in message.fields if pair[0] == "set-cookie"]
    others = [pair for pair in message.fields if pair[0] != "set-cookie"]
    return replace(message, fields=sorted(others + cookies[-1:], key=lambda pair: pair[0]))


def _joined_but_cookies(message: Message) -> Message:
    cookies = [pair for pair in message.fields if pair[0] == "set-cookie"]
    others = [pair for pair in message.fields if pair[0] != "set-cookie"]
    fields = [*_joined(replace(message, fields=others)).fields, *cookies]
    return replace(message, fields=sorted(fields, key=lambda pair: pair[0]))


LOSSES: Final[tuple[Loss, ...]] = (
    Loss(
        of="request",
        what="The path is decoded twice: an encoded slash is a slash, `%2541` is `A`, "
        "and what follows an encoded question mark is lost.",
        reason="API Gateway's HTTP APIs hand it over so; Mangum's row has their events",
        rows=("lambda-http", "mangum"),
        change=_decoded_twice,
    ),
    Loss(
        of="request",
        what="Of repeated names in a query the values stand together; names keep their order.",
        reason="the event has a dictionary of lists",
        rows=("lambda-rest", "lambda-alb-multi", "lambda-lattice-v2"),
        change=_grouped,
    ),
    Loss(
        of="request",
        what="Of repeated names in a query the last value is left.",
        reason="an ALB without multi-value headers sends a dictionary of texts",
        rows=("lambda-alb",),
        change=_last_value,
    ),
    Loss(
        of="request",
        what="Repeated fields are one, joined by commas.",
        reason="a WSGI environ, some events and Fetch's Headers have one value for a name",
        rows=(
            "wsgi",
            "lambda-http",
            "lambda-url",
            "lambda-stream",
            "lambda-lattice-v1",
            "cloudflare",
            "mangum",
        ),
        change=_joined,
    ),
    Loss(
        of="request",
        what="Of repeated fields the last one is left.",
        reason="an ALB without multi-value headers sends a dictionary of texts",
        rows=("lambda-alb",),
        change=_last_field,
    ),
    Loss(
        of="request",
        what="There is no Content-Length; the length of the body is that of the event's.",
        reason="API Gateway's REST APIs leave it out",
        rows=("lambda-rest",),
        change=_without(["content-length"]),
    ),
    Loss(
        of="answer",
        what="An answer without a Content-Type has `application/octet-stream`.",
        reason="`wsgiref.validate` demands the field",
        rows=("wsgi",),
        change=_typed("application/octet-stream"),
    ),
    Loss(
        of="answer",
        what="A body without a Content-Type has `application/octet-stream`.",
        reason="API Gateway and function URLs would send it as JSON",
        rows=("lambda-http", "lambda-url", "lambda-stream"),
        change=_typed_body("application/octet-stream"),
    ),
    Loss(
        of="answer",
        what="An answer without a Content-Type has `application/json`.",
        reason="Mangum and the service behind it take it for granted",
        rows=("mangum",),
        change=_typed("application/json"),
    ),
    Loss(
        of="answer",
        what="Of several `set-cookie` fields the last is left, with a warning, "
        "or an error if `strict`.",
        reason="the result has one value for a name",
        rows=("lambda-alb", "lambda-lattice-v1", "lambda-lattice-v2"),
        change=_one_cookie,
    ),
    Loss(
        of="answer",
        what="Repeated fields but `set-cookie` are one, joined by commas.",
        reason="the result has one value for a name",
        rows=(
            "lambda-http",
            "lambda-url",
            "lambda-stream",
            "lambda-alb",
            "lambda-lattice-v1",
            "lambda-lattice-v2",
            "mangum",
        ),
        change=_joined_but_cookies,
    ),
)
"""Every loss that is known."""
