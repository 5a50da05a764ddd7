"""A request and a response as they stand on an HTTP/1.1 connection.

Neither is a Portico type: drivers and gateways trade in these two values, so
that the suite says what was sent and what came back without using the code
that it judges. Header names and values are `str` that hold latin-1, one
character for each byte (RFC 9110 section 5.5).
"""

from dataclasses import dataclass, field


def _all(headers: list[tuple[str, str]], name: str) -> list[str]:
    wanted = name.lower()
    return [value for key, value in headers if key.lower() == wanted]


@dataclass(frozen=True, slots=True)
class WireRequest:
    """What a client sends: `WireRequest("GET", "/a%20b?x=1", [("Host", "a.test")])`.

    `target` is the request target byte for byte (RFC 9112 section 3.2), never
    decoded. `headers` keep the order and the case of the wire. `body` is the
    content after any chunked coding was removed.
    """

    method: str
    target: str
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    body: bytes = b""

    def get(self, name: str) -> str | None:
        """The first value of the header `name`, in any case, or None."""
        values = _all(self.headers, name)
        return values[0] if values else None

    def get_all(self, name: str) -> list[str]:
        """Every value of the header `name`, in wire order."""
        return _all(self.headers, name)


@dataclass(frozen=True, slots=True)
class WireResponse:
    """What a client receives: the final status, headers and content.

    Header names are lower-case, repeated names are repeated entries, and the
    order is that of the wire. `body` is the content after any chunked coding
    was removed; it is empty in an answer to HEAD. `trailers` are complete when
    the body has ended.
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    body: bytes = b""
    trailers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def get(self, name: str) -> str | None:
        """The first value of the header `name`, in any case, or None."""
        values = _all(self.headers, name)
        return values[0] if values else None

    def get_all(self, name: str) -> list[str]:
        """Every value of the header `name`, in wire order."""
        return _all(self.headers, name)
