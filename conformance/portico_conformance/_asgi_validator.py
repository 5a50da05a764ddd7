"""Stand between an ASGI server and an application, and hold both to the specification.

`validate(app)` is an application: give it to any server, real or in process,
on asyncio or trio. A rule that is broken raises `AsgiViolation` where it is
broken, and the violation is also kept in `violations`: an application that
swallows it still fails the test that looks there.

What a scope or message holds is in `_asgi_shapes`, the order of messages in
`_asgi_machines`; here is what holds for every call.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from portico_conformance._asgi_machines import machine_for
from portico_conformance._asgi_shapes import (
    SCOPES,
    AsgiViolation,
    Message,
    Scope,
    check_message,
    check_scope,
    items_of,
)

__all__ = ["AsgiViolation", "ValidatedApp", "validate"]

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Any, Any, Any], Awaitable[object]]

_ITERABLES = ("headers", "links")  # may be readable only once, and are read here


class ValidatedApp:
    """An application under watch; `violations` are those of all its calls, in order."""

    def __init__(
        self,
        app: AsgiApp,
        *,
        server: bool = True,
        report: Callable[[AsgiViolation], None] | None = None,
    ) -> None:
        self.violations: list[AsgiViolation] = []
        self._app = app
        self._server = server
        self._report = report

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope with the application."""
        scope = _readable_twice(scope)
        self.judge(lambda: check_scope(scope))
        call = _Call(self, scope, receive, send)
        before = _snapshot(scope)
        try:
            result = await self._app(scope, call.receive, call.send)
        except BaseException:
            call.end(returned=False)
            raise
        call.end(returned=True)
        self.judge(lambda: _check_end(result, before, scope))

    def judge(self, check: Callable[[], object]) -> None:
        """Run a check; record and raise what it finds, unless it is no concern of ours."""
        try:
            check()
        except AsgiViolation as violation:
            if violation.side == "server" and not self._server:
                return
            self.violations.append(violation)
            if self._report is not None:
                self._report(violation)
            raise


def validate(
    app: AsgiApp,
    *,
    server: bool = True,
    report: Callable[[AsgiViolation], None] | None = None,
) -> ValidatedApp:
    """Return `app`, watched.

    With `server=False` only the application is: for servers whose own mistakes
    are not what a test is about. `report` is called with each violation as it
    happens, which is how one gets out of another process.
    """
    return ValidatedApp(app, server=server, report=report)


class _Call:
    """One call of the application: its `receive` and `send`."""

    def __init__(self, owner: ValidatedApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._owner = owner
        self._scope = scope
        self._receive = receive
        self._send = send
        self._known = scope.get("type") in SCOPES
        self._machine = machine_for(scope)
        self._receiving = False
        self._over = False

    async def receive(self) -> Message:
        """Pass on the server's next message."""
        self._owner.judge(self._check_receive)
        self._receiving = True
        try:
            message = await self._receive()
        finally:
            self._receiving = False
        if self._known:
            # Told apart, as a flaw in a message is no reason to forget that it came.
            self._owner.judge(lambda: check_message("server", message, self._scope))
            self._owner.judge(lambda: self._machine.received(message["type"], message))
        return message

    async def send(self, message: Message) -> None:
        """Pass on a message of the application."""
        message = _readable_twice(message)
        self._owner.judge(lambda: self._check_sent(message))
        try:
            await self._send(message)
        except OSError:
            # ASGI 2.4: so a server says that the client has disconnected.
            self._machine.gone = True
            raise

    def end(self, *, returned: bool) -> None:
        """The application is through; with an exception, unless it `returned`."""
        self._over = True
        if returned:
            self._owner.judge(self._check_return)

    def _check_receive(self) -> None:
        if self._over:
            rule = "receive() must not be called after the application returned"
            raise AsgiViolation("application", rule, self._scope["type"])
        if self._receiving:
            rule = "receive() must not be called while another receive() waits"
            raise AsgiViolation("application", rule, self._scope["type"])

    def _check_sent(self, message: Message) -> None:
        if self._over:
            rule = "send() must not be called after the application returned"
            raise AsgiViolation("application", rule, message)
        if self._known:
            kind = check_message("application", message, self._scope)
            self._machine.sent(kind, message)

    def _check_return(self) -> None:
        if self._receiving:
            rule = "an application must not return while its receive() waits"
            raise AsgiViolation("application", rule, self._scope["type"])
        self._machine.returned()


def _readable_twice(message: Message) -> Message:
    """A copy of a message or scope, with a list for each iterable that could be read only once."""
    if not isinstance(cast("object", message), dict):
        return message
    lists = {key: items_of(message[key]) for key in _ITERABLES if key in message}
    return {**message, **{key: items for key, items in lists.items() if items is not None}}


def _check_end(result: object, before: Scope, scope: Scope) -> None:
    if result is not None:
        raise AsgiViolation("application", "an application must return None", result)
    after = _snapshot(scope)
    # ASGI 3.0, Middleware: a scope is copied before it is changed, or
    # "changes may leak upstream".
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    if changed or before.keys() != after.keys():
        value = {key: after.get(key) for key in sorted({*changed, *(before.keys() ^ after.keys())})}
        raise AsgiViolation("application", "a scope must not be changed", value)


def _snapshot(scope: Scope) -> Scope:
    """A copy to compare with; what is in `state` is the application's to change."""
    return {key: id(value) if key == "state" else _copy(value) for key, value in scope.items()}


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        items = cast("dict[object, object]", value)
        return {key: _copy(item) for key, item in items.items()}
    if isinstance(value, list | tuple):
        return [_copy(item) for item in cast("list[Any]", value)]
    return value
