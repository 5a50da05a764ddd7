"""Trailer fields, behind the last message of the content (ASGI `http.response.trailers`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico.contract import made_trailers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portico_asgi._receive import Message, Send
    from portico_asgi._request import Scope

# RFC 9112 section 6.3: they end with their head, and what follows it is another message.
_WITHOUT_CONTENT = frozenset({204, 205, 304})


def takes_trailers(scope: Scope) -> bool:
    """Whether the server sends them, and the client says that it reads them.

    RFC 9110 section 6.5.1 asks for `TE: trailers` where they must arrive, and hypercorn sends them
    to nobody else. An answer to HEAD has no content that they could follow.
    """
    if "http.response.trailers" not in (scope.get("extensions") or ()):
        return False
    codings = [
        coding.strip()
        for name, value in scope["headers"]
        if name.lower() == b"te"
        for coding in value.split(b",")
    ]
    return scope["method"] != "HEAD" and b"trailers" in codings


class TrailingSend:
    """A server's `send()`, which announces the fields at the start and sends them at the end.

    Attributes:
        fields: a function for the value of each, called when the content has been sent.
    """

    __slots__ = ("_follow", "_send", "fields")

    def __init__(self, send: Send) -> None:
        self.fields: dict[str, Callable[[], str]] = {}
        self._send = send
        self._follow = False

    async def __call__(self, message: Message) -> None:
        """Send a message.

        Raises:
            PorticoError: a field could not be made.
        """
        kind = message["type"]
        if kind == "http.response.start" and message["status"] not in _WITHOUT_CONTENT:
            self._follow = True
            message = _announcing(message, self.fields)
        await self._send(message)
        is_last = kind == "http.response.body" and not message.get("more_body", False)
        if is_last and self._follow:
            headers = made_trailers(self.fields).to_wire()
            await self._send({"type": "http.response.trailers", "headers": headers})


def _announcing(start: Message, fields: Mapping[str, object]) -> Message:
    # RFC 9110 section 6.6.2: a sender SHOULD say which fields to expect.
    names: Any = (b"trailer", ", ".join(fields).encode("ascii"))
    return {**start, "headers": [*start["headers"], names], "trailers": True}
