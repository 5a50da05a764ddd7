"""The errors of Portico, in one tree.

::

    PorticoError
    ├── DefinitionError        the application is wrong; found before the first request
    ├── CapabilityError        the application needs what the runtime does not have
    ├── BodyUsedError          a body that is gone was asked for again
    ├── BodyNotReadError       synchronous code asked for a body that still arrives
    ├── AbortError             the reason of an aborted signal
    ├── UnencodableError       a value has no form in JSON
    ├── UnfinishedWorkError    background work that was not done, in a report
    ├── UnhandledEventError    an event that is no request has no handler
    ├── UndeclaredAnswerError  an answer is not what its route declares
    ├── BrokerError            what is published could not be handed on
    ├── URLError               a text is no URL
    └── HTTPError              an answer, raised: carries the status and the value to send
        └── PeerError          the peer did wrong; a 4xx, whose detail is safe to send
            ├── BodyTooLargeError   413
            ├── BodyTimeoutError    408
            ├── MalformedJSONError  400
            ├── MultipartError      400
            ├── InvalidInputError   422, with every fault
            └── DisconnectError     the peer is gone; nobody reads the answer

Two things are kept apart: *you did wrong* (an exception for the developer, a 500 to the peer) and
*the peer did wrong* (`PeerError`, whose text goes to the peer and never shows a secret).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portico._fault import Fault
    from portico._headers import Headers, HeadersInit
    from portico._reply import Reply


class PorticoError(Exception):
    """The root of every exception that Portico raises of its own."""


class DefinitionError(PorticoError):
    """The application is not well defined: a wrong path, option, parameter or registration."""


class CapabilityError(PorticoError):
    """A route needs a capability that the runtime declares absent."""


class BodyUsedError(PorticoError):
    """The body was already consumed as a stream or a form, so it cannot be read again."""


class BodyNotReadError(PorticoError):
    """Synchronous code asked for a body that the runtime delivers asynchronously."""


class UnfinishedWorkError(PorticoError):
    """Work of `wait_until` was not done: it had no more time. Reported, never raised."""


class UnhandledEventError(PorticoError, ValueError):
    """The platform delivered an event that is no request, and no handler is registered for it."""


class UndeclaredAnswerError(PorticoError):
    """A handler or hook answered with what its route does not declare, so it is not sent.

    Attributes:
        status: the status that it answered with.
        faults: where the value is not of the declared type; empty where the status is not declared.
    """

    def __init__(self, message: str, *, status: int, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.faults: Sequence[Fault] = tuple(faults)


class HTTPError(PorticoError):
    """An answer that is raised instead of returned.

    Args:
        status: the status code to answer with, 400 to 599.
        value: what to send: a text becomes the detail of a problem+json body (RFC 9457), any
            other value is sent as if the handler had returned it.
        headers: header fields for the answer, such as `WWW-Authenticate`.
    """

    def __init__(
        self, status: int, value: object = None, *, headers: HeadersInit | None = None
    ) -> None:
        if not 400 <= status <= 599:
            raise ValueError(
                f"HTTPError got status {status}. An error answers with 400 to 599. "
                f"Return `status({status}, value)` or a `Response` for other answers."
            )
        super().__init__(status, value)
        self.status = status
        self.value = value
        self.headers = headers

    @property
    def reply(self) -> Reply[int, object]:
        """The same answer as `status(...)` returns it; a text in it is a text, not a detail."""
        from portico._reply import Reply

        return Reply(self.status, self.value, self.sent_headers())

    def sent_headers(self) -> Headers | None:
        """The header fields as `Headers`, or None where none were given."""
        if self.headers is None:
            return None
        from portico._headers import Headers

        return Headers(self.headers)

    def __str__(self) -> str:
        return f"{self.status}" if self.value is None else f"{self.status}: {self.value}"


class PeerError(HTTPError):
    """The peer sent something that cannot be served; the detail tells it what and why.

    Args:
        detail: one sentence for the peer. It goes out as it is, so it must hold no secret.
        status: 400 to 499.
        headers: header fields for the answer, such as `Allow`.
    """

    def __init__(
        self, detail: str, *, status: int = 400, headers: HeadersInit | None = None
    ) -> None:
        super().__init__(status, detail, headers=headers)
        self.detail = detail


class BodyTooLargeError(PeerError):
    """The body, or a part of it, is larger than the limit (RFC 9110 section 15.5.14)."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, status=413)


class BodyTimeoutError(PeerError):
    """No more of the body came for as long as the adapter waits (RFC 9110 section 15.5.9).

    Args:
        seconds: how long that is.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"No more of the body has arrived for {seconds:g} seconds.", status=408)
        self.seconds = seconds


class DisconnectError(PeerError):
    """The peer closed the connection before its body was complete."""

    def __init__(self, detail: str = "The connection was closed before the body was complete."):
        super().__init__(detail, status=400)


class InvalidInputError(PeerError):
    """The input does not have the declared shape (RFC 9110 section 15.5.21).

    Attributes:
        faults: every fault of every part, in the order of the parts.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Sequence[Fault] = tuple(faults)
        count = len(self.faults)
        super().__init__(f"The request has {count} fault{'s' if count != 1 else ''}.", status=422)


def status_of(error: Exception) -> int:
    """The status that an error answers with."""
    return error.status if isinstance(error, HTTPError) else 500
