"""`Environment`: the application, started once in an execution environment of Lambda."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING

from portico_lambda._platform import LambdaPlatform

if TYPE_CHECKING:
    from portico.contract import Application, Options
    from portico_lambda._loop import Host, Loop
    from portico_lambda._worker import Worker


class Environment:
    """The started application: its `Running`, and its event loop once it is needed."""

    def __init__(self, app: Application, options: Options) -> None:
        self._loop: Loop | None = None
        self._host: Host | None = None
        self._worker: Worker | None = None
        self._platform = LambdaPlatform(options)
        self.running = app.start(self._platform)
        if self.running.is_async:
            self._enter_async()
        else:
            copy_context().run(self.running.__enter__)

    @property
    def is_live(self) -> bool:
        """Whether requests can be given to it."""
        return self._host is None or not self._host.ended

    @property
    def loop(self) -> Loop:
        """The event loop, made when it is first asked for."""
        if self._loop is None:
            from portico_lambda._loop import Loop

            self._loop = Loop()
        return self._loop

    @property
    def worker(self) -> Worker:
        """The thread for synchronous code that may be left behind, another one where it was."""
        if self._worker is None or self._worker.is_left_behind:
            from portico_lambda._worker import Worker

            self._worker = Worker()
        return self._worker

    def leave(self) -> None:
        """Leave the `Running` and end the loop. An exception is reported: nobody waits for it."""
        if self._worker is not None:
            self._worker.end()
        try:
            if self._host is None:
                self.running.__exit__(None, None, None)
            else:
                self._host.leave()
        except Exception as error:  # noqa: BLE001 - reported
            self._crashed(error)
        finally:
            if self._loop is not None:
                self._loop.close()

    def _enter_async(self) -> None:
        from portico_lambda._loop import Host

        try:
            self._host = Host(self.loop, self.running, self._crashed)
        except BaseException:
            self.loop.close()
            raise

    def _crashed(self, error: BaseException) -> None:
        self._platform.report(error, "the application's resources failed")
