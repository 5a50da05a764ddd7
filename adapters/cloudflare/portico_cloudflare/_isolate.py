"""`Isolate`: the application in one isolate, started once for all of its requests."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING, cast

from portico_cloudflare._exchange import not_cancelled, start_task
from portico_cloudflare._javascript import JavaScript
from portico_cloudflare._platform import SHORTEST_SLEEP, WorkerPlatform, sleep

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico.contract import Application, Connecting, Options, Response, Running
    from portico_cloudflare._platform import WorkerRaw

    Connects = Callable[..., Response | Awaitable[Response]]


# How often a request looks whether another one has started the application, until it starts it
# itself: for half a minute, after which the runtime has dropped what a peer that left had begun.
MOST_LOOKS = 7500


class Isolate:
    """What the requests of one isolate share.

    Nothing of it is made before the first request, because a deployed Worker starts from a snapshot
    that was taken before.

    Args:
        app: the application.
        options: those of the adapter.

    Attributes:
        started: the application, once it has started.
        connects: what answers requests for WebSockets; None where the application has none.
    """

    def __init__(self, app: Application, options: Options) -> None:
        self.app = app
        # Of an application without WebSockets no request is asked whether it wants one.
        accepts = getattr(app, "accepts_websockets", None)
        connecting = cast("Connecting", app)
        self.connects: Connects | None = (
            connecting.connect if accepts is not None and accepts() else None
        )
        self.options = options
        self._javascript: JavaScript | None = None
        self.started: Running | None = None
        self._is_starting = False
        self._host: asyncio.Task[None] | None = None

    @property
    def javascript(self) -> JavaScript:
        """The runtime; looked up at the first request."""
        if self._javascript is None:
            self._javascript = JavaScript()
        return self._javascript

    async def running(self, raw: WorkerRaw) -> Running:
        """The started application. The first request starts it, and others wait for that.

        Raises:
            Exception: whatever the application's start raises; the next request tries again.
        """
        looks = 0
        while self.started is None:
            if self._is_starting and looks < MOST_LOOKS:
                # The runtime gives up a request that waits for another one and for nothing of its
                # own; so it waits for a timer.
                looks += 1
                await sleep(SHORTEST_SLEEP)
                continue
            self._is_starting = True
            try:
                self.started = await self._enter(raw)
            finally:
                self._is_starting = False
        return self.started

    async def _enter(self, raw: WorkerRaw) -> Running:
        # It lives as long as the application, so it must not keep the request.
        platform = WorkerPlatform(self.options, raw._replace(request=None))
        running = self.app.start(platform)
        if not running.is_async:
            running.__enter__()
            return running
        entered: asyncio.Future[None] = asyncio.Future(loop=asyncio.get_running_loop())
        self._host = start_task(self._live(running, entered, platform), copy_context())
        if not entered.done():
            # A peer that goes away must not take the start with it.
            platform.hold(entered)
        await entered
        return running

    async def _live(
        self, running: Running, entered: asyncio.Future[None], platform: WorkerPlatform
    ) -> None:
        """The task that enters the application and stays in it, because cancel scopes demand one.

        It is never left: nothing tells an isolate that it ends.
        """
        try:
            async with running:
                entered.set_result(None)
                await asyncio.Future(loop=asyncio.get_running_loop())
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - told to whom it may concern
            self.started = None
            if entered.done():
                platform.report(error, "the application stopped")
            else:
                entered.set_exception(not_cancelled(error))
