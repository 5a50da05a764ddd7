"""The worker threads of an asyncio loop: anyio's, each borrowed for as long as there is work.

anyio starts the threads, ends them with the loop, and bounds how many calls run at once. Only the
way to a thread that is there already, and back, is ours: anyio takes two turns of the loop for it
and a queue that is written in Python, which is much of what a call costs.

A thread serves one call after the other. It lies in `idle` from the end of a call to the beginning
of the next; whoever takes it out of there, the loop with a call or the thread itself, which has
waited in vain and goes back to anyio, is the only one who may.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from math import inf
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from anyio import CancelScope, CapacityLimiter, WouldBlock, from_thread, to_thread
from anyio.lowlevel import checkpoint_if_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# Seconds that a thread waits for its next call. A process whose loop was stopped, but neither its
# tasks were cancelled nor the loop was closed, ends so much later.
_PATIENCE: Final = 0.2

# What `anyio.from_thread` asks for the cancel scope of the call that runs.
_locals: Final[Any] = getattr(from_thread, "threadlocals", None)


class Threads:
    """The threads of one loop, for calls from its tasks.

    Attributes:
        idle: those that wait for a call, the one that has waited longest first.
    """

    __slots__ = ("_limiter", "_unbounded", "idle")

    def __init__(self) -> None:
        self._limiter = to_thread.current_default_thread_limiter()
        self._unbounded = CapacityLimiter(inf)  # an idle thread takes nobody's place
        self.idle: list[_Thread] = []

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
            thread = self.idle.pop()
        except IndexError:
            self._borrow(call)
        else:
            thread.calls.put(call)

    def _borrow(self, call: _Call[Any]) -> None:
        """Have anyio start a thread, or wake one of its own, for this call and those to come."""
        thread = _Thread(self.idle, call)
        # In no request's context, which would live as long as the thread does.
        lending = call.loop.create_task(
            to_thread.run_sync(thread.serve, limiter=self._unbounded), context=Context()
        )
        lending.add_done_callback(partial(self._returned, thread))

    def _returned(self, thread: _Thread, lending: asyncio.Task[None]) -> None:
        call = thread.first
        if lending.cancelled():
            if call is None or call.has_begun:
                thread.calls.put(None)  # the loop ends
            else:
                self._borrow(call)  # who waits may be shielded
        elif (error := lending.exception()) is not None and call is not None and call.give_up():
            call.fail(error)  # no thread could be started


class _Thread:
    """A thread that is borrowed.

    Attributes:
        calls: what it is given, one at a time; None to look whether it may go.
        first: the call that it was borrowed for, until it serves.
    """

    __slots__ = ("_idle", "calls", "first")

    def __init__(self, idle: list[_Thread], first: _Call[Any]) -> None:
        self._idle = idle
        self.first: _Call[Any] | None = first
        self.calls: SimpleQueue[_Call[Any] | None] = SimpleQueue()

    def serve(self) -> None:
        """Run one call after the other, until none has come for a while."""
        call, self.first = self.first, None
        while call is not None:
            has_run = call.run()
            self._idle.append(self)
            if has_run:
                with suppress(RuntimeError):  # the loop is closed
                    call.loop.call_soon_threadsafe(call.wake)
            del call  # with all of its request, while none comes
            call = self._next()

    def _next(self) -> _Call[Any] | None:
        while True:
            try:
                call = self.calls.get(timeout=_PATIENCE)
            except Empty:
                call = None
            if call is not None:
                return call
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

    @property
    def has_begun(self) -> bool:
        """Whether it runs, has run or was given up."""
        return self._begun.locked()

    def run(self) -> bool:
        """Make the call, in the thread; returns whether it was not given up."""
        if not self._begun.acquire(blocking=False):
            return False
        if _locals is not None:
            _locals.current_cancel_scope = self.scope
        try:
            self._value = self._context.run(self._fn)
        except BaseException as error:  # noqa: BLE001 - raised to who waits
            self._error = error
        finally:
            self._has_ended = True
            if _locals is not None:
                _locals.current_cancel_scope = None
        return True

    async def end(self) -> None:
        """Wait for its end; when cancelled, only if it has begun."""
        try:
            await self._woken
        except asyncio.CancelledError:
            while not self.give_up():
                self._woken = self.loop.create_future()
                with suppress(asyncio.CancelledError):
                    await self._woken
            self._error = None  # its traceback has what holds it
            raise

    def give_up(self) -> bool:
        """Whether the call does not run: it has ended, or never begins now."""
        return self._has_ended or self._begun.acquire(blocking=False)

    def wake(self) -> None:
        """Let go on who waits for its end."""
        if not self._woken.done():
            self._woken.set_result(None)

    def fail(self, error: BaseException) -> None:
        """End a call that was given up by raising this."""
        self._error, self._has_ended = error, True
        self.wake()

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


def threads_of(loop: object) -> Threads:
    """The threads of the running loop."""
    threads = _threads.get(loop)
    if threads is None:
        threads = _threads[loop] = Threads()
    return threads


def _around(scope: CancelScope) -> CancelScope:
    """The scope that another one was entered in, as anyio itself gives it to its threads."""
    return getattr(scope, "_parent_scope", None) or scope
