"""The application's life on one event loop, in one task: the lifespan's, or one of our own.

A `Running` is entered and left in the same task, because it may hold task groups and cancel
scopes open. Where the server runs the lifespan protocol, that is the call with the lifespan scope.
Where it does not (daphne, or by configuration), a task is started at the first request; it ends
when the loop cancels what still runs, as `asyncio.run` and `trio.run` do at their end. A server
that stops its loop without cancelling leaves such an application where it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico_asgi._open_work import OpenWork

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico.contract import Application, Platform, Running
    from portico_asgi._loop_types import Event, Tasks, TaskScope
    from portico_asgi._receive import Receive, Send


class StartError(Exception):
    """The application could not start; its cause was reported."""


class Host:
    """The `Running` of one event loop, and the task that it lives in.

    Attributes:
        running: what the application gave when it was started; not there before.
        platform: the one that it was started with.
        tasks: those of the loop.
        work: the background work of requests that is under way.
        is_live: whether the application has started and not begun to stop.
    """

    __slots__ = ("_app", "_error", "_settled", "is_live", "platform", "running", "tasks", "work")

    running: Running

    def __init__(self, app: Application, platform: Platform, tasks: Tasks) -> None:
        self._app = app
        self.platform = platform
        self.tasks = tasks
        self.work = OpenWork(tasks, platform.options.shutdown_grace)
        self.is_live = False
        self._settled: Event = tasks.event()
        self._error: BaseException | None = None

    async def live(self, until: Callable[[], Awaitable[object]]) -> None:
        """Start the application, wait for `until()`, and stop it, though the task is cancelled."""
        try:
            with self.tasks.scope() as scope:
                try:
                    await self._run(until, scope)
                finally:
                    await self.work.finish_own(self.platform)
        except BaseException as error:
            self._error = error
            raise
        finally:
            self._settled.set()

    async def _run(self, until: Callable[[], Awaitable[object]], scope: TaskScope) -> None:
        async def wait() -> None:
            self.is_live = True
            self._settled.set()
            try:
                await until()
            finally:
                self.is_live = False
                scope.shield = True
                # Before what it uses is closed.
                await self.work.drain()

        self.running = self._app.start(self.platform)
        if self.running.is_async:
            async with self.running:
                await wait()
        else:
            with self.running:
                await wait()

    async def started(self) -> None:
        """Wait until the application has started.

        Raises:
            StartError: it could not.
        """
        await self._settled.wait()
        if self._error is not None:
            raise StartError("The application could not start.") from self._error


class Lifespan:
    """One call with a lifespan scope (ASGI "Lifespan Protocol" 2.0).

    An error of the start or the stop is reported and told to the server as `failed`. One in
    between, of a task that the application keeps, is raised: there is no message for it.
    """

    __slots__ = ("_phase", "_receive", "_send")

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._phase = "startup"

    async def serve(self, host: Host) -> None:
        """Start and stop with the server."""
        await self._receive()  # lifespan.startup
        try:
            await host.live(self._until_shutdown)
        except Exception as error:
            if self._phase == "running":
                raise
            host.platform.report(error, f"the application failed at {self._phase}")
            await self._answer("failed", message=f"{type(error).__name__}: {error}")
        else:
            await self._answer("complete")

    async def follow(self, host: Host) -> None:
        """Serve a second server on a loop whose application lives already."""
        await self._receive()
        try:
            await host.started()
        except StartError as error:
            await self._answer("failed", message=str(error))
        else:
            await self._until_shutdown()
            await self._answer("complete")

    async def _until_shutdown(self) -> None:
        await self._answer("complete")
        self._phase = "running"
        await self._receive()  # lifespan.shutdown, the only other message
        self._phase = "shutdown"

    async def _answer(self, answer: str, **details: str) -> None:
        await self._send({"type": f"lifespan.{self._phase}.{answer}", **details})


async def serve_alone(host: Host) -> None:
    """Live until the loop ends; errors are reported, since nobody awaits this task."""
    host.work.is_alone = True
    try:
        await host.live(host.tasks.event().wait)
    except Exception as error:  # noqa: BLE001 - reported
        host.platform.report(error, "the application could not start, or failed")
