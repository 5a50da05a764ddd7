"""What lives on the loop as one task, because cancel scopes and task groups demand it.

`Host` keeps the application's resources open; `Exchange` runs one request from its handler to the
end of its stream; `run` is for work that only has to end.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeVar

from portico.contract import ByteStream
from portico_wsgi._reply import Reply

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from contextvars import Context

    from portico.contract import Idle, Response, Running
    from portico_wsgi._loop import Loop


T = TypeVar("T")

_eager: Any = getattr(asyncio, "eager_task_factory", None)


class Host:
    """The task in which a `Running` is entered and left, because cancel scopes demand one."""

    def __init__(self, loop: Loop, running: Running, crashed: Callable[[BaseException], object]):
        self._loop = loop
        self._running = running
        self._crashed = crashed
        loop.call(self._enter)

    @property
    def ended(self) -> bool:
        """Whether the application has left by itself: a task group of a resource has failed."""
        return self._task.done()

    def leave(self) -> None:
        """Leave the `Running` and wait for it; what it raises goes to `crashed`."""
        self._loop.call(self._leave)

    def _enter(self, reply: Reply) -> None:
        self._left = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._live(reply))

    async def _live(self, reply: Reply) -> None:
        try:
            async with self._running:
                reply.set_result(None)
                await self._left.wait()
        except BaseException as error:  # noqa: BLE001 - raised again by `call`, or reported
            if reply.done():
                self._crashed(error)
            _fail(reply, error)

    def _leave(self, reply: Reply) -> None:
        self._left.set()
        self._task.add_done_callback(lambda _: reply.set_result(None))


class Exchange:
    """One request in one task: its handler, then its stream, a chunk each time one is wanted.

    The task waits between two chunks, so that cancel scopes and task groups may stay open across
    the generator's `yield`, and nothing runs ahead of the peer.

    Where a chunk takes longer than the stream's `idle` allows, who wants it is given the idle chunk
    instead. The task goes on, and its chunk is kept for the next wish.
    """

    __slots__ = (
        "_answer",
        "_context",
        "_given_up",
        "_idle",
        "_kept",
        "_loop",
        "_reply",
        "_task",
        "_timer",
        "_wanted",
    )

    def __init__(self, loop: Loop, answer: Awaitable[Response], context: Context) -> None:
        self._loop = loop
        self._answer = answer
        self._context = context
        self._given_up = False
        self._idle: Idle | None = None
        self._kept: Reply | None = None
        self._timer: asyncio.TimerHandle | None = None

    def response(self) -> Response:
        """Start the task and wait for the answer; an asynchronous stream of it is read here."""
        try:
            response: Response = self._loop.call(self._begin)
        except Exception:
            close: Callable[[], object] | None = getattr(self._answer, "close", None)
            if close is not None:
                close()  # A coroutine was never begun, where the loop refused the call.
            raise
        return response

    def __iter__(self) -> Iterator[bytes]:
        return map(next, repeat(self))

    def __next__(self) -> bytes:
        chunk: bytes | None = self._loop.call(self._pull)
        if chunk is None:
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Close the stream and wait for the end of the task."""
        self._loop.call(self._end)

    def _begin(self, reply: Reply) -> None:
        self._reply = reply
        self._task = start_task(self._run(), self._context)

    def _pull(self, reply: Reply) -> None:
        kept, self._kept = self._kept, None
        self._reply = reply
        if kept is not None:
            if kept.done():
                _pass_on(kept, reply)
                return
        elif self._task.done():
            _fail(reply, RuntimeError("The stream was cancelled before its end."))
            return
        else:
            self._wanted.set_result(True)
        self._wait(reply)

    def _wait(self, reply: Reply) -> None:
        self._stop_waiting()
        if self._idle is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._idle.seconds, self._fill, reply, self._idle.chunk)

    def _fill(self, reply: Reply, chunk: bytes) -> None:
        if not reply.done():
            kept = Reply()
            self._kept = self._reply = kept
            reply.set_result(chunk)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, reply: Reply) -> None:
        self._stop_waiting()
        kept, self._reply = self._kept, reply
        self._task.add_done_callback(lambda _: _succeed(reply))
        if kept is not None and kept.done() and kept.exception() is not None:
            _pass_on(kept, reply)  # Nobody has come for it.
        elif self._wanted.done():
            # In the middle of a chunk: an interrupt, such as Ctrl-C, or the peer has left it there.
            self._given_up = True
            self._task.cancel()
        else:
            self._wanted.set_result(False)

    async def _run(self) -> None:
        try:
            response = await self._answer
            content = response.content
            if isinstance(content, ByteStream) and content.is_async:
                await self._read(response, content)
            else:
                self._reply.set_result(response)
        except BaseException as error:  # noqa: BLE001 - raised again by `call`
            if not (self._given_up and isinstance(error, asyncio.CancelledError)):
                _fail(self._reply, error)

    async def _read(self, response: Response, stream: ByteStream) -> None:
        self._idle = stream.idle
        async with aclosing(stream):
            self._give(response)
            while await self._wanted:
                chunk = await anext(stream, None)
                if self._given_up:
                    return
                self._give(chunk)
                if chunk is None:
                    return

    def _give(self, value: object) -> None:
        # First the next wish, then the value: who gets it may wish at once, from another thread.
        self._wanted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if not self._reply.done():
            self._reply.set_result(value)


def run(loop: Loop, work: Callable[[], Awaitable[object]], context: Context) -> None:
    """Run something to its end in its own task and in this context, and wait for it."""
    tasks: list[asyncio.Task[None]] = []  # the loop itself holds its tasks weakly

    async def finish(reply: Reply) -> None:
        try:
            await work()
        except BaseException as error:  # noqa: BLE001 - raised again by `call`
            _fail(reply, error)
        else:
            reply.set_result(None)

    def start(reply: Reply) -> None:
        tasks.append(start_task(finish(reply), context))

    loop.call(start)


def start_task(work: Coroutine[Any, Any, T], context: Context) -> asyncio.Task[T]:
    """Run a coroutine in its own task, its first steps at once where asyncio can (Python 3.12).

    Many a request needs no other, and so not another turn of the loop, which asks the kernel.
    """
    loop = asyncio.get_running_loop()
    if _eager is None:
        return loop.create_task(work, context=context)
    task: asyncio.Task[T] = _eager(loop, work, context=context)
    return task


def _pass_on(kept: Reply, reply: Reply) -> None:
    error = kept.exception()
    if error is None:
        reply.set_result(kept.result())
    else:
        reply.set_exception(error)


def _succeed(reply: Reply) -> None:
    if not reply.done():
        reply.set_result(None)


def _fail(reply: Reply, error: BaseException) -> None:
    if reply.done():
        return
    if isinstance(error, asyncio.CancelledError):
        # Whoever waits was not cancelled, and may be no task at all.
        failure = RuntimeError("The task was cancelled before it had an answer.")
        failure.__cause__ = error
        reply.set_exception(failure)
    else:
        reply.set_exception(error)
