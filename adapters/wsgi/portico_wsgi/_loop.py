"""The event loop that a process keeps.

WSGI calls synchronously, and from many threads or from one:

- `CallerLoop`: the server has one thread. It runs the loop itself, while it waits for an answer; in
  between the loop stands still.
- `ThreadLoop`: the server has many. One more thread runs one loop for all of them, so that they
  share pools and clients.

Either way `call(start)` runs `start(reply)` on the loop and blocks until somebody gives the reply a
result or an exception. Nothing imports this module before an application needs a loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Protocol, TypeAlias, TypeVar

from portico_wsgi._reply import Reply

T = TypeVar("T")

Start: TypeAlias = Callable[[Reply], object]


class Loop(Protocol):
    """An event loop that synchronous code waits for."""

    def call(self, start: Start, /) -> Any:
        """Run `start` on the loop and wait for its reply."""
        ...

    def close(self) -> None:
        """Cancel what still runs, and end the loop."""
        ...


class CallerLoop:
    """A loop that the calling thread runs; one thread at a time."""

    def __init__(self) -> None:
        # The factory keeps `Runner` from making this the thread's current loop.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        # Servers that call from one thread do not wait here; a test with its own threads may.
        self._lock = threading.RLock()

    def call(self, start: Start, /) -> Any:
        """Run `start` on the loop and wait for its reply."""
        _check_no_loop_runs()
        with self._lock:
            loop = self._runner.get_loop()
            reply = Reply(loop.stop)
            loop.call_soon(start, reply)
            # Others may stop the loop as well: a handler, or the late reply to an interrupted call.
            while not reply.done():
                loop.run_forever()
            return reply.result()

    def close(self) -> None:
        """Cancel what still runs, and end the loop."""
        with self._lock:
            self._runner.close()


class ThreadLoop:
    """A loop that has a thread of its own, a daemon: a server's exit does not wait for it."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="portico-wsgi-loop", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closing:
            try:
                self._loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                # A task that raises these stops the loop of everybody; asyncio reports the task.
                continue
        self._runner.close()

    def call(self, start: Start, /) -> Any:
        """Run `start` on the loop and wait for its reply."""
        _check_no_loop_runs(self._loop)
        given = threading.Lock()
        given.acquire()
        reply = Reply(given.release)
        self._loop.call_soon_threadsafe(start, reply)
        given.acquire()
        return reply.result()

    def close(self) -> None:
        """Cancel what still runs, and end the loop and its thread."""
        self._closing = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def _check_no_loop_runs(forbidden: asyncio.AbstractEventLoop | None = None) -> None:
    """Refuse a wait that would stop the loop that has to end it."""
    # `get_running_loop` would raise, nearly each time.
    running = asyncio._get_running_loop()
    if running is not None and (forbidden is None or running is forbidden):
        raise RuntimeError(
            "The WSGI application was called by code that runs on an event loop, which would have "
            "to wait for itself. Call it in a thread: `await asyncio.to_thread(...)`."
        )


async def in_worker_thread(fn: Callable[[], T]) -> T:
    """Call a function in a thread, in a copy of the context; a cancellation waits for its end."""
    import anyio

    loop = asyncio.get_running_loop()
    try:
        future = loop.run_in_executor(None, copy_context().run, fn)
    except RuntimeError:
        # The interpreter ends, and its pool of threads has ended: nobody else waits for the loop.
        return fn()
    cancelled: asyncio.CancelledError | None = None
    # Cancel scopes cancel again and again, a task only once: each needs its own way to wait.
    with anyio.CancelScope(shield=True):
        while not future.done():
            try:
                await _end_of(future)
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        raise cancelled
    return future.result()


def _end_of(future: asyncio.Future[Any]) -> asyncio.Future[None]:
    """What ends with another future, which it leaves alone when it is cancelled.

    `asyncio.wait` is that for any number of them, at several times the cost.
    """
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(_: object) -> None:
        if not ended.done():
            ended.set_result(None)

    future.add_done_callback(end)
    return ended
