"""`Exchange`: one request in one task, from its handler to the end of its stream.

Cancel scopes and task groups may be open across the `yield`s of a stream, and they belong to the
task that opened them; so the task of the handler stays, and feeds the stream.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from portico.contract import ByteStream, Response
from portico_cloudflare._platform import SHORTEST_SLEEP, sleep
from portico_cloudflare._response import to_native, to_native_bytes
from portico_cloudflare._stream import StreamBody

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from contextvars import Context

    from portico.contract import Upgrade
    from portico_cloudflare._javascript import JavaScript
    from portico_cloudflare._platform import WorkerPlatform

T = TypeVar("T")

# No other answer has this status: a `Response` has one from 200.
_SWITCHING_PROTOCOLS: Final = 101


class Exchange:
    """A request under way.

    Attributes:
        task: ends when all of the answer was sent, or given up, and the work of `wait_until` done.
    """

    __slots__ = ("_javascript", "_native", "_platform", "_where", "task")

    def __init__(
        self,
        begin: Callable[[], Response | Awaitable[Response]],
        platform: WorkerPlatform,
        javascript: JavaScript,
        context: Context,
        where: str,
    ) -> None:
        self._platform = platform
        self._javascript = javascript
        self._where = where
        self._native: asyncio.Future[Any] = asyncio.Future(loop=asyncio.get_running_loop())
        self.task = start_task(self._run(begin), context)

    async def native(self) -> Any:
        """The `Response` of JavaScript, as soon as there is one."""
        return self._native.result() if self._native.done() else await self._native

    async def _run(self, begin: Callable[[], Response | Awaitable[Response]]) -> None:
        try:
            await self._answer(begin())
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - reported here or there
            if self._native.done():
                self._platform.report(error, f"{self._where} failed in its stream")
            else:
                self._native.set_exception(not_cancelled(error))
        if not self._platform.end():
            await finish(self._platform)

    async def _answer(self, answer: Response | Awaitable[Response]) -> None:
        response = answer if isinstance(answer, Response) else await answer
        if response.status == _SWITCHING_PROTOCOLS:
            await self._upgrade(response)
            return
        content = response.content
        if isinstance(content, ByteStream):
            async with aclosing(content):
                await self._stream(response, content)
        else:
            self._native.set_result(to_native_bytes(response, self._javascript))

    async def _upgrade(self, response: Response) -> None:
        from portico_cloudflare._websocket import WorkerChannel, accepted, converse

        upgrade = cast("Upgrade", response)
        try:
            channel = WorkerChannel(self._javascript)
            self._native.set_result(accepted(upgrade, channel, self._javascript))
        except BaseException:
            await upgrade.refuse()
            raise
        await converse(upgrade, channel, self._platform)

    async def _stream(self, response: Response, stream: ByteStream) -> None:
        declared = response.headers.get("content-length")
        length = None if declared is None else int(declared)
        body = StreamBody(self._javascript, length, self._platform.abort)
        self._native.set_result(to_native(response, body.readable, self._javascript))
        await body.feed(stream)


async def finish(platform: WorkerPlatform) -> None:
    """Do the work of `wait_until`, which may hold everything up, once the answer has gone."""
    await sleep(SHORTEST_SLEEP)
    await platform.afinish()


def not_cancelled(error: BaseException) -> BaseException:
    """The error, for a future: a cancellation would cancel that, and with it who waits for it."""
    if not isinstance(error, asyncio.CancelledError):
        return error
    failure = RuntimeError("The task was cancelled before it was done.")
    failure.__cause__ = error
    return failure


def start_task(coroutine: Coroutine[Any, Any, T], context: Context) -> asyncio.Task[T]:
    """Run a coroutine in its own task, its first steps at once where asyncio can (Python 3.12).

    A turn of the runtime's loop costs more than all else that the adapter does, and most requests
    need none.
    """
    loop = asyncio.get_running_loop()
    eager = getattr(asyncio, "eager_task_factory", None)
    if eager is None:
        return loop.create_task(coroutine, context=context)
    task: asyncio.Task[T] = eager(loop, coroutine, context=context)
    return task
