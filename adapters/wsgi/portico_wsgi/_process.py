"""`Process`: the started application in one process of the server."""

from __future__ import annotations

import os
import sys
from threading import Lock
from typing import TYPE_CHECKING

from portico_wsgi._platform import SerialWsgiPlatform, WsgiPlatform

if TYPE_CHECKING:
    from portico.contract import Application, Options
    from portico_wsgi._loop import Loop
    from portico_wsgi._tasks import Host


class Process:
    """The started application in one process: its `Running`, and its event loop if it needs one."""

    def __init__(self, app: Application, options: Options, shares_loop: bool) -> None:
        self.options = options
        self.platform_type = WsgiPlatform if shares_loop else SerialWsgiPlatform
        self._pid = os.getpid()
        self._shares_loop = shares_loop
        self._lock = Lock()
        self._loop: Loop | None = None
        self._host: Host | None = None
        self._platform = self.platform_type(options)
        self.running = app.start(self._platform)
        if self.running.is_async:
            self._enter_async()
        else:
            self.running.__enter__()

    @property
    def is_own(self) -> bool:
        """Whether this is the process that started it, not a fork of that."""
        return self._pid == os.getpid()

    @property
    def is_live(self) -> bool:
        """Whether requests can be given to it."""
        return self.is_own and (self._host is None or not self._host.ended)

    @property
    def loop(self) -> Loop:
        """The event loop, made when it is first asked for."""
        if self._loop is None:
            with self._lock:
                if self._loop is None:
                    from portico_wsgi._loop import CallerLoop, ThreadLoop

                    self._loop = ThreadLoop() if self._shares_loop else CallerLoop()
        return self._loop

    def leave(self) -> None:
        """Leave the `Running` and end the loop. An exception is reported: nobody waits for it."""
        try:
            if self._host is not None:
                self._host.leave()
            else:
                self.running.__exit__(None, None, None)
        except Exception as error:  # noqa: BLE001 - reported
            self._crashed(error)
        finally:
            if self._loop is not None:
                self._loop.close()

    def _enter_async(self) -> None:
        from portico_wsgi._tasks import Host

        try:
            self._host = Host(self.loop, self.running, self._crashed)
        except BaseException:
            self.loop.close()
            raise

    def _crashed(self, error: BaseException) -> None:
        self._platform.report(error, "the application's resources failed")


def loop_runs_here() -> bool:
    """Whether the calling thread is inside an event loop, as in a notebook or an async test."""
    if "asyncio" not in sys.modules:
        return False
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
