"""`app.on`: registration, what is found to be wrong beforehand, and how events reach a handler."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, cast

import pytest
from msgspec import Struct

from portico import (
    Context,
    DefinitionError,
    Portico,
    QueueMessage,
    ScheduledEvent,
    TopicMessage,
    UnhandledEventError,
    use,
)
from portico._event_record import RECORDS
from portico.contract import Delivery, Platform, PlatformEvent

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Order(Struct):
    id: int


def message(body: object, *, id: str = "m", group: str | None = None) -> Delivery:
    record = QueueMessage[Any](id, body, "orders", 1, NOW, {}, group, None)
    return Delivery(record, id, group)


def batch(*deliveries: Delivery, queue: str = "orders") -> PlatformEvent:
    return PlatformEvent(["queue"], [queue], deliveries)


def ignore(record: QueueMessage[Any]) -> None:
    """Handle any message."""


def deliver(app: Portico, event: PlatformEvent) -> Any:
    platform = Platform()
    running = app.start(platform)
    with running:
        return app.event(event, platform, running)


# Registration


def test_the_handlers_of_an_application_are_listed_in_their_order() -> None:
    app = Portico()

    @app.on("queue", "orders")
    def orders(record: QueueMessage[Order]) -> None:
        raise AssertionError

    @app.on("schedule")
    def nightly() -> None:
        raise AssertionError

    assert [(each.kind, each.source, each.handler) for each in app.events] == [
        ("queue", "orders", orders),
        ("schedule", None, nightly),
    ]
    assert all(__file__ in each.where for each in app.events)


def test_a_decorated_function_is_unchanged() -> None:
    assert Portico().on("queue")(ignore) is ignore


@pytest.mark.parametrize("source", [None, "orders"])
def test_two_handlers_of_the_same_events_are_an_error_that_names_both_lines(
    source: str | None,
) -> None:
    app = Portico()
    given = () if source is None else (source,)
    app.on("queue", *given)(ignore)

    with pytest.raises(DefinitionError, match="Two handlers take the same events") as raised:
        app.on("queue", *given)(ignore)

    assert str(raised.value).count(f"{__file__}:") == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("queues",), "no such kind of event"),
        (("queue", ""), "the name of a queue"),
        (("queue", 5), "the name of a queue"),
    ],
)
def test_a_kind_or_source_that_is_none_is_an_error(arguments: Any, said: str) -> None:
    register: Any = Portico().on

    with pytest.raises(DefinitionError, match=said):
        register(*arguments)


@pytest.mark.parametrize("target", [5, None, Order])
def test_only_a_function_is_a_handler(target: Any) -> None:
    with pytest.raises(DefinitionError, match="It takes a function"):
        Portico().on("queue")(target)


def test_a_handler_comes_before_the_application_is_used() -> None:
    app = Portico()
    app.check()

    with pytest.raises(DefinitionError, match="in use since"):
        app.on("queue")


def test_a_plugin_brings_its_handlers() -> None:
    plugin, app = Portico(), Portico()
    plugin.on("queue")(ignore)
    app.use(plugin)

    assert [each.handler for each in app.events] == [ignore]


def test_two_copies_of_one_plugin_bring_one_handler() -> None:
    def made() -> Portico:
        plugin = Portico(name="orders", seed=1)
        plugin.on("queue")(ignore)
        return plugin

    app = Portico()
    app.use(made())
    app.use(made())

    assert len(app.events) == 1


def test_two_plugins_that_take_the_same_events_are_an_error() -> None:
    app, one, other = Portico(), Portico(), Portico()
    one.on("queue")(ignore)
    other.on("queue")(ignore)
    app.use(one)

    with pytest.raises(DefinitionError, match="Two handlers take the same events"):
        app.use(other)


def test_a_group_registers_for_its_application() -> None:
    app = Portico()
    app.group("/v1").on("queue")(ignore)

    assert [each.kind for each in app.events] == ["queue"]


def test_a_lazy_plugin_cannot_have_handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("shop_of_events")
    module.app = Portico()
    module.app.on("queue")(ignore)
    monkeypatch.setitem(sys.modules, "shop_of_events", module)
    app = Portico().use("shop_of_events:app", prefix="/shop", lazy=True)

    with pytest.raises(DefinitionError, match="handlers of events"):
        app.check()


# What is wrong with a handler


def app_with(fn: Any, kind: Any = "queue") -> Portico:
    app = Portico()
    register: Callable[[Any], Any] = getattr(app, "on")(kind)  # noqa: B009 - of any kind
    register(fn)
    return app


def nothing() -> None:
    raise AssertionError


def of_another_kind(record: TopicMessage[str]) -> None:
    raise AssertionError


def of_the_payload(record: Order) -> None:
    raise AssertionError


def with_context(ctx: Context) -> None:
    raise AssertionError


def with_a_parameter(record: QueueMessage[str], limit: int = 5) -> None:
    raise AssertionError


def that_returns(record: QueueMessage[str]) -> int:
    raise AssertionError


def by_name(*, record: QueueMessage[str]) -> None:
    raise AssertionError


@pytest.mark.parametrize(
    ("fn", "said"),
    [
        (nothing, "does not take them"),
        (cast("Any", lambda record: None), "Annotate it with the class of their records"),  # pyright: ignore[reportUnknownLambdaType]
        (of_another_kind, r"QueueMessage\[Order\]"),
        (of_the_payload, r"QueueMessage\[Order\]"),
        (with_context, r"QueueMessage\[Order\]"),
        (with_a_parameter, "'limit' of a handler of events has no source"),
        (that_returns, "goes nowhere"),
        (by_name, "Annotate it"),
    ],
)
def test_a_handler_that_cannot_be_called_is_found_by_check(fn: Any, said: str) -> None:
    app = app_with(fn)

    with pytest.raises(DefinitionError, match=said) as raised:
        app.check()

    assert __file__ in str(raised.value)


def test_a_payload_that_cannot_be_validated_is_found_by_check() -> None:
    def handle(record: Any) -> None:
        raise AssertionError

    handle.__annotations__["record"] = QueueMessage[Callable[[], int]]

    with pytest.raises(DefinitionError):
        app_with(handle).check()


def test_a_handler_that_yields_is_an_error() -> None:
    def handle(record: QueueMessage[str]) -> Iterator[int]:
        yield 1

    with pytest.raises(DefinitionError, match="yields"):
        app_with(handle)


def test_a_value_that_is_made_of_a_request_is_not_there() -> None:
    app = Portico()

    @app.derive
    def user(ctx: Context) -> str:
        raise AssertionError

    @app.on("queue")
    def handle(record: QueueMessage[str], name: str = use(user)) -> None:  # pyright: ignore[reportUnusedFunction]
        raise AssertionError

    with pytest.raises(DefinitionError, match="made of a request"):
        app.check()


def test_a_key_of_another_application_is_found_by_check() -> None:
    other, app = Portico(), Portico()
    key = other.decorate("word")

    @app.on("queue")
    def handle(record: QueueMessage[str], word: str = use(key)) -> None:  # pyright: ignore[reportUnusedFunction]
        raise AssertionError

    with pytest.raises(DefinitionError, match="no key of the application that serves"):
        app.check()


def test_a_mistake_that_was_not_looked_for_shows_at_the_first_event() -> None:
    app = app_with(with_a_parameter)

    with pytest.raises(DefinitionError, match="has no source"):
        deliver(app, batch(message("a")))


# Delivery


def test_the_kinds_of_each_runtime_are_kinds_that_can_be_registered() -> None:
    from portico_cloudflare import EVENT_KINDS as WORKERS
    from portico_lambda import EVENT_KINDS as LAMBDA

    assert set(RECORDS) == LAMBDA
    assert LAMBDA > WORKERS


def test_a_handler_has_constants_states_resources_platform_and_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORD", "hello")
    app = Portico()
    constant, state = app.decorate("constant"), app.state([0])
    seen: list[object] = []

    @app.resource
    def made() -> Iterator[str]:
        yield "resource"

    class Env(Struct):
        word: str

    def handle(
        record: QueueMessage[str],
        env: Any,
        platform: Platform,
        one: str = use(constant),
        two: list[int] = use(state),
        *,
        three: str = use(made),
    ) -> None:
        seen.extend([record.body, env.word, type(platform), one, two, three])

    handle.__annotations__["env"] = Env
    app.on("queue")(handle)
    app.check()

    assert deliver(app, batch(message("a"))) == []
    assert seen == ["a", "hello", Platform, "constant", [0], "resource"]


def test_an_overridden_key_is_overridden_for_events() -> None:
    app = Portico()
    word = app.decorate("first")
    seen: list[str] = []

    @app.on("queue")
    def handle(record: QueueMessage[str], value: str = use(word)) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append(value)

    deliver(app.override(word, "second"), batch(message("a")))

    assert seen == ["second"]


def test_what_fails_in_a_group_leaves_other_groups_alone() -> None:
    seen: list[str] = []
    app = Portico()

    @app.on("queue")
    def handle(record: QueueMessage[str]) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append(record.id)
        if record.id == "1":
            raise LookupError

    groups = [("1", "a"), ("2", "b"), ("3", "a"), ("4", None)]
    failures = deliver(app, batch(*(message("x", id=name, group=group) for name, group in groups)))

    assert seen == ["1", "2", "4"]
    assert [(each.delivery.identifier, each.error is None) for each in failures] == [
        ("1", False),
        ("3", True),
    ]


def test_a_handler_of_a_schedule_may_take_nothing() -> None:
    seen: list[str] = []
    app = Portico()
    word = app.decorate("word")

    @app.on("schedule")
    def tick(value: str = use(word)) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append(value)

    event = PlatformEvent(["schedule"], ["x"], [Delivery(ScheduledEvent("x", NOW, None), "x")])

    assert deliver(app, event) == []
    assert seen == ["word"]


def test_an_interruption_is_no_failure_of_a_record() -> None:
    app = Portico()

    @app.on("queue")
    def handle(record: QueueMessage[str]) -> None:  # pyright: ignore[reportUnusedFunction]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(app, batch(message("a")))


def test_an_application_without_any_handler_says_so() -> None:
    with pytest.raises(UnhandledEventError, match="Registered are: none"):
        deliver(Portico(), batch(message("a")))


def test_an_empty_batch_calls_nobody() -> None:
    app = app_with(ignore)

    assert deliver(app, batch()) == []
