"""`Lambda`: what the function's handler is, from the first invocation of an environment on."""

from __future__ import annotations

from contextvars import copy_context
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from portico import PeerError
from portico.contract import ByteStream, Options, Response
from portico_lambda._answer_body import PAYLOAD_LIMIT, answer_limit, collect
from portico_lambda._environment import Environment
from portico_lambda._plain_events import read_plain
from portico_lambda._platform import CAPABILITIES, LambdaPlatform
from portico_lambda._request import PartsRequest
from portico_lambda._response import own_result, plain_result, problem
from portico_lambda._shapes import EventError, shape_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from typing import Unpack

    from portico.contract import Application, Connecting, EventReceiver, OptionArguments, Request
    from portico_lambda._answer_stream import AnswerStream
    from portico_lambda._connections import Connections
    from portico_lambda._fields import Fields
    from portico_lambda._invocation import Invocation
    from portico_lambda._request import Parts
    from portico_lambda._response import Result
    from portico_lambda._shapes import Shape
    from portico_lambda._socket_call import Sockets


_NOT_STARTED: Final = "the application could not start"


# What plain events and synchronous routes do without is loaded by the first that does not: the
# statement costs more than the call, each time.


@cache
def _event_reader() -> Callable[[Shape, Fields, str | None], Parts]:
    from portico_lambda._events import read_event

    return read_event


@cache
def _invocation_type() -> type[Invocation]:
    from portico_lambda._invocation import Invocation

    return Invocation


class Lambda:
    """An application as a Lambda function: `handler = Lambda(app)`, configured as `module.handler`.

    The application is checked here and started at the first invocation of each environment, so that
    a start that fails costs one answer of 500 and is tried again, instead of restarting the
    environment over and over. Call `start()` in the module, after this, to have it done in the
    init phase, which has more of the processor and is not a client's time. It is never stopped:
    Lambda freezes an environment and ends it without notice. SIGTERM, which only functions with
    extensions get, is left alone.

    A synchronous route runs with no event loop. For the others an environment keeps one. It stands
    still between invocations, so that work which is to be done belongs in `wait_until`, which runs
    before the answer is given.

    Answers are buffered, streams among them: one that raises midway is a 500, and nothing of it
    leaves. (`python -m portico_lambda` is a runtime that streams them, with the same handler.) An
    answer over the limit of the service (6 MB, load balancers 1 MB, CloudFront 1 MB or 40 kB) is a
    500 too, and reported. A binary one needs `*/*` among the binary media types of an API Gateway
    REST API.

    A request that is still under way shortly before the function's timeout (`deadline_margin`) is
    given up and answered with 504. Synchronous routes are so only where that option is set, since
    they then run in a thread, which is left behind.

    Invocations of an environment follow each other; calls from several threads are not supported.

    Args:
        app: the application.
        connections: where the connections of an API Gateway WebSocket API are kept and sent to;
            without it, an application with WebSockets is refused.
        socket_path: the path of the application's WebSocket, since a WebSocket API has no paths.
        options: those of `Options`, by name. The `root_path` is that of a custom domain name's
            mapping, such as `"/v1"`; without it, it is the stage where that is in the URL.

    Raises:
        DefinitionError: the application is not well defined, unless `check="deferred"`; or
            `socket_path` is no path.
        CapabilityError: a route needs what Lambda does not have, such as a WebSocket.
    """

    def __init__(
        self,
        app: Application,
        *,
        connections: Connections | None = None,
        socket_path: str = "/",
        **options: Unpack[OptionArguments],
    ) -> None:
        self._app = app
        self._options = Options(**options)
        self._environment: Environment | None = None
        self._sockets: Sockets | None = None
        capabilities = CAPABILITIES
        if connections is not None:
            from portico_lambda._socket_call import Sockets, checked_path
            from portico_lambda._socket_platform import SOCKET_CAPABILITIES

            capabilities = SOCKET_CAPABILITIES
            path = checked_path(socket_path)
            accepting = cast("Connecting", app)
            self._sockets = Sockets(accepting, self._options, connections, path, self._entered)
        self._is_plain = options.get("root_path") is None and self._options.deadline_margin is None
        if self._options.check == "now":
            app.check(capabilities, LambdaPlatform.runtime.name)

    def __call__(self, event: object, context: object = None) -> Any:
        """Answer one invocation, with the result that the service behind the event expects.

        For an HTTP request that is an object, whatever happens. Any other event goes to the
        handlers that the application has for such (`app.on`); the result is then the list of the
        records that have failed, for services that are told of each, or None.

        Raises:
            EventError: the event is no HTTP request, and none that has handlers.
            Exception: what a handler of events raised; Lambda retries.
        """
        options = self._options
        request = read_plain(event, options.limits) if self._is_plain else None
        if request is None:
            return self._general(event, context)
        fields = cast("Fields", event)
        platform = LambdaPlatform(options, None, request.root_path, fields, context)
        variables = copy_context()
        environment = self._environment
        if environment is None or not environment.is_live:
            try:
                environment = self._entered()
            except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
                invocation = self._invocation(request.shape, fields, request, platform, variables)
                return invocation.failed(error, _NOT_STARTED)
        try:
            answer = variables.run(self._app.handle, request, platform, environment.running)
            if type(answer) is Response:
                content: bytes | str | ByteStream = answer.content
                if type(content) is ByteStream and not content.is_async:
                    content = collect(content, request.shape, PAYLOAD_LIMIT)
                if type(content) is bytes or type(content) is str:
                    result = plain_result(request.shape, answer, content)
                    if result is not None and platform.end():
                        return result
                    if content is not answer.content:
                        answer.content = content.encode() if isinstance(content, str) else content
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
            invocation = self._invocation(request.shape, fields, request, platform, variables)
            return invocation.broken(environment, error)
        except BaseException as error:
            platform.give_up(f"the request was ended by {type(error).__name__}")
            raise
        invocation = self._invocation(request.shape, fields, request, platform, variables)
        return invocation.result(environment, answer)

    def _general(self, event: object, context: object) -> Result | None:
        if self._sockets is not None:
            from portico_lambda._socket_events import is_socket_event

            if is_socket_event(event):
                return self._sockets.handle(cast("Fields", event), context)
        shape = self._shape_of_request(event)
        if shape is None:
            return self._handled(event, context)
        fields = cast("Fields", event)
        try:
            parts = _event_reader()(shape, fields, self._options.root_path)
        except PeerError as error:
            limit = answer_limit(shape, fields)
            return own_result(shape, problem(error.status, error.detail), limit)
        # What the service says of the client is not all, where proxies before it are believed.
        peer = parts.peer if self._options.trust is None else None
        platform = LambdaPlatform(self._options, peer, parts.root_path, fields, context)
        request = PartsRequest(parts, self._options.limits)
        invocation = self._invocation(shape, fields, request, platform, copy_context())
        try:
            environment = self._entered()
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
            return invocation.failed(error, _NOT_STARTED)
        return invocation.result(environment)

    def stream(self, event: object, context: object, stream: AnswerStream) -> None:
        """Answer one request piece by piece, for a runtime that can; see `portico_lambda.__main__`.

        Args:
            event: of a function URL or a REST API.
            context: the runtime's context object.
            stream: where the answer goes; it is ended here.

        Raises:
            EventError: the event is no HTTP request.
            RuntimeApiError: an answer of the adapter's own could not be sent.
        """
        from portico_lambda._events import read_event
        from portico_lambda._streaming import StreamedInvocation, StreamingPlatform, send_alone

        shape = shape_of(event)
        fields = cast("Fields", event)
        try:
            parts = read_event(shape, fields, self._options.root_path)
        except PeerError as error:
            send_alone(shape, problem(error.status, error.detail), stream)
            return
        peer = parts.peer if self._options.trust is None else None
        platform = StreamingPlatform(self._options, peer, parts.root_path, fields, context)
        request = PartsRequest(parts, self._options.limits)
        variables = copy_context()
        StreamedInvocation(self._app, shape, request, platform, variables, stream).run(
            self._entered
        )

    def compile(self) -> None:
        """Compile the application's routes now, where it can: before a snapshot is taken."""
        compile_routes = getattr(self._app, "compile", None)
        if compile_routes is not None:
            compile_routes()

    def _shape_of_request(self, event: object) -> Shape | None:
        """The shape of a request; None is an event that may have a handler."""
        try:
            return shape_of(event)
        except EventError:
            if not getattr(self._app, "events", ()):
                raise
            return None

    def _handled(self, event: object, context: object) -> Result | None:
        """Give an event that is no request to its handler."""
        from portico_lambda._event_call import handle_event

        platform = LambdaPlatform(self._options, event=cast("Fields", event), context=context)
        return handle_event(cast("EventReceiver", self._app), event, platform, self._entered)

    def _invocation(
        self,
        shape: Shape,
        event: Fields,
        request: Request,
        platform: LambdaPlatform,
        variables: Context,
    ) -> Invocation:
        limit = answer_limit(shape, event)
        return _invocation_type()(self._app, shape, limit, request, platform, variables)

    def start(self) -> None:
        """Start the application now; nothing happens where it runs already.

        Raises:
            Exception: whatever the application's start raises.
        """
        self._entered()

    def close(self) -> None:
        """Stop the application, for tests and tools: nothing in Lambda calls this."""
        environment, self._environment = self._environment, None
        if environment is not None:
            environment.leave()

    def _entered(self) -> Environment:
        environment = self._environment
        if environment is None or not environment.is_live:
            self.close()
            environment = self._environment = Environment(self._app, self._options)
        return environment
