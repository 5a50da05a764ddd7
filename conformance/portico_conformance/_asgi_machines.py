"""The order in which ASGI messages may come: one machine for each type of scope.

A machine is told of every message, `received` from the server or `sent` by the
application, after its shape was checked, and of the application's return. It
raises `AsgiViolation` for what may not come now.

    http       start, body while more_body, [trailers while more_trailers]
               early hints and pushes between start and the last body
    websocket  connect, then accept ... close, or close, or a denial response
    lifespan   startup, its answer, shutdown, its answer

Once the client is gone (`gone`, or a disconnect was received) an application
need not finish.
"""

from typing import Any, Protocol

from portico_conformance._asgi_response import Response
from portico_conformance._asgi_shapes import AsgiViolation, Message, Scope, Side


class Machine(Protocol):
    """What may come next in one scope."""

    gone: bool

    def received(self, kind: str, message: Message) -> None:
        """Note a message of the server."""
        ...

    def sent(self, kind: str, message: Message) -> None:
        """Note a message of the application."""
        ...

    def returned(self) -> None:
        """Note that the application returned, without an exception."""
        ...


def machine_for(scope: Scope) -> Machine:
    """The machine of this scope's type."""
    kinds: dict[str, type[HttpMachine | WebSocketMachine | LifespanMachine]] = {
        "http": HttpMachine,
        "websocket": WebSocketMachine,
        "lifespan": LifespanMachine,
    }
    return kinds.get(scope["type"], UnknownMachine)(scope)


def _wrong(rule: str, value: object, side: Side = "application") -> AsgiViolation:
    return AsgiViolation(side, rule, value)


class HttpMachine:
    """One request and its response."""

    def __init__(self, scope: Scope) -> None:
        self.gone = False
        self._response = Response(scope["method"], "http.response")
        self._request_ended = False
        self._trailers = False  # whether trailers have to follow the body
        self._bodies: set[str] = set()
        self._debugged = False

    def received(self, kind: str, message: Message) -> None:
        """Note a message of the server."""
        if kind == "http.disconnect":
            self.gone = True
        elif self._request_ended or self.gone:
            raise _wrong("http.request must not come after the last", message, "server")
        else:
            self._request_ended = not message.get("more_body", False)

    def sent(self, kind: str, message: Message) -> None:
        """Note a message of the application."""
        response = self._response
        if response.ended and not self._trailers:
            raise _wrong("nothing must be sent after a complete response", message)
        match kind.removeprefix("http.response."):
            case "start":
                response.start(message)
                self._trailers = message.get("trailers", False)
            case "trailers":
                self._send_trailers(message)
            case "debug":
                self._send_debug(message)
            case "early_hint":
                response.before_end(message)
            case "push":
                response.between(message)
            case body:
                self._send_body(body, message)

    def returned(self) -> None:
        """Note that the application returned, without an exception."""
        if self.gone or (self._response.ended and not self._trailers):
            return
        missing = "http.response.start" if not self._response.started else "http.response.body"
        missing = "http.response.trailers" if self._response.ended else missing
        raise _wrong("an application must not return before the end of its response", missing)

    def _send_body(self, body: str, message: Message) -> None:
        self._bodies.add(body)
        if "pathsend" in self._bodies and len(self._bodies) > 1:
            raise _wrong("http.response.pathsend must be the whole body", message)
        if body == "body":
            self._response.body(message)
        else:
            self._response.file(message)

    def _send_trailers(self, message: Message) -> None:
        if not self._trailers or not self._response.ended:
            rule = "http.response.trailers must be promised by the start and follow the body"
            raise _wrong(rule, message)
        self._trailers = message.get("more_trailers", False)

    def _send_debug(self, message: Message) -> None:
        if self._debugged or self._response.started:
            raise _wrong("http.response.debug must be sent once, before the start", message)
        self._debugged = True


class WebSocketMachine:
    """One WebSocket, from its handshake to its close."""

    def __init__(self, scope: Scope) -> None:
        self.gone = False
        self._scope = scope
        self._denial = Response("GET", "websocket.http.response")
        self._connected = False
        self._accepted = False
        self._closed = False

    def received(self, kind: str, message: Message) -> None:
        """Note a message of the server."""
        if (kind == "websocket.connect") == self._connected:
            raise _wrong("websocket.connect must come first, and once", message, "server")
        self._connected = True
        if kind == "websocket.disconnect":
            self.gone = True
        if kind == "websocket.receive":
            if not self._accepted or self.gone:
                rule = "websocket.receive must come between websocket.accept and disconnect"
                raise _wrong(rule, message, "server")
            _check_data(message, "server")

    def sent(self, kind: str, message: Message) -> None:
        """Note a message of the application."""
        if not self._connected:
            raise _wrong("nothing must be sent before websocket.connect is received", message)
        if self._closed:
            raise _wrong("nothing must be sent after the WebSocket was closed", message)
        match kind:
            case "websocket.accept":
                self._accept(message)
            case "websocket.send":
                if not self._accepted:
                    raise _wrong("websocket.send must come after websocket.accept", message)
                _check_data(message, "application")
            case "websocket.close":
                self._close(message)
            case _:
                self._deny(kind, message)

    def returned(self) -> None:
        """Note that the application returned, without an exception."""
        if not (self.gone or self._accepted or self._closed):
            answer = "part of a denial" if self._denial.started else None
            raise _wrong("an application must answer websocket.connect", answer)

    def _accept(self, message: Message) -> None:
        headers, subprotocol = list(message.get("headers", [])), message.get("subprotocol")
        if self._accepted or self._denial.started:
            raise _wrong("websocket.accept must be the first answer, and once", message)
        self._accepted = True
        if headers and not self._server_knows(2, 1):
            raise _wrong("websocket.accept must have no headers before spec version 2.1", headers)
        if any(name == b"sec-websocket-protocol" for name, _ in headers):
            raise _wrong("a subprotocol must be given by its key, not by a header", headers)
        # RFC 6455 section 4.2.2: the server chooses from what the client sent.
        if subprotocol is not None and subprotocol not in self._scope.get("subprotocols", []):
            raise _wrong("a subprotocol must be one that the client offered", subprotocol)

    def _close(self, message: Message) -> None:
        code, reason = message.get("code", 1000), message.get("reason") or ""
        if self._denial.started:
            raise _wrong("websocket.close must not follow a denial response", message)
        self._closed = True
        # RFC 6455 section 7.4: the rest is reserved, or must not be sent.
        if not (3000 <= code <= 4999 or 1000 <= code <= 1014) or code in (1004, 1005, 1006):
            raise _wrong("a close code must be one that may be sent", code)
        if reason and not self._server_knows(2, 3):
            raise _wrong("websocket.close must have no reason before spec version 2.3", reason)
        # RFC 6455 section 5.5: a control frame holds 125 bytes, two for the code.
        if len(reason.encode("utf-8", "surrogatepass")) > 123:
            raise _wrong("a close reason must be at most 123 bytes", reason)

    def _deny(self, kind: str, message: Message) -> None:
        if self._accepted:
            raise _wrong("a denial response must come in place of websocket.accept", message)
        if kind == "websocket.http.response.start":
            self._denial.start(message)
        else:
            self._denial.body(message)
        self._closed = self._denial.ended

    def _server_knows(self, major: int, minor: int) -> bool:
        version: str = self._scope["asgi"].get("spec_version", "2.0")
        numbers = [int(number) for number in version.split(".") if number.isdigit()]
        return numbers >= [major, minor]


class LifespanMachine:
    """One startup and one shutdown, each answered."""

    def __init__(self, scope: Scope) -> None:
        self.gone = False
        self._asked = ""
        self._answers: dict[str, str] = {}

    def received(self, kind: str, message: Message) -> None:
        """Note a message of the server."""
        event = kind.removeprefix("lifespan.")
        expected = "startup" if not self._asked else "shutdown"
        if event != expected or (event == "shutdown" and self._answers != {"startup": "complete"}):
            rule = "lifespan.startup must come first, lifespan.shutdown after it is complete"
            raise _wrong(rule, message, "server")
        self._asked = event

    def sent(self, kind: str, message: Message) -> None:
        """Note a message of the application."""
        event, _, answer = kind.removeprefix("lifespan.").partition(".")
        if event != self._asked or event in self._answers:
            raise _wrong(f"{kind} must answer lifespan.{event}, once", message)
        self._answers[event] = answer

    def returned(self) -> None:
        """Note that the application returned, without an exception."""
        if "shutdown" in self._answers or self._answers.get("startup") == "failed":
            return
        rule = "an application must serve lifespan to its end, or raise if it does not support it"
        raise _wrong(rule, self._answers)


class UnknownMachine:
    """A type of scope that the validator does not know, and so neither should the application."""

    def __init__(self, scope: Scope) -> None:
        self.gone = False
        self._scope = scope

    def received(self, kind: str, message: Message) -> None:
        """Note nothing."""

    def sent(self, kind: str, message: Message) -> None:
        """Note nothing."""

    def returned(self) -> None:
        """Note that the application returned, without an exception."""
        rule = "an application must raise for a type of scope that it does not know"
        raise _wrong(rule, self._scope["type"])


def _check_data(message: Message, side: Side) -> None:
    data: list[Any] = [message.get("bytes"), message.get("text")]
    if data.count(None) != 1:
        raise _wrong(f"{message['type']} must have exactly one of bytes and text", message, side)
