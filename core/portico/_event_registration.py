"""Registration of handlers of events that are no requests: `on`, as a decorator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from portico._errors import DefinitionError
from portico._where import caller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Concatenate, Literal, TypeAlias, TypeVar

    from portico._app import Portico
    from portico._event_record import (
        BusEvent,
        ObjectEvent,
        QueueMessage,
        ScheduledEvent,
        StreamRecord,
        TableChange,
        TopicMessage,
    )

    Done: TypeAlias = Awaitable[None] | None

    Q = TypeVar("Q", bound=Callable[Concatenate[QueueMessage[Any], ...], Done])
    N = TypeVar("N", bound=Callable[Concatenate[TopicMessage[Any], ...], Done])
    B = TypeVar("B", bound=Callable[Concatenate[BusEvent[Any], ...], Done])
    S = TypeVar("S", bound=Callable[Concatenate[ScheduledEvent, ...], Done] | Callable[[], Done])
    O = TypeVar("O", bound=Callable[Concatenate[ObjectEvent, ...], Done])  # noqa: E741
    C = TypeVar("C", bound=Callable[Concatenate[TableChange[Any], ...], Done])
    R = TypeVar("R", bound=Callable[Concatenate[StreamRecord[Any], ...], Done])


def is_name(value: object) -> bool:
    """Whether it is a text that is not empty."""
    return isinstance(value, str) and bool(value)


class EventRegistration:
    """The method by which handlers of events are registered."""

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
    def on(self, kind: Literal["dynamodb"], table: str = ..., /) -> Callable[[C], C]: ...
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

    def _application(self) -> Portico:
        raise NotImplementedError
