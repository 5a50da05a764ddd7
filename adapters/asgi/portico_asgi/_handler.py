"""`ASGI`: drives each call of a server, and the application's life on each event loop."""

from __future__ import annotations

import sys
from contextvars import copy_context
from types import coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from portico.contract import Begun, Options, Response
from portico_asgi._lifespan import Host, Lifespan, StartError, serve_alone
from portico_asgi._loop import asyncio_loop, current_loop, is_closed, tasks_of
from portico_asgi._platform import CAPABILITIES, AsgiPlatform, ProcessPlatform
from portico_asgi._request import AsgiRequest
from portico_asgi._response import StreamWriter, write_failure, write_path, write_whole

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator
    from contextvars import Context
    from typing import Unpack

    from portico.contract import Application, Connecting, OptionArguments
    from portico_asgi._loop_types import Interruption
    from portico_asgi._receive import Receive, Send
    from portico_asgi._request import Scope

T = TypeVar("T")

_modules: Final = sys.modules
# Seconds that a server may take to break a message off before what arrives is left to it.
_BREAKING_OFF = 10.0
_NOTHING: Final = object()


class ASGI:
    """An application behind ASGI 3.0: `application = ASGI(app)`.

    It serves http, websocket and lifespan scopes on asyncio and trio. The application starts with
    the server's lifespan; where the server has none, at the first request, and then it stops when
    the loop cancels its tasks, or never. Each event loop has its own `Running`.

    Args:
        app: the application.
        options: those of `Options`, by name.

    Raises:
        DefinitionError: the application is not well defined, unless `check="deferred"`.
        CapabilityError: a route needs what ASGI does not have.
    """

    def __init__(self, app: Application, **options: Unpack[OptionArguments]) -> None:
        self._app = app
        self._handle = app.handle
        self._options = Options(**options)
        self._hosts: dict[object, Host] = {}
        self._asyncio_loop: Callable[[], object] = current_loop
        # What a start without a lifespan sees: not the first request's variables, which would
        # live as long as the application.
        self._context = copy_context()
        if self._options.check == "now":
            app.check(CAPABILITIES, AsgiPlatform.runtime.name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope (ASGI 3.0 "Applications").

        Raises:
            ValueError: the type of the scope is not known (ASGI 3.0 "Connection Scope").
            Exception: what a stream raised, so that the server breaks the message off.
        """
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        # With trio there may be two loops in one thread.
        loop = current_loop() if "trio" in _modules else self._asyncio_loop()
        host = self._hosts.get(loop)
        if host is None or not host.is_live:
            try:
                host = await self._started()
            except StartError:
                await write_failure(send)
                return
        platform = AsgiPlatform(self._options, scope, receive, send, host.tasks)
        context = copy_context()
        stretch: Interruption | None = None
        if host.tasks.must_enter_first:
            await _in_context(self._call(host, scope, platform, None, stretch), context)
            return
        # In the context of the request, but with no coroutine around it: most answers need none.
        answer: Response | Awaitable[Response]
        try:
            request = AsgiRequest(scope, platform)
            answer = context.run(self._handle, request, platform, host.running)
        except Exception as error:  # noqa: BLE001 - told of where all that goes wrong is
            answer = _failed(error)
        except BaseException as error:
            platform.give_up(f"the request was ended by {type(error).__name__}")
            raise
        if type(answer) is not Response and isinstance(answer, Begun):  # it waits
            stretch = host.tasks.interruption()
            platform.follow(stretch)
            try:
                answer = await _in_context(answer.coroutine, context, answer.waits_for)
            except BaseException as error:  # noqa: BLE001 - as above
                answer = _failed(error)
        if type(answer) is Response:
            content = answer.content
            if type(content) is bytes and platform.ends_quietly():
                status, fields = answer.status, answer.wire_fields()
                try:
                    await send({"type": "http.response.start", "status": status, "headers": fields})
                    await send({"type": "http.response.body", "body": content})
                except OSError:
                    pass  # ASGI 2.4 "Disconnected Client - send exception": nobody is there
                return
        await _in_context(self._call(host, scope, platform, answer, stretch), context)

    async def _call(
        self,
        host: Host,
        scope: Scope,
        platform: AsgiPlatform,
        answer: Response | Awaitable[Response] | None,
        stretch: Interruption | None,
    ) -> None:
        """See a request through whose answer has to be waited for, or takes some sending."""
        try:
            await self._answer(host, scope, platform, answer, stretch)
        except Exception:
            if not platform.end():
                # The server breaks the message off when this is raised, and should do so now.
                host.work.begin(platform)
            platform.inbox.drain(_BREAKING_OFF)
            raise
        except BaseException:
            if not platform.end():
                await host.work.finish(platform)
            raise
        if not platform.end():
            await host.work.finish(platform)

    async def _answer(
        self,
        host: Host,
        scope: Scope,
        platform: AsgiPlatform,
        answer: Response | Awaitable[Response] | None,
        stretch: Interruption | None,
    ) -> None:
        try:
            with stretch or host.tasks.interruption() as stretch:
                if answer is None:
                    request = AsgiRequest(scope, platform)
                    answer = self._handle(request, platform, host.running)
                if isinstance(answer, Response):
                    response = answer
                else:
                    platform.follow(stretch)
                    response = await answer
                content = response.content
                if isinstance(content, bytes):
                    await write_whole(response, content, platform)
                elif content.is_file and platform.sends_paths:
                    await write_path(response, content, platform)
                else:
                    await StreamWriter(response, platform, host.tasks, stretch).write()
        except Exception as error:
            await platform.inbox.unwatch()
            platform.report(error, f"the answer to {scope['method']} {scope['path']} broke off")
            if platform.started and not platform.inbox.gone:
                raise
            if not platform.started and not platform.inbox.gone:
                platform.inbox.drain()
                await write_failure(platform.send)
        finally:
            await platform.inbox.unwatch()

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "lifespan":
            await self._lifespan(receive, send)
        elif kind == "websocket":
            await self._websocket(scope, receive, send)
        else:
            raise ValueError(
                f"The server asked for a scope of the type {kind!r}. This application knows http, "
                "websocket and lifespan."
            )

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        from portico.contract import failure
        from portico_asgi._websocket import SocketPlatform, refuse, serve

        connecting = cast("Connecting", self._app)
        if not hasattr(connecting, "connect"):
            await receive()  # websocket.connect
            await refuse(failure(), scope, send)
            return
        try:
            host = await self._started()
        except StartError:
            await receive()
            await refuse(failure(), scope, send)
            return
        platform = SocketPlatform(self._options, scope, receive, send, host.tasks)
        await _in_context(serve(connecting, host, platform, scope, receive), copy_context())

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        loop = current_loop()
        host = self._hosts.get(loop)
        if host is not None:
            await Lifespan(receive, send).follow(host)
            return
        host = self._new_host(loop)
        try:
            await Lifespan(receive, send).serve(host)
        finally:
            self._hosts.pop(loop, None)

    async def _started(self) -> Host:
        """The host of this loop, from its lifespan or, failing that, started here and now."""
        loop = current_loop()
        host = self._hosts.get(loop)
        if host is None:
            host = new = self._new_host(loop)

            async def serve() -> None:
                try:
                    await serve_alone(new)
                finally:
                    self._hosts.pop(loop, None)

            host.tasks.spawn(serve, self._context.copy())
        await host.started()
        return host

    def _new_host(self, loop: object) -> Host:
        for ended in [known for known in self._hosts if is_closed(known)]:
            del self._hosts[ended]
        self._asyncio_loop = asyncio_loop()
        platform = ProcessPlatform(self._options, root_path=self._options.root_path or "")
        host = Host(self._app, platform, tasks_of(loop))
        self._hosts[loop] = host
        return host


async def _failed(error: BaseException) -> Response:
    raise error


@coroutine
def _in_context(
    work: Coroutine[Any, Any, T], context: Context, waits_for: Any = _NOTHING
) -> Generator[Any, Any, T]:
    """Run a coroutine whose every step is in a context of its own, in the task that awaits it.

    Servers may serve a whole connection in one task (gunicorn), and middleware shares its task:
    what a request sets must not reach the next one.

    Args:
        work: what to run.
        context: that of the request.
        waits_for: what the work has given to the loop, where it has begun in that context.
    """
    run, send = context.run, work.send
    value: Any = None
    thrown: BaseException | None = None
    while True:
        if waits_for is not _NOTHING:
            try:
                value = yield waits_for
            except BaseException as error:  # noqa: BLE001 - thrown into the coroutine
                thrown = error
        try:
            waits_for = run(send, value) if thrown is None else run(work.throw, thrown)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            # Of an error, which trio sends as a value, the traceback has this frame, which must not
            # hold it in turn.
            value = thrown = None
