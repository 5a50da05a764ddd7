"""Header fields of an event: from the services' four ways to write them down to `Headers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico import Headers, PeerError
from portico.contract import UNKNOWN_PEER, Peer
from portico_lambda._fields import as_table, listed, text, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portico_lambda._fields import Fields

Pairs = list[tuple[str, str]]

# For requests without a Host, as the health checks of a load balancer are.
NO_HOST: Final = "localhost"


def headers_of(fields: Fields, cookies: Sequence[str] = ()) -> Headers:
    """Header fields whose values are texts or lists of texts.

    Args:
        fields: by name, in any case.
        cookies: those of payload format 2.0. Where there are any, they say what a `cookie` field
            says as well (function URLs) or instead (HTTP APIs).
    """
    pairs: Pairs = []
    for name, value in fields.items():
        if isinstance(value, str):
            pairs.append((name.lower(), value))
        else:
            lowered = name.lower()
            pairs.extend((lowered, item) for item in texts(value, name))
    if cookies:
        pairs = [pair for pair in pairs if pair[0] != "cookie"]
        pairs.append(("cookie", "; ".join(cookies)))
    return checked(pairs)


def edge_headers(fields: Fields) -> Headers:
    """Header fields of CloudFront: `{"name": [{"key": "Name", "value": "..."}]}`."""
    pairs: Pairs = []
    for name, entries in fields.items():
        lowered = name.lower()
        found = [as_table(entry, name) for entry in listed(entries, name)]
        pairs.extend((lowered, text(entry, "value")) for entry in found)
    return checked(pairs)


def checked(pairs: Pairs) -> Headers:
    """Header fields that are fit for the wire, with one `cookie` at most (RFC 6265 section 5.4).

    Raises:
        PeerError: a name or a value is not (400).
    """
    cookies = [value for name, value in pairs if name == "cookie"]
    if len(cookies) > 1:
        pairs = [pair for pair in pairs if pair[0] != "cookie"]
        pairs.append(("cookie", "; ".join(cookies)))
    written = "".join([name + value for name, value in pairs])
    if written.isascii() and written.isprintable():
        return Headers.from_pairs(pairs)
    headers = Headers()
    for name, value in pairs:
        try:
            headers.append(name, as_bytes(value))
        except ValueError as error:
            raise PeerError(f"The header field {name!r} is malformed.") from error
    return headers


def as_bytes(value: str) -> str:
    """A value in which each character stands for one byte.

    No source says how the services decode bytes that are not ASCII. A character that no single
    byte stands for shows that this one was read as UTF-8.
    """
    return value if value.isascii() or max(value) <= "\xff" else value.encode().decode("latin-1")


def host_of(headers: Headers, own_name: str = "") -> str:
    """The Host field, or else the name that the service has; several are never a valid one."""
    return headers.get("host") or own_name or NO_HOST


def scheme_of(headers: Headers) -> str:
    """X-Forwarded-Proto, which API Gateway, function URLs and load balancers write themselves."""
    return "http" if headers.get("x-forwarded-proto") == "http" else "https"


def gateway_peer(address: str) -> Peer:
    """The client as the service saw it; a test in the console has a word instead."""
    return Peer(address, None, "gateway") if _is_address(address) else UNKNOWN_PEER


def forwarded_peer(headers: Headers) -> Peer:
    """The client by the last part of X-Forwarded-For, which is the service's own.

    Whatever stands before it came from the client. A load balancer may append the port.
    """
    last = (headers.get("x-forwarded-for") or "").rpartition(",")[2].strip()
    address, port = last, ""
    if last.startswith("["):
        address, _, port = last[1:].partition("]")
        port = port.removeprefix(":")
    elif last.count(":") == 1:
        address, _, port = last.partition(":")
    if not _is_address(address):
        return UNKNOWN_PEER
    is_port = len(port) <= 5 and port.isascii() and port.isdigit()
    return Peer(address, int(port) if is_port else None, "gateway")


def _is_address(address: str) -> bool:
    return bool(address) and not address.strip("0123456789abcdefABCDEF.:")


class FieldHeaders(Headers):
    """Header fields over those of an event, each of which has one value.

    Most requests are asked for one field or none. A field that is asked for by its name alone is
    looked up; anything else lists all of them, once, and forgets the event's.

    Args:
        fields: names and values, checked, the names lower-cased.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, str]) -> None:
        # Not `super().__init__`: `_pairs` is made by `__getattr__`, where it is not there yet.
        self._fields: dict[str, str] | None = fields

    def __getattr__(self, name: str) -> list[tuple[str, str]]:
        if name != "_pairs" or self._fields is None:
            raise AttributeError(name)
        self._pairs = [*self._fields.items()]
        self._fields = None  # from here on the pairs may be changed
        return self._pairs

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of a field."""
        if self._fields is None:
            return super().get(name, default)
        return self._fields.get(name.lower(), default)

    def get_all(self, name: str) -> list[str]:
        """The value of a field, of which there is one at most; empty when there is none."""
        if self._fields is None:
            return super().get_all(name)
        value = self.get(name)
        return [] if value is None else [value]

    def has(self, name: str) -> bool:
        """Whether a field of that name is there."""
        return super().has(name) if self._fields is None else name.lower() in self._fields
