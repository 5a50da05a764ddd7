"""`WSGI`: drives one call after the other, with an event loop only where one is needed."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING

from portico.contract import ByteStream, Options, Response, file_of
from portico_wsgi._platform import CAPABILITIES, WsgiPlatform
from portico_wsgi._process import Processes
from portico_wsgi._request import WsgiRequest
from portico_wsgi._response import Body, StreamBody, send_head

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from contextvars import Context
    from typing import Unpack
    from wsgiref.types import StartResponse, WSGIEnvironment

    from portico.contract import Application, OptionArguments, Running
    from portico_wsgi._process import Process
    from portico_wsgi._response import Chunks


class WSGI:
    """An application behind PEP 3333: `application = WSGI(app)`.

    The application starts at the first request of each process, so that a server may load it before
    it forks, and stops when the interpreter ends. Call `start()` in a server's own hook to have it
    ready earlier. A start that fails is reported and answers that request with a 500; the next
    request tries again.

    Synchronous routes run in the server's thread and need no event loop. For the others the process
    keeps one: in the server's thread where `wsgi.multithread` is false at the first request, in a
    thread of its own where it is true.

    Args:
        app: the application.
        options: those of `Options`, by name.

    Raises:
        DefinitionError: the application is not well defined, unless `check="deferred"`.
        CapabilityError: a route needs what WSGI does not have, such as a WebSocket.
    """

    def __init__(self, app: Application, **options: Unpack[OptionArguments]) -> None:
        self._handle = app.handle
        self._options = Options(**options)
        self._processes = Processes(app, self._options)
        if self._options.check == "now":
            app.check(CAPABILITIES, WsgiPlatform.runtime.name)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333 "The Application/Framework Side")."""
        process = self._processes.current
        running = None if process is None else process.running
        if process is None or running is None:
            try:
                process, running = self._entered(bool(environ["wsgi.multithread"]))
            except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
                WsgiPlatform(self._options).report(error, "the application could not start")
                response = _failure(environ)
                send_head(response, start_response)
                return [response.sync.bytes()]
        platform = process.platform_type(self._options, environ)
        context = copy_context()
        answer: Response | Awaitable[Response]
        try:
            request = WsgiRequest(environ, platform)
            answer = context.run(self._handle, request, platform, running)
            content = answer.content if type(answer) is Response else None
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
            report(error, environ, platform)
            answer = _failure(environ)
            content = answer.content
        except BaseException as error:
            platform.give_up(f"the request was ended by {type(error).__name__}")
            raise
        if type(answer) is Response and type(content) is bytes and platform.end():
            send_head(answer, start_response)
            return [content] if content else []
        return Call(process, environ, platform, context).answer(answer, start_response)

    def _entered(self, multithread: bool) -> tuple[Process, Running]:
        process = self._processes.entered(multithread)
        running = process.running
        if running is None:
            raise RuntimeError("The application was stopped while a request was on its way.")
        return process, running

    def start(self, *, multithread: bool = True) -> None:
        """Start the application now, in this process; nothing happens where it runs already.

        Args:
            multithread: whether the server will call from several threads. True is right for
                every server; false spares one with a single thread the hop to another.

        Raises:
            Exception: whatever the application's start raises.
        """
        self._processes.entered(multithread)

    def close(self) -> None:
        """Stop the application, as the end of the interpreter does; a later request starts anew."""
        self._processes.leave()


class Call:
    """One request whose answer has to be waited for, or that is not over with its answer."""

    __slots__ = ("_chunks", "_context", "_environ", "_platform", "_process", "_was_on_loop")

    def __init__(
        self,
        process: Process,
        environ: WSGIEnvironment,
        platform: WsgiPlatform,
        context: Context,
    ) -> None:
        self._process = process
        self._environ = environ
        self._platform = platform
        self._context = context
        self._chunks: Chunks | None = None
        self._was_on_loop = False

    def answer(
        self, answer: Response | Awaitable[Response], start_response: StartResponse
    ) -> Iterable[bytes]:
        """See it through; what is left to do waits in the iterable's `close`."""
        if type(answer) is Response:
            content = answer.content
            if type(content) is ByteStream and not content.is_async:
                self._chunks = content
                return self._begun(StreamBody(content, self), answer, start_response)
        response = self._response(answer)
        content = response.content
        if isinstance(content, ByteStream):
            self._chunks = self._chunks or content
            if content.is_file and "wsgi.file_wrapper" in self._environ:
                return self._wrapped(content, response, start_response)
        elif self._platform.end():
            send_head(response, start_response)
            return [content] if content else []
        else:
            self._chunks = (chunk for chunk in (content,) if chunk)
        return self._begun(Body(self._chunks, self), response, start_response)

    def _begun(
        self, body: Body | StreamBody, response: Response, start_response: StartResponse
    ) -> Iterable[bytes]:
        self._process.work.add(self._platform)
        try:
            send_head(response, start_response)
        except BaseException:
            body.close()
            raise
        return body

    def _wrapped(
        self, content: ByteStream, response: Response, start_response: StartResponse
    ) -> Iterable[bytes]:
        """The file in the server's own iterable, which it may send by itself."""
        from portico_wsgi._file import FILE_CHUNK_SIZE, SentFile

        found = file_of(content)
        file = SentFile(found.handle, found.path, found.size, self)
        try:
            send_head(response, start_response)
            wrapped: Iterable[bytes] = self._environ["wsgi.file_wrapper"](file, FILE_CHUNK_SIZE)
        except BaseException:
            file.close()
            raise
        return wrapped

    def _response(self, answer: Response | Awaitable[Response]) -> Response:
        if isinstance(answer, Response):
            if not _is_async(answer):
                return answer
            answer = _ready(answer)
        try:
            from portico_wsgi._tasks import Exchange

            self._was_on_loop = True
            exchange = Exchange(self._process.loop, answer, self._context)
            response = exchange.response()
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
            self.failed(error)
            return _failure(self._environ)
        if _is_async(response):
            self._chunks = exchange
        return response

    def failed(self, error: Exception) -> None:
        """Report what the peer cannot be told."""
        report(error, self._environ, self._platform)

    def end(self, cut_short: bool) -> None:
        """Close the stream, and do the work that waited for the end of the answer."""
        platform = self._platform
        if cut_short and platform.is_watched:
            self._try(self._abort)
        chunks = self._chunks
        if chunks is not None and (cut_short or type(chunks) is not ByteStream):
            self._try(chunks.close)  # else it has closed itself at its end
        if not platform.end():
            self._try(self._finish)
            platform.give_up("it could not be run")
        self._process.work.discard(platform)

    def _try(self, step: Callable[[], None]) -> None:
        # The answer is gone: a failure cannot change it, and must not stop the steps after it.
        try:
            step()
        except Exception as error:  # noqa: BLE001 - reported
            self.failed(error)

    def _finish(self) -> None:
        platform = self._platform
        if not self._was_on_loop:
            # Else the loop's thread may not have left the context yet, which has room for one.
            self._context.run(platform.finish)
        if platform.has_work:
            self._on_loop(platform.afinish)

    def _abort(self) -> None:
        async def abort() -> None:
            self._platform.abort()

        if isinstance(self._chunks, ByteStream):
            self._platform.abort()
        else:  # An `AbortSignal` is aborted in the thread of those who wait for it.
            self._on_loop(abort)

    def _on_loop(self, work: Callable[[], Awaitable[object]]) -> None:
        from portico_wsgi._tasks import run

        run(self._process.loop, work, self._context)


def report(error: Exception, environ: WSGIEnvironment, platform: WsgiPlatform) -> None:
    """Report what went wrong with a request, which the peer cannot be told."""
    platform.report(error, f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')} failed")


def _failure(environ: WSGIEnvironment) -> Response:
    from portico.contract import failure

    return failure(environ["REQUEST_METHOD"])


def _is_async(response: Response) -> bool:
    content = response.content
    return isinstance(content, ByteStream) and content.is_async


async def _ready(response: Response) -> Response:
    return response
