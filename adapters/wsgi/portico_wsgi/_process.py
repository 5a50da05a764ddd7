"""The started application: once in each process of the server, whatever threads and forks do."""

from __future__ import annotations

import atexit
import os
import sys
from _thread import TIMEOUT_MAX, allocate_lock
from contextlib import suppress
from typing import TYPE_CHECKING

from portico_wsgi._platform import SerialWsgiPlatform, WsgiPlatform

if TYPE_CHECKING:
    from _thread import LockType
    from threading import Lock

    from portico.contract import Application, Options, Platform, Running
    from portico_wsgi._loop import Loop
    from portico_wsgi._tasks import Host


class _Forks:
    """How often the interpreter was forked on the way to this process.

    To ask for the process's id takes a system call, which is a tenth of a short request.
    """

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0
        if hasattr(os, "register_at_fork"):  # where there are forks
            os.register_at_fork(after_in_child=self._forked)

    def _forked(self) -> None:
        self.count += 1


_forks = _Forks()


class Process:
    """The started application in one process: its `Running`, and its event loop if it needs one.

    Attributes:
        options: those of the adapter.
        platform_type: the class of the platforms of its requests.
        work: of the requests that have an answer and may have background work.
    """

    def __init__(self, app: Application, options: Options, shares_loop: bool) -> None:
        self.options = options
        self.platform_type = WsgiPlatform if shares_loop else SerialWsgiPlatform
        self._app = app
        self._forks = _forks.count
        self._shares_loop = shares_loop
        self._platform = self.platform_type(options)
        self._running: Running | None = None
        self._host: Host | None = None
        self._lock = allocate_lock()
        self._loop: Loop | None = None
        self.work = OpenWork()

    @property
    def is_own(self) -> bool:
        """Whether this is the process that started it, not a fork of that."""
        return self._forks == _forks.count

    @property
    def running(self) -> Running | None:
        """What the application was entered with; None where no request can be given to it.

        Those that can were started here, and their resources still stand.
        """
        if self._forks != _forks.count or (self._host is not None and self._host.ended):
            return None
        return self._running

    @property
    def loop(self) -> Loop:
        """The event loop, made when it is first asked for."""
        if self._loop is None:
            with self._lock:
                if self._loop is None:
                    from portico_wsgi._loop import CallerLoop, ThreadLoop

                    self._loop = ThreadLoop() if self._shares_loop else CallerLoop()
        return self._loop

    def enter(self) -> None:
        """Start the application, again where the last start failed or its resources fell."""
        running = self._app.start(self._platform)
        if running.is_async:
            from portico_wsgi._tasks import Host

            self._host = Host(self.loop, running, self._crashed)
        else:
            running.__enter__()
        self._running = running

    def leave(self) -> None:
        """Leave the `Running` and end the loop, after the work of requests.

        An exception is reported: nobody waits for it.
        """
        self.work.end(self.options.shutdown_grace)
        running, self._running = self._running, None
        try:
            if self._host is not None:
                self._host.leave()
            elif running is not None:
                running.__exit__(None, None, None)
        except Exception as error:  # noqa: BLE001 - reported
            self._crashed(error)
        finally:
            if self._loop is not None:
                self._loop.close()

    def abandon(self) -> None:
        """Keep it for ever, in a fork of the process that started it.

        What it holds is the parent's: sockets, and the descriptors of the event loop. Not even the
        end of the interpreter, which closes generators and loops that are left over, may close it.
        """
        with suppress(ImportError, AttributeError):  # PyPy collects no such thing at its end
            import ctypes

            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self))

    def _crashed(self, error: BaseException) -> None:
        self._platform.report(error, "the application's resources failed")


class Processes:
    """Finds the `Process` that this process has, or makes one and enters it.

    Attributes:
        current: the last one; of another process where this one is a fork.
    """

    def __init__(self, app: Application, options: Options) -> None:
        self._app = app
        self._options = options
        self.current: Process | None = None
        self._locks: dict[int, Lock] = {}

    def entered(self, multithread: bool) -> Process:
        """The one of this process, live; made and entered by the first thread that asks."""
        with self._lock:
            current = self.current
            if current is None or not current.is_own:
                current = self._replace(current, multithread or _loop_runs_here())
            if current.running is None:
                current.enter()
        return current

    def leave(self) -> None:
        """Leave the one of this process, if there is one."""
        with self._lock:
            current, self.current = self.current, None
            atexit.unregister(self.leave)
        if current is not None:
            current.leave() if current.is_own else current.abandon()

    @property
    def _lock(self) -> Lock:
        # By process: a lock that was held when the process forked stays held in the child.
        return self._locks.setdefault(os.getpid(), allocate_lock())

    def _replace(self, inherited: Process | None, shares_loop: bool) -> Process:
        if inherited is not None:
            inherited.abandon()
        self.current = current = Process(self._app, self._options, shares_loop)
        atexit.unregister(self.leave)
        atexit.register(self.leave)
        return current


def _loop_runs_here() -> bool:
    """Whether the calling thread is inside an event loop, as in a notebook or an async test."""
    if "asyncio" not in sys.modules:
        return False
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class OpenWork:
    """The requests that are answered and not over, whose background work the end waits for.

    Work runs in the server's threads. Those of some servers are daemons, which end with the
    interpreter wherever they are.
    """

    __slots__ = ("_lock", "_open", "_waits")

    def __init__(self) -> None:
        self._open: set[Platform] = set()
        self._lock = allocate_lock()
        # Held until who waits for the end may go on.
        self._waits: LockType | None = None

    def add(self, platform: Platform) -> None:
        """Keep a request in mind."""
        with self._lock:
            self._open.add(platform)

    def discard(self, platform: Platform) -> None:
        """Forget a request: it is over."""
        with self._lock:
            self._open.discard(platform)
            if self._waits is not None and self._is_done():
                self._waits.release()
                self._waits = None

    def end(self, seconds: float) -> None:
        """Wait for work that was given, and report by name what is not done by then."""
        waits = allocate_lock()
        with self._lock:
            if not self._is_done():
                waits.acquire()
                self._waits = waits
        waits.acquire(timeout=min(seconds, TIMEOUT_MAX))
        with self._lock:
            self._waits, left = None, list(self._open)
        for platform in left:
            platform.give_up(f"the application has stopped, and waited {seconds} s for it")

    def _is_done(self) -> bool:
        return not any(platform.unfinished for platform in self._open)
