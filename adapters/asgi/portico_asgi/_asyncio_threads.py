"""The worker threads of an asyncio loop, which are to their calls as those of anyio are.

anyio takes two turns of the loop for each call and a queue that is written in Python, which is much
of what a call costs. So the threads are ours, and what users know of anyio's holds for them: its
default limiter bounds how many calls run at once, and `anyio.from_thread` works in them.

A thread serves one call after the other. It lies in `idle` from the end of a call to the beginning
of the next; whoever takes it out of there, the loop with a call or the thread itself, which has
waited in vain and ends, is the only one who may.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import Context, copy_context
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from anyio import CancelScope, WouldBlock, from_thread, to_thread
from anyio.lowlevel import checkpoint_if_cancelled, current_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.lowlevel import EventLoopToken

T = TypeVar("T")

# Seconds that a thread waits for its next call; it lives on so long after its loop.
_PATIENCE: Final = 0.2

# What `anyio.from_thread` knows of the thread that it is called in: `current_token`, that of the
# loop, and `current_cancel_scope`, the one around the call.
_locals: Final[Any] = getattr(from_thread, "threadlocals", None)


class Threads:
    """The threads of one loop, for calls from its tasks.

    Attributes:
        idle: those that wait for a call, the one that has waited longest first.
    """

    __slots__ = ("_limiter", "idle")

    def __init__(self) -> None:
        self._limiter = to_thread.current_default_thread_limiter()
        self.idle: list[_Worker] = []

    async def call(self, fn: Callable[[], T], *, shield: bool) -> T:
        """See `in_worker_thread`."""
        call = _Call(fn)
        if not shield:
            await checkpoint_if_cancelled()
            await self._admit(call)
        with CancelScope(shield=True) as scope:
            if shield:
                await self._admit(call)
            try:
                call.scope = scope if shield else _around(scope)
                self._give(call)
                await call.end()
            finally:
                self._limiter.release_on_behalf_of(call)
        return call.result()

    async def _admit(self, call: _Call[Any]) -> None:
        try:
            self._limiter.acquire_on_behalf_of_nowait(call)
        except WouldBlock:
            await self._limiter.acquire_on_behalf_of(call)

    def _give(self, call: _Call[Any]) -> None:
        try:
            self.idle.pop().calls.put(call)
            return
        except IndexError:
            worker = _Worker(self.idle)
        worker.calls.put(call)
        # In no request's context, which would live as long as the thread does.
        serve, arguments = Context().run, (worker.serve, current_token())
        Thread(target=serve, args=arguments, name="portico-asgi-worker").start()


class _Worker:
    """What a thread does.

    Attributes:
        calls: what it is given, one at a time.
    """

    __slots__ = ("_idle", "calls")

    def __init__(self, idle: list[_Worker]) -> None:
        self._idle = idle
        self.calls: SimpleQueue[_Call[Any]] = SimpleQueue()

    def serve(self, loop: EventLoopToken) -> None:
        """Run one call after the other, until none has come for a while."""
        _locals.current_token = loop
        while (call := self._next()) is not None:
            has_run = call.run()
            self._idle.append(self)
            if has_run:
                with suppress(RuntimeError):  # the loop is closed
                    call.loop.call_soon_threadsafe(call.wake)
            del call  # with all of its request, while none comes

    def _next(self) -> _Call[Any] | None:
        while True:
            try:
                return self.calls.get(timeout=_PATIENCE)
            except Empty:
                with suppress(ValueError):  # it was taken out, and gets a call
                    self._idle.remove(self)
                    return None


class _Call(Generic[T]):
    """A call that begins once at most.

    Attributes:
        loop: that of the task which waits.
        scope: the cancel scope that `from_thread.check_cancelled` looks at.
    """

    __slots__ = (
        "_begun",
        "_context",
        "_error",
        "_fn",
        "_has_ended",
        "_value",
        "_woken",
        "loop",
        "scope",
    )

    _value: T

    def __init__(self, fn: Callable[[], T]) -> None:
        self.loop = asyncio.get_running_loop()
        self.scope: CancelScope | None = None
        self._fn = fn
        self._context = copy_context()
        self._begun = Lock()
        self._has_ended = False
        self._error: BaseException | None = None
        self._woken = self.loop.create_future()

    def run(self) -> bool:
        """Make the call, in the thread; returns whether it was not given up."""
        if not self._begun.acquire(blocking=False):
            return False
        _locals.current_cancel_scope = self.scope
        try:
            self._value = self._context.run(self._fn)
        except BaseException as error:  # noqa: BLE001 - raised to who waits
            self._error = error
        finally:
            self._has_ended = True
            _locals.current_cancel_scope = None
        return True

    async def end(self) -> None:
        """Wait for its end; when cancelled, only if it has begun."""
        try:
            await self._woken
        except asyncio.CancelledError:
            while not self._give_up():
                self._woken = self.loop.create_future()
                with suppress(asyncio.CancelledError):
                    await self._woken
            self._error = None  # its traceback has what holds it
            raise

    def _give_up(self) -> bool:
        """Whether the call does not run: it has ended, or never begins now."""
        return self._has_ended or self._begun.acquire(blocking=False)

    def wake(self) -> None:
        """Let go on who waits for its end."""
        if not self._woken.done():
            self._woken.set_result(None)

    def result(self) -> T:
        """What it has returned; what it has raised is raised."""
        error, self._error = self._error, None
        if error is None:
            return self._value
        try:
            raise error
        finally:
            del error  # its traceback has this frame


_threads: WeakKeyDictionary[object, Threads] = WeakKeyDictionary()


def threads_of(loop: object) -> Threads | None:
    """The threads of the running loop; None where anyio keeps to itself what it knows of them."""
    if _locals is None:
        return None
    threads = _threads.get(loop)
    if threads is None:
        threads = _threads[loop] = Threads()
    return threads


def _around(scope: CancelScope) -> CancelScope:
    """The scope that another one was entered in, as anyio itself gives it to its threads."""
    return getattr(scope, "_parent_scope", None) or scope
