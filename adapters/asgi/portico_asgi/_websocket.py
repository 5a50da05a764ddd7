"""WebSocket scopes: the request that one begins with, the refusal, and the `Channel` of one."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, cast

from anyio import CancelScope

from portico import AbortController, AbortSignal, CapabilityError, DisconnectError
from portico.contract import POSTED_LIMIT, ByteStream, Closed, Response, Upgrade, failure
from portico_asgi._platform import AsgiPlatform
from portico_asgi._raw import AsgiRaw
from portico_asgi._request import AsgiRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    from portico.contract import Connecting, Options
    from portico_asgi._lifespan import Host
    from portico_asgi._loop_types import Tasks
    from portico_asgi._receive import Receive, Send
    from portico_asgi._request import Scope

    T = TypeVar("T")

_EXTENSION: Final = "websocket.http.response"
# A handshake is a request over HTTP (RFC 6455 section 4.1).
_SCHEMES: Final = {"ws": "http", "wss": "https"}
_OF_A_BODY: Final = frozenset({b"content-length", b"transfer-encoding"})
_SUBPROTOCOL: Final = b"sec-websocket-protocol"
_TRY_AGAIN_LATER: Final = 1013
_NO_STATUS: Final = 1005
_ABNORMAL: Final = 1006
_REFUSED: Final = 1000


class SocketPlatform(AsgiPlatform):
    """The platform of a WebSocket: its messages are no body, and its end aborts the signal."""

    __slots__ = ("_controller", "_native")

    def __init__(
        self, options: Options, scope: Scope, receive: Receive, send: Send, tasks: Tasks
    ) -> None:
        super().__init__(options, request_scope(scope), receive, send, tasks)
        self._native = AsgiRaw(scope, receive, send)
        self._controller: AbortController | None = None

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the connection has ended."""
        if self._controller is None:
            self._controller = AbortController()
        return self._controller.signal

    def speaks(self, major: int, minor: int) -> bool:
        """Whether the server knows so late a version of the specification."""
        version: str = self._native.scope["asgi"].get("spec_version") or "2.0"
        numbers = [int(number) for number in version.split(".") if number.isdigit()]
        return numbers >= [major, minor]

    def ended(self) -> None:
        """The connection has ended."""
        self.signal  # noqa: B018 - so that it is aborted for whoever asks later
        if self._controller is not None:
            self._controller.abort(DisconnectError("The WebSocket is closed."))

    def raw(self, kind: type[T], /) -> T:
        """Scope, receive and send, as `AsgiRaw`."""
        return cast("T", self._native) if kind is AsgiRaw else super().raw(kind)


def request_scope(scope: Scope) -> dict[str, Any]:
    """The scope of the request over HTTP that a WebSocket began with."""
    headers = [pair for pair in scope["headers"] if pair[0].lower() not in _OF_A_BODY]
    offered: list[str] = scope.get("subprotocols") or []
    if offered and all(name.lower() != _SUBPROTOCOL for name, _ in headers):
        # uvicorn with wsproto has them there alone.
        names = ", ".join(offered)
        # A character that no byte stands for shows that a server has read them as UTF-8.
        coding = "latin-1" if max(names, default="") <= "\xff" else "utf-8"
        headers.append((_SUBPROTOCOL, names.encode(coding)))
    scheme: str = scope.get("scheme") or "ws"
    return {
        **scope,
        "method": "GET",
        "http_version": "1.1",  # whose requests have no body without a field that says so
        "scheme": _SCHEMES.get(scheme, scheme),
        "headers": headers,
    }


async def serve(
    app: Connecting, host: Host, platform: SocketPlatform, scope: Scope, receive: Receive
) -> None:
    """Serve one WebSocket scope, from its request to its end (ASGI "WebSocket" 2.5)."""
    message = await receive()
    if message["type"] != "websocket.connect":
        return  # the peer was gone before it was asked for
    try:
        request = AsgiRequest(request_scope(scope), platform)
        answer = app.connect(request, platform, host.running)
        response = answer if isinstance(answer, Response) else await answer
        if isinstance(response, Upgrade):
            await _converse(response, platform, receive, host.tasks)
        else:
            await refuse(response, scope, platform.send)
    except OSError:
        pass  # ASGI 2.4 "Disconnected Client - send exception": nobody is there
    except Exception as error:  # noqa: BLE001 - before the accept: nothing else raises
        platform.report(error, f"the answer to WS {scope['path']} could not be sent")
        await refuse(failure(), scope, platform.send)
    finally:
        platform.ended()
        if not platform.end():
            await host.work.finish(platform)


async def _converse(
    upgrade: Upgrade, platform: SocketPlatform, receive: Receive, tasks: Tasks
) -> None:
    try:
        await platform.send(_acceptance(upgrade, platform))
    except BaseException:
        await upgrade.refuse()
        raise
    channel = AsgiChannel(platform, receive, tasks)
    try:
        await upgrade.run(channel)
    finally:
        await channel.finish()


def _acceptance(upgrade: Upgrade, platform: SocketPlatform) -> dict[str, Any]:
    message: dict[str, Any] = {"type": "websocket.accept", "subprotocol": upgrade.subprotocol}
    fields = upgrade.wire_fields()
    if fields and not platform.speaks(2, 1):
        lost = CapabilityError(
            "The server takes no header fields with the accept of a WebSocket (they came with ASGI "
            f"2.1), so {fields!r} cannot be sent. Send them as a message."
        )
        if platform.options.strict:
            raise lost
        platform.report(lost, "a WebSocket was accepted without its header fields")
    elif fields:
        message["headers"] = fields
    return message


async def refuse(response: Response, scope: Scope, send: Send) -> None:
    """Answer the request with a response, where the server can; else close before the accept.

    The second is a 403 to the peer, without anything that the application has said (ASGI
    "WebSocket Denial Response").
    """
    content = response.content
    try:
        if _EXTENSION not in _extensions(scope):
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        head = {"status": response.status, "headers": response.wire_fields()}
        await send({"type": f"{_EXTENSION}.start", **head})
        if isinstance(content, ByteStream):
            async for chunk in content:
                await send({"type": f"{_EXTENSION}.body", "body": chunk, "more_body": True})
            content_left = b""
        else:
            content_left = content
        await send({"type": f"{_EXTENSION}.body", "body": content_left, "more_body": False})
    finally:
        if isinstance(content, ByteStream):
            # In no scope of its own: that of the request, which shields this, ends in there.
            await content.aclose()


def _extensions(scope: Scope) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = scope.get("extensions")
    return {} if found is None else found


class AsgiChannel:
    """The messages of one connection; see `Channel`."""

    __slots__ = (
        "_closed",
        "_owed",
        "_platform",
        "_posted",
        "_pumps",
        "_receive",
        "_receiving",
        "_tasks",
    )

    def __init__(self, platform: SocketPlatform, receive: Receive, tasks: Tasks) -> None:
        self._platform = platform
        self._receive = receive
        self._tasks = tasks
        self._closed: Closed | None = None
        self._receiving: CancelScope | None = None
        self._posted: deque[str | bytes] = deque()
        self._pumps = False
        # The close that could not be sent where it was decided.
        self._owed: Closed | None = None

    async def receive(self, timeout: float | None, /) -> str | bytes | Closed:
        """The next message, or how the connection ended."""
        if self._closed is not None:
            return self._closed
        # Cancelled by `post` too, where the peer does not keep up.
        with CancelScope() as self._receiving:
            if timeout is not None:
                from anyio import fail_after

                with fail_after(timeout):
                    message = await self._receive()
            else:
                message = await self._receive()
            return self._read(message)
        return self._end(Closed(_ABNORMAL))

    def _read(self, message: Mapping[str, Any]) -> str | bytes | Closed:
        if message["type"] == "websocket.disconnect":
            # Both may be missing, or None.
            code = message.get("code") or _NO_STATUS
            return self._end(Closed(code, message.get("reason") or ""))
        # Exactly one of them is there and not None.
        text: str | None = message.get("text")
        data: bytes = message.get("bytes") or b""
        return data if text is None else text

    def _end(self, closed: Closed) -> Closed:
        if self._closed is None:
            self._closed = closed
            self._posted.clear()
            self._platform.ended()
        return self._closed

    async def send(self, data: str | bytes, /) -> None:
        """Send a message."""
        if self._closed is not None:
            raise _gone()
        kind = "text" if isinstance(data, str) else "bytes"
        try:
            await self._platform.send({"type": "websocket.send", kind: data})
        except (OSError, RuntimeError):
            self._end(Closed(_ABNORMAL))
            raise _gone() from None

    async def close(self, code: int, reason: str, /) -> None:
        """Send a close frame."""
        if self._closed is not None:
            return
        self._end(Closed(code, reason))
        await self._send_close(code, reason)

    async def _send_close(self, code: int, reason: str) -> None:
        message: dict[str, Any] = {"type": "websocket.close", "code": code}
        if reason and self._platform.speaks(2, 3):
            message["reason"] = reason
        # Servers raise the second where the peer has closed, of which nobody has received a word.
        with suppress(OSError, RuntimeError):
            await self._platform.send(message)

    def post(self, data: str | bytes, /) -> None:
        """Send a message when its turn comes."""
        if self._closed is not None:
            return
        if len(self._posted) >= POSTED_LIMIT:
            self._too_slow()
            return
        self._posted.append(data)
        if not self._pumps:
            self._pumps = True
            self._tasks.spawn(self._pump, copy_context())

    async def _pump(self) -> None:
        try:
            while self._posted:
                await self.send(self._posted.popleft())
        except DisconnectError:
            pass  # `receive` tells of it
        except Exception as error:  # noqa: BLE001 - a task of its own must not raise
            self._platform.report(error, "what was published could not be sent")
        finally:
            self._pumps = False

    def _too_slow(self) -> None:
        self._owed = self._end(Closed(_TRY_AGAIN_LATER, "too slow"))
        if self._receiving is not None:
            self._receiving.cancel()

    async def finish(self) -> None:
        """Send what is left to send, once the conversation is over."""
        self._end(Closed(_ABNORMAL))
        if self._owed is not None:
            await self._send_close(*self._owed)


def _gone() -> DisconnectError:
    return DisconnectError("The WebSocket is closed.")
