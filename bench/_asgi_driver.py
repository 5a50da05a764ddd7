"""An ASGI server without HTTP: one event loop, the lifespan around it, one call after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from time import process_time_ns
from typing import Any, Final

from bench._exchanges import Answer, Exchange

App = Callable[[Any, Any, Any], Awaitable[object]]
Message = dict[str, Any]

_START_SECONDS: Final = 20.0


class AsgiDriver:
    """Calls an application; makes the messages of a server that has the whole body at once."""

    def __init__(self, app: App, event: str = "http") -> None:
        self._app = app
        self._runner = asyncio.Runner()
        self._scopes: dict[str, Message] = {}
        self._state: Message = {}
        self._lifespan = self._runner.run(self._start())

    def answer(self, exchange: Exchange) -> Answer:
        """The answer to one exchange."""
        return self._runner.run(self._answer(exchange))

    def nanoseconds(self, exchange: Exchange, count: int) -> int:
        """Processor time of this many calls, with whatever they leave the loop to do.

        Raises:
            RuntimeError: one of them got no whole answer.
        """
        return self._runner.run(self._timed(exchange, count))

    def close(self) -> None:
        """End the lifespan and the loop."""
        self._runner.run(self._lifespan.stop())
        self._runner.close()

    async def _start(self) -> "_Lifespan":
        lifespan = _Lifespan(self._app, self._state)
        await lifespan.start()
        return lifespan

    async def _answer(self, exchange: Exchange) -> Answer:
        call = _Call(exchange.body)
        await self._app(self._scope(exchange), call.receive, call.send)
        await _settle()
        return call.answer()

    async def _timed(self, exchange: Exchange, count: int) -> int:
        app, scope_of, body = self._app, self._scope, exchange.body
        begin = process_time_ns()
        for _ in range(count):
            call = _Call(body)
            await app(scope_of(exchange), call.receive, call.send)
            if not call.is_complete:
                raise RuntimeError(f"{exchange.name}: an answer was not complete.")
        await _settle()
        return process_time_ns() - begin

    def _scope(self, exchange: Exchange) -> Message:
        """A scope of its own for each call, as every server makes one."""
        template = self._scopes.get(exchange.name)
        if template is None:
            template = self._scopes[exchange.name] = scope(exchange)
        return {**template, "headers": [*template["headers"]], "state": {**self._state}}


async def _settle() -> None:
    """Let what the calls have left on the loop come to its end."""
    for _ in range(3):
        await asyncio.sleep(0)


class _Call:
    """What one call receives and sends."""

    __slots__ = ("_body", "_gone", "_sent", "is_complete")

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._sent: list[Mapping[str, Any]] = []
        self._gone: asyncio.Future[None] | None = None
        self.is_complete = False

    async def receive(self) -> Message:
        """The body, and after it nothing until the answer is complete, as uvicorn does it."""
        body, self._body = self._body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        if not self.is_complete:
            self._gone = asyncio.get_running_loop().create_future()
            await self._gone
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        """Take a message."""
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.is_complete = True
            if self._gone is not None and not self._gone.done():
                self._gone.set_result(None)
        self._sent.append(message)

    def answer(self) -> Answer:
        """The messages as an answer."""
        head = self._sent[0]
        fields = tuple(
            (bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1"))
            for name, value in head.get("headers", ())
        )
        body = b"".join(bytes(message.get("body", b"")) for message in self._sent[1:])
        return Answer(head["status"], fields, body)


class _Lifespan:
    """The lifespan of an application; one that knows none is called without."""

    def __init__(self, app: App, state: Message) -> None:
        self._app = app
        self._state = state
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Wait for the end of the startup.

        Raises:
            RuntimeError: it failed.
        """
        self._task = asyncio.create_task(self._run())
        await self._step("startup")

    async def stop(self) -> None:
        """Wait for the end of the shutdown."""
        if self._task is not None and not self._task.done():
            await self._step("shutdown")
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": dict(_ASGI), "state": self._state}
        # An application that has no lifespan says so by raising (ASGI lifespan, "Scope").
        with suppress(Exception):
            await self._app(scope, self._to_app.get, self._from_app.put)
        await self._from_app.put({"type": "end"})

    async def _step(self, name: str) -> None:
        await self._to_app.put({"type": f"lifespan.{name}"})
        answer = await asyncio.wait_for(self._from_app.get(), _START_SECONDS)
        if answer["type"].endswith(".failed"):
            raise RuntimeError(f"The {name} failed: {answer}")


_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


def scope(exchange: Exchange) -> Message:
    """The scope of an exchange, as uvicorn 0.54 makes it."""
    fields = [("host", "127.0.0.1:8000"), ("user-agent", "bench"), ("accept", "*/*")]
    fields += exchange.headers
    if exchange.body:
        fields.append(("content-length", str(len(exchange.body))))
    return {
        "type": "http",
        "asgi": dict(_ASGI),
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": exchange.method,
        "root_path": "",
        "path": exchange.path,
        "raw_path": exchange.path.encode(),
        "query_string": exchange.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in fields],
    }
