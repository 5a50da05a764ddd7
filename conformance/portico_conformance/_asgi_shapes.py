"""What each ASGI scope and message holds: its keys, their types, and who may send it.

The tables follow "HTTP & WebSocket ASGI Message Format" 2.5, "Lifespan
Protocol" 2.0 and the extensions page of the ASGI documentation. A byte string
is `bytes` and a Unicode string `str`; a `bool` is no integer.

An application may use only the keys of the table, so that a misspelt one is
found. A server may add keys of its own.
"""

import re
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Side = Literal["application", "server"]

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")  # RFC 9110 section 5.6.2, in lower case
_ANY_CASE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class AsgiViolation(AssertionError):  # noqa: N818 (named for what it reports)
    """One side of the interface broke a rule of ASGI.

    `side` is who did, `rule` says what should have been, `value` is what was.
    """

    def __init__(self, side: Side, rule: str, value: object) -> None:
        super().__init__(f"The {side} broke a rule of ASGI: {rule}. Got {value!r}.")
        self.side = side
        self.rule = rule
        self.value = value


Check = Callable[[Side, str, object], None]
"""Raises `AsgiViolation` for a wrong value, found at the place that the string names."""


def _checks(expected: str, accepts: Callable[[Any], bool]) -> Check:
    def check(side: Side, where: str, value: object) -> None:
        if not accepts(value):
            raise AsgiViolation(side, f"{where} must be {expected}", value)

    return check


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(cast("list[object]", value)) == 2


_anything = _checks("given", lambda value: value is not None)
_bool = _checks("a bool", lambda value: isinstance(value, bool))
_bytes = _checks("bytes", lambda value: isinstance(value, bytes))
_dict = _checks("a dict", lambda value: isinstance(value, dict))
_int = _checks("an int", _is_int)
_natural = _checks("an int of 0 or more", lambda value: _is_int(value) and value >= 0)
_str = _checks("a str", lambda value: isinstance(value, str))
_some_str = _checks("a str that is not empty", lambda v: isinstance(v, str) and v != "")
_none_or_bytes = _checks("bytes or None", lambda v: v is None or isinstance(v, bytes))
_none_or_str = _checks("a str or None", lambda v: v is None or isinstance(v, str))
_none_or_dict = _checks("a dict or None", lambda v: v is None or isinstance(v, dict))
_method = _checks("an upper-case str", lambda v: isinstance(v, str) and v != "" and v == v.upper())
_raw_path = _checks(
    "bytes without a query, or None",
    lambda value: value is None or (isinstance(value, bytes) and b"?" not in value),
)
_address = _checks(
    "a str and an int, or None",
    lambda value: value is None or (_is_pair(value) and _is_address(value, or_none=False)),
)
_server_address = _checks(
    "a str and an int or None, or None",
    lambda value: value is None or (_is_pair(value) and _is_address(value, or_none=True)),
)


def _is_address(value: Any, *, or_none: bool) -> bool:
    host, port = value
    return isinstance(host, str) and (_is_int(port) or (or_none and port is None))


def items_of(value: object) -> list[Any] | None:
    """The members of an iterable that is no string; None for anything else."""
    if isinstance(value, str | bytes | bytearray) or not isinstance(value, Iterable):
        return None
    return list(cast("Iterable[object]", value))


def _each(check: Check, expected: str) -> Check:
    def check_each(side: Side, where: str, value: object) -> None:
        items = items_of(value)
        if items is None:
            raise AsgiViolation(side, f"{where} must be {expected}", value)
        for item in items:
            check(side, f"each of {where}", item)

    return check_each


def _header(side: Side, where: str, item: object) -> None:
    pair = items_of(item)
    if pair is None or len(pair) != 2:
        raise AsgiViolation(side, f"{where} must be a pair of name and value", item)
    name, value = pair
    if not isinstance(name, bytes) or not isinstance(value, bytes):
        raise AsgiViolation(side, f"the name and value in {where} must be bytes", item)
    # "Header names should be lowercased, but it is not required", of requests.
    if not (_NAME if side == "application" else _ANY_CASE).fullmatch(name):
        raise AsgiViolation(side, f"the name in {where} must be a lower-case token", item)
    if any(byte in value for byte in b"\r\n\0"):
        raise AsgiViolation(side, f"the value in {where} must not hold CR, LF or NUL", item)
    if side == "application" and value != value.strip(b" \t"):
        # RFC 9110 section 5.5: it "does not include leading or trailing whitespace".
        raise AsgiViolation(side, f"the value in {where} must not start or end blank", item)


_headers = _each(_header, "an iterable of pairs")
_byte_strings = _each(_bytes, "an iterable of bytes")
_strings = _each(_str, "an iterable of str")


def _asgi(side: Side, where: str, value: object) -> None:
    _dict(side, where, value)
    versions = cast("dict[str, object]", value)
    _str(side, f'{where}["version"]', versions.get("version"))
    _str(side, f'{where}["spec_version"]', versions.get("spec_version", "2.0"))


@dataclass(frozen=True, slots=True)
class Shape:
    """The keys of one kind of scope or message beside `type`, and the extension it belongs to."""

    side: Side
    required: dict[str, Check] = field(default_factory=dict[str, Check])
    optional: dict[str, Check] = field(default_factory=dict[str, Check])
    extension: str = ""


_CONNECTION: dict[str, Check] = {
    "raw_path": _raw_path,
    "root_path": _str,
    "client": _address,
    "server": _server_address,
    "state": _dict,
    "extensions": _none_or_dict,
}

SCOPES = {
    "http": Shape(
        "server",
        {
            "asgi": _asgi,
            "http_version": _str,
            "method": _method,
            "path": _str,
            "query_string": _bytes,
            "headers": _headers,
        },
        {"scheme": _some_str, **_CONNECTION},
    ),
    "websocket": Shape(
        "server",
        {"asgi": _asgi, "path": _str, "headers": _headers},
        {
            "http_version": _str,
            "scheme": _some_str,
            "query_string": _none_or_bytes,
            "subprotocols": _strings,
            **_CONNECTION,
        },
    ),
    "lifespan": Shape("server", {"asgi": _asgi}, {"state": _dict}),
}

_BODY: dict[str, Check] = {"body": _bytes, "more_body": _bool}
_DATA: dict[str, Check] = {"bytes": _none_or_bytes, "text": _none_or_str}
_DENIAL = "websocket.http.response"

MESSAGES = {
    "http.request": Shape("server", {}, _BODY),
    "http.disconnect": Shape("server"),
    "http.response.start": Shape(
        "application", {"status": _int}, {"headers": _headers, "trailers": _bool}
    ),
    "http.response.body": Shape("application", {}, _BODY),
    "http.response.push": Shape(
        "application", {"path": _str, "headers": _headers}, {}, "http.response.push"
    ),
    "http.response.zerocopysend": Shape(
        "application",
        {"file": _anything},
        {"offset": _natural, "count": _natural, "more_body": _bool},
        "http.response.zerocopysend",
    ),
    "http.response.pathsend": Shape(
        "application", {"path": _some_str}, {}, "http.response.pathsend"
    ),
    "http.response.early_hint": Shape(
        "application", {"links": _byte_strings}, {}, "http.response.early_hint"
    ),
    "http.response.trailers": Shape(
        "application",
        {},
        {"headers": _headers, "more_trailers": _bool},
        "http.response.trailers",
    ),
    "http.response.debug": Shape("application", {"info": _dict}, {}, "http.response.debug"),
    "websocket.connect": Shape("server"),
    "websocket.receive": Shape("server", {}, _DATA),
    "websocket.disconnect": Shape("server", {"code": _int}, {"reason": _none_or_str}),
    "websocket.accept": Shape(
        "application", {}, {"subprotocol": _none_or_str, "headers": _headers}
    ),
    "websocket.send": Shape("application", {}, _DATA),
    "websocket.close": Shape("application", {}, {"code": _int, "reason": _none_or_str}),
    "websocket.http.response.start": Shape(
        "application", {"status": _int}, {"headers": _headers}, _DENIAL
    ),
    "websocket.http.response.body": Shape("application", {}, _BODY, _DENIAL),
    "lifespan.startup": Shape("server"),
    "lifespan.shutdown": Shape("server"),
    "lifespan.startup.complete": Shape("application"),
    "lifespan.startup.failed": Shape("application", {}, {"message": _str}),
    "lifespan.shutdown.complete": Shape("application"),
    "lifespan.shutdown.failed": Shape("application", {}, {"message": _str}),
}


def check_scope(scope: Scope) -> None:
    """Raise for a scope that a server must not give; one of an unknown type may be anything."""
    _dict("server", "a scope", scope)
    kind = scope.get("type")
    _str("server", 'a scope\'s "type"', kind)
    if shape := SCOPES.get(cast("str", kind)):
        _check_keys("server", f"{kind} scope", scope, shape)


def check_message(side: Side, message: Message, scope: Scope) -> str:
    """Raise for a message that `side` must not send in this scope; return its type."""
    _dict(side, "a message", message)
    kind: object = message.get("type")
    shape = MESSAGES.get(kind) if isinstance(kind, str) else None
    if not isinstance(kind, str) or shape is None or shape.side != side:
        raise AsgiViolation(side, f"a message must have a type that the {side} sends", kind)
    if kind.partition(".")[0] != scope["type"]:
        raise AsgiViolation(side, f"a message must belong to the {scope['type']} scope", kind)
    if shape.extension and shape.extension not in (scope.get("extensions") or {}):
        raise AsgiViolation(side, f"{kind} needs an extension that is not advertised", message)
    _check_keys(side, kind, message, shape)
    unknown = message.keys() - {"type"} - shape.required.keys() - shape.optional.keys()
    if unknown and side == "application":
        raise AsgiViolation(side, f"{kind} must have no keys but its own", sorted(unknown))
    return kind


def _check_keys(side: Side, what: str, values: Message, shape: Shape) -> None:
    for key, check in shape.required.items():
        if key not in values:
            raise AsgiViolation(side, f'{what} must have the key "{key}"', values)
        check(side, f'{what}["{key}"]', values[key])
    for key, check in shape.optional.items():
        if key in values:
            check(side, f'{what}["{key}"]', values[key])
