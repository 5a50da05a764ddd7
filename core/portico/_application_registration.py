"""Registration of what belongs to a whole application: request hooks, app-lived values, events.

A group registers it too, for the application that it is a part of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, overload

from portico._errors import DefinitionError
from portico._key import ConstantKey, StateKey
from portico._where import caller

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from contextlib import AbstractContextManager
    from typing import Concatenate, Literal, ParamSpec, TypeAlias, TypeVar

    from portico._app import Portico
    from portico._context import Context
    from portico._event_record import (
        BusEvent,
        ObjectEvent,
        QueueMessage,
        ScheduledEvent,
        StreamRecord,
        TableChange,
        TopicMessage,
    )
    from portico._hook import Kind, Scope
    from portico._hook_options import ContextHook, ParseHook, RouteOptions
    from portico._hook_registration import Lambda
    from portico.contract import Application

    C = TypeVar("C", bound=ContextHook)
    # A file is an iterator of its lines too, but nobody means those.
    M = TypeVar("M", bound=AbstractContextManager[Any])
    H = TypeVar("H", bound=ParseHook)

    Done: TypeAlias = Awaitable[None] | None

    Q = TypeVar("Q", bound=Callable[Concatenate[QueueMessage[Any], ...], Done])
    N = TypeVar("N", bound=Callable[Concatenate[TopicMessage[Any], ...], Done])
    B = TypeVar("B", bound=Callable[Concatenate[BusEvent[Any], ...], Done])
    S = TypeVar("S", bound=Callable[Concatenate[ScheduledEvent, ...], Done] | Callable[[], Done])
    O = TypeVar("O", bound=Callable[Concatenate[ObjectEvent, ...], Done])  # noqa: E741
    D = TypeVar("D", bound=Callable[Concatenate[TableChange[Any], ...], Done])
    R = TypeVar("R", bound=Callable[Concatenate[StreamRecord[Any], ...], Done])

    F = TypeVar("F", bound=Callable[..., Any])
    P = ParamSpec("P")
    T = TypeVar("T")


def is_name(value: object) -> bool:
    """Whether it is a text that is not empty."""
    return isinstance(value, str) and bool(value)


class ApplicationRegistration:
    """The methods by which an application gets what is not of single routes."""

    def _application(self) -> Portico:
        raise NotImplementedError

    def _prefix_path(self) -> str:
        raise NotImplementedError

    def _register(
        self, method: str, path: str, given: tuple[Any, ...], options: RouteOptions
    ) -> Any:
        raise NotImplementedError

    def _hook(
        self, kind: Kind, fn: Any, scope: Scope, blocking: bool | None, matches: Any = None
    ) -> Any:
        raise NotImplementedError

    @overload
    def request(self, fn: C | Lambda[[Context]], /, *, blocking: bool | None = ...) -> C: ...
    @overload
    def request(self, /, *, blocking: bool | None = ...) -> Callable[[C], C]: ...
    def request(self, fn: Any = None, /, *, blocking: bool | None = None) -> Any:
        """Run before routing, for every request of the whole application: `(ctx)`.

        A returned value answers, by way of `map_response`; None goes on.
        """
        return self._hook("request", fn, "local", blocking)

    def on_start(self, fn: F, /) -> F:
        """Run when the application has started, after its resources; see `resource` for binding."""
        return self._life_hook(fn, at_start=True)

    def on_stop(self, fn: F, /) -> F:
        """Run when the application stops, before its resources are left."""
        return self._life_hook(fn, at_start=False)

    def _life_hook(self, fn: F, *, at_start: bool) -> F:
        from portico._resource import life_hook
        from portico._signature import describe

        app = self._application()
        app._must_be_open(f"The hook {describe(fn)}")
        resource = life_hook(fn, at_start=at_start)
        app._life_hooks.append(resource)
        app._add_key(resource.key)
        return fn

    def parser(self, name: str, /) -> Callable[[H], H]:
        """Name a parser of bodies, `(ctx, content_type)`, for the option `parse` of routes."""
        from portico._parsing import BUILT_IN_PARSERS

        app, what = self._application(), f"The parser {name!r}"
        app._must_be_open(what)
        if name in BUILT_IN_PARSERS or name in app._parsers:
            raise DefinitionError(
                f"The parser {name!r} is there already, at {caller()}. Choose another name."
            )

        def register(fn: H) -> H:
            app._must_be_open(what)
            app._parsers[name] = fn
            return fn

        return register

    def mount(self, prefix: str, app: Application, /) -> Self:
        """Let another application answer everything under a prefix, with all methods.

        It is taken as it is, with a life, hooks, errors and options of its own. It gets the
        request with the prefix removed from its path, the body unread, and a platform whose
        `root_path` is longer by the prefix; the URL stays the whole one. The hooks that reach the
        mount run around it: what they are given as the value is its `Response`.

        Args:
            prefix: a path, which may have parameters.
            app: a `Portico`, or anything else with the contract's `check`, `start` and `handle`.

        Raises:
            DefinitionError: it is no application, or this one is in use already.
        """
        from portico._mount import REST, mount

        where = caller()
        outer = self._application()
        outer._must_be_open(f"mount({prefix!r}, {app!r})")
        mounted = mount(app, outer, where)
        prefix = prefix.removesuffix("/")
        self._register("*", f"{prefix}/{REST}", (mounted,), {})
        if prefix or self._prefix_path():
            self._register("*", prefix, (mounted,), {})
        return self

    def decorate(self, value: T, /, *, name: str = "") -> ConstantKey[T]:
        """A value that is the same for all requests, read as `ctx[key]` or `use(key)`.

        Args:
            value: the value, which nothing copies.
            name: for messages.
        """
        app = self._application()
        app._must_be_open(f"decorate({value!r})")
        key = ConstantKey(name or type(value).__name__, value)
        app._add_key(key)
        return key

    def state(self, initial: T, /, *, name: str = "") -> StateKey[T]:
        """A value that requests share and may set: `ctx[key] = value`.

        Every `Running` has its own, which starts as a deep copy of `initial`. Requests that run in
        several threads at once see each other's changes in no particular order, and `ctx[key] += 1`
        is two steps: take a lock (a resource of your own), or keep what must be exact elsewhere.
        Several processes, Lambda environments and isolates share nothing.
        """
        app = self._application()
        app._must_be_open(f"state({initial!r})")
        key = StateKey(name or type(initial).__name__, initial)
        app._add_key(key)
        return key

    @overload
    def on(self, kind: Literal["queue", "sqs"], source: str = ..., /) -> Callable[[Q], Q]: ...
    @overload
    def on(self, kind: Literal["sns"], topic: str = ..., /) -> Callable[[N], N]: ...
    @overload
    def on(self, kind: Literal["schedule"], name: str = ..., /) -> Callable[[S], S]: ...
    @overload
    def on(self, kind: Literal["eventbridge"], source: str = ..., /) -> Callable[[B], B]: ...
    @overload
    def on(self, kind: Literal["s3"], bucket: str = ..., /) -> Callable[[O], O]: ...
    @overload
    def on(self, kind: Literal["dynamodb"], table: str = ..., /) -> Callable[[D], D]: ...
    @overload
    def on(self, kind: Literal["kinesis"], stream: str = ..., /) -> Callable[[R], R]: ...
    def on(self, kind: str, source: str | None = None, /) -> Any:
        """Handle events that are no requests: messages, schedules, changes.

        The function is called with one record after the other, the class of which its first
        parameter is annotated with: `message: QueueMessage[Order]`; what is declared there the
        payload is validated by. Others of its parameters are `env`, `platform` and, with
        `use(key)`, app-lived keys. It returns None; where it raises, or the payload is not what was
        declared, the platform is told that this record has failed, and delivers it again.

        AWS Lambda and Cloudflare Workers deliver events; other runtimes call no such handler.

        Args:
            kind: `"queue"` and `"schedule"` on both; `"sqs"`, `"sns"`, `"eventbridge"`, `"s3"`,
                `"dynamodb"` and `"kinesis"` on Lambda.
            source: the name of the queue, topic, rule or schedule (on Workers the cron expression),
                bucket, table or stream; for `"eventbridge"` the source or the detail-type of the
                event. Without it the handler takes those that no other one names.

        Raises:
            DefinitionError: there is no such kind, or it has a handler for that source already.
        """
        from portico._event_record import RECORDS

        where = caller()
        what = f"on({kind!r})" if source is None else f"on({kind!r}, {source!r})"
        app = self._application()
        app._must_be_open(what)
        if kind not in RECORDS:
            raise DefinitionError(
                f"{what} at {where}: there is no such kind of event. They are "
                f"{', '.join(map(repr, sorted(RECORDS)))}."
            )
        if source is not None and not is_name(source):
            raise DefinitionError(
                f"{what} at {where}: the source is the name of a queue, topic, schedule, bucket, "
                "table or stream."
            )

        def register(fn: Any) -> Any:
            from portico._event_handler import EventHandler

            if not callable(fn) or isinstance(fn, type):
                raise DefinitionError(f"{what} at {where} got {fn!r}. It takes a function.")
            app._must_be_open(what)
            app._add_event(EventHandler(kind, source, fn, where))
            return fn

        return register
