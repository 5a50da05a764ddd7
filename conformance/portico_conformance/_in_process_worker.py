"""A Worker without workerd: the fake runtime of `_fake_js` on an event loop in a thread.

A chunk of an answer is read from its stream when the client takes it, and one of a request is given
when the application wants it. A client that leaves cancels the answer, as workerd does.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from portico_conformance._case import Client, NoAnswerError, Row
from portico_conformance._fake_js import (
    Context,
    JsError,
    JsException,
    JsObject,
    Uint8Array,
    World,
    installed,
)
from portico_conformance._fake_js_fetch import Response, arrived
from portico_conformance._fake_js_streams import Controller, ReadableStream
from portico_conformance._in_process import TIMEOUT, BrokenAnswerError, InProcessClient
from portico_conformance._in_process_worker_socket import WorkerSocket
from portico_conformance._wire import WireRequest, WireResponse

T = TypeVar("T")

_AHEAD = 1 << 18  # bytes of a request's body that wait for the application before `feed` does


@contextmanager
def worker_client(row: Row) -> Generator[Client]:
    """A client of the conformance application as a Worker in the fake runtime."""
    from portico_conformance.application import ENVIRONMENT, OPTIONS, app

    with installed(**dict([ENVIRONMENT])) as world, start_blocking_portal("asyncio") as portal:
        from portico_cloudflare import Worker

        entrypoint = Worker(app, **OPTIONS)

        def begin(request: WireRequest, more: bool) -> _WorkerCall:
            return portal.call(_WorkerCall, portal, world, entrypoint, request, more)

        def connect(request: WireRequest) -> WorkerSocket:
            return WorkerSocket(portal, world, entrypoint, request)

        yield InProcessClient(row, begin, socket=connect)


class _WorkerCall:
    """One call of `fetch`; made on the loop, and used from the client's thread."""

    def __init__(
        self,
        portal: BlockingPortal,
        world: World,
        entrypoint: Callable[[Any, Any], Any],
        request: WireRequest,
        more: bool,
    ) -> None:
        self._portal = portal
        self._method = request.method
        self._body = _RequestBody(request.body, more)
        announced = request.get("content-length") or request.get("transfer-encoding")
        stream = self._body.stream if announced else None
        native = arrived(request.method, request.target, request.headers, stream)
        instance = entrypoint(Context(), world.env)
        self._fetch: asyncio.Task[Any] = asyncio.create_task(instance.fetch(native))
        self._reader: Any = None
        self._rest = b""
        self._gone = False

    def feed(self, data: bytes) -> None:
        self._step(lambda: self._body.feed(data))

    def end(self) -> None:
        self._portal.call(self._body.end)

    def head(self) -> WireResponse:
        return self._step(self._head)

    def piece(self) -> bytes:
        return self._step(self._piece)

    def disconnect(self) -> None:
        self._portal.call(self._disconnect)

    def close(self) -> None:
        self._portal.call(self._disconnect)

    async def _head(self) -> WireResponse:
        if self._gone:
            raise NoAnswerError("the client itself has disconnected")
        response: Response = await asyncio.shield(self._fetch)
        # The runtime writes fields as UTF-8, whatever the application had in mind.
        fields = [
            (name.lower(), value.encode("utf-8").decode("latin-1"))
            for name, value in response.headers.fields
        ]
        if isinstance(response.payload, ReadableStream):
            self._reader = response.payload.getReader()
            if self._method == "HEAD":
                self._reader.cancel()
        elif response.payload is not None:
            self._rest = b"" if self._method == "HEAD" else response.payload.to_bytes()
        return WireResponse(response.status, fields)

    async def _piece(self) -> bytes:
        if self._reader is None or self._method == "HEAD":
            piece, self._rest = self._rest, b""
            return piece
        try:
            result = await self._reader.read()
        except JsException as error:
            raise BrokenAnswerError("the stream of the answer failed") from error
        return b"" if result.done else result.value.to_bytes()

    def _disconnect(self) -> None:
        if self._gone:
            return
        self._gone = True
        self._body.cut()
        if self._reader is not None:
            self._reader.cancel()

    def _step(self, step: Callable[[], Awaitable[T]]) -> T:
        async def bounded() -> T:
            with anyio.fail_after(TIMEOUT):
                return await step()

        return self._portal.call(bounded)


class _RequestBody:
    """The stream of a request, which gives what the client has sent when it is asked."""

    def __init__(self, start: bytes, more: bool) -> None:
        self._parts = deque([start] if start else [])
        self._ended = not more
        self._cut = False
        self._wanting: Controller | None = None
        self._changed = asyncio.Event()
        self._is_cancelled = False
        self.stream = ReadableStream(JsObject(pull=self._pull, cancel=self._cancel), 0)

    async def feed(self, data: bytes) -> None:
        """Give a part, when not too much waits already."""
        while sum(map(len, self._parts)) > _AHEAD and not self._is_cancelled:
            self._changed.clear()
            await self._changed.wait()
        self._parts.append(data)
        self._serve()

    def end(self) -> None:
        """The body is complete."""
        self._ended = True
        self._serve()

    def cut(self) -> None:
        """The client is gone; a body that was not complete never will be."""
        self._cut = not self._ended
        self._serve()

    def _pull(self, controller: Controller) -> None:
        self._wanting = controller
        self._serve()

    def _cancel(self, _reason: Any) -> None:
        self._is_cancelled = True
        self._changed.set()

    def _serve(self) -> None:
        controller = self._wanting
        if controller is None or self._is_cancelled:
            return
        if self._cut:
            controller.error(JsError("Error", "Network connection lost."))
        elif self._parts:
            controller.enqueue(Uint8Array(self._parts.popleft()))
            self._changed.set()
        elif self._ended:
            controller.close()
        else:
            return
        self._wanting = None
