"""`Lambda`: what the function's handler is, from the first invocation of an environment on."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, cast

from portico import PeerError
from portico.contract import Options, Response
from portico_lambda._answer_body import answer_limit
from portico_lambda._environment import Environment
from portico_lambda._events import read_event
from portico_lambda._invocation import Invocation
from portico_lambda._plain_events import read_plain
from portico_lambda._platform import CAPABILITIES, LambdaPlatform
from portico_lambda._request import LambdaRequest
from portico_lambda._response import own_result, plain_result, problem
from portico_lambda._shapes import shape_of

if TYPE_CHECKING:
    from contextvars import Context
    from typing import Unpack

    from portico.contract import Application, OptionArguments, Request
    from portico_lambda._fields import Fields
    from portico_lambda._response import Result


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
    leaves. An answer over the limit of the service (6 MB, load balancers 1 MB, CloudFront 1 MB or
    40 kB) is a 500 too, and reported. A binary one needs `*/*` among the binary media types of an
    API Gateway REST API.

    A request that is still under way shortly before the function's timeout (`deadline_margin`) is
    given up and answered with 504. Synchronous routes are so only where that option is set, since
    they then run in a thread, which is left behind.

    Invocations of an environment follow each other; calls from several threads are not supported.

    Args:
        app: the application.
        options: those of `Options`, by name. The `root_path` is that of a custom domain name's
            mapping, such as `"/v1"`; without it, it is the stage where that is in the URL.

    Raises:
        DefinitionError: the application is not well defined, unless `check="deferred"`.
        CapabilityError: a route needs what Lambda does not have, such as a WebSocket.
    """

    def __init__(self, app: Application, **options: Unpack[OptionArguments]) -> None:
        self._app = app
        self._options = Options(**options)
        self._environment: Environment | None = None
        self._is_plain = options.get("root_path") is None and self._options.deadline_margin is None
        if self._options.check == "now":
            app.check(CAPABILITIES, LambdaPlatform.runtime.name)

    def __call__(self, event: object, context: object = None) -> Result:
        """Answer one invocation, with the result that the service behind the event expects.

        Raises:
            EventError: the event is not an HTTP request. Nothing else is raised.
        """
        environment, options = self._environment, self._options
        if environment is None or not self._is_plain or not environment.is_live:
            return self._general(event, context)
        request = read_plain(event, options.limits)
        if request is None:
            return self._general(event, context)
        fields = cast("Fields", event)
        platform = LambdaPlatform(options, None, request.root_path, fields, context)
        variables = copy_context()
        try:
            answer = variables.run(self._app.handle, request, platform, environment.running)
            if type(answer) is Response:
                result = plain_result(answer, is_rest=request.is_rest)
                if result is not None and platform.end():
                    return result
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
            invocation = self._invocation(fields, request, platform, variables)
            return invocation.broken(environment, error)
        except BaseException as error:
            platform.give_up(f"the request was ended by {type(error).__name__}")
            raise
        invocation = self._invocation(fields, request, platform, variables)
        return invocation.result(environment, answer)

    def _general(self, event: object, context: object) -> Result:
        shape = shape_of(event)
        fields = cast("Fields", event)
        limit = answer_limit(shape, fields)
        try:
            parts = read_event(shape, fields, self._options.root_path)
        except PeerError as error:
            return own_result(shape, problem(error.status, error.detail), limit)
        platform = LambdaPlatform(self._options, parts.peer, parts.root_path, fields, context)
        request = LambdaRequest(parts, self._options.limits)
        invocation = self._invocation(fields, request, platform, copy_context())
        try:
            environment = self._entered()
        except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
            return invocation.failed(error, "the application could not start")
        return invocation.result(environment)

    def _invocation(
        self, event: Fields, request: Request, platform: LambdaPlatform, variables: Context
    ) -> Invocation:
        shape = shape_of(event)
        limit = answer_limit(shape, event)
        return Invocation(self._app, shape, limit, request, platform, variables)

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
