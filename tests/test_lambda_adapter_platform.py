"""What Lambda gives to a request."""

from __future__ import annotations

import os

import pytest

from portico import CapabilityError
from portico.contract import ABSENT, Capability, Options, Peer, Promise
from portico_lambda import CAPABILITIES, LambdaPlatform, LambdaRaw

EVENT: dict[str, object] = {"httpMethod": "GET"}


class Context:
    """The part of the runtime's context object that the adapter reads."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds
        self.asked = 0

    def get_remaining_time_in_millis(self) -> int:
        self.asked += 1
        return self.milliseconds


def platform_of(event: dict[str, object] | None = None, context: object = None) -> LambdaPlatform:
    return LambdaPlatform(Options(), Peer("192.0.2.1", None, "gateway"), "/live", event, context)


def test_every_capability_is_declared() -> None:
    assert set(CAPABILITIES) == set(Capability)


def test_what_lambda_does_not_have_is_said() -> None:
    absent = {capability.name for capability in Capability if CAPABILITIES[capability] is ABSENT}

    assert absent == {"DISCONNECT", "SHUTDOWN", "EARLY_HINTS", "TRAILERS", "WEBSOCKET", "TOPICS"}


def test_the_runtime_is_called_lambda_and_serves_one_at_a_time() -> None:
    platform = platform_of()

    assert platform.runtime == ("lambda", "serial")
    assert platform.capabilities is CAPABILITIES


def test_peer_and_root_path_are_those_of_the_event() -> None:
    platform = platform_of()

    assert platform.peer == ("192.0.2.1", None, "gateway")
    assert platform.root_path == "/live"


def test_the_deadline_is_on_the_monotonic_clock_and_asked_for_once() -> None:
    context = Context(3000)
    platform = platform_of(EVENT, context)
    before = platform.monotonic()

    deadline = platform.deadline

    assert deadline is not None
    assert before + 3 <= deadline <= platform.monotonic() + 3
    assert platform.deadline == deadline
    assert context.asked == 1


@pytest.mark.parametrize("context", [None, {}, object()])
def test_without_a_context_there_is_no_deadline(context: object) -> None:
    assert platform_of(EVENT, context).deadline is None


def test_the_environment_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTICO_PROBE", "1")

    assert platform_of().env["PORTICO_PROBE"] == "1"
    assert platform_of().env is os.environ


def test_work_is_promised_before_the_response() -> None:
    done: list[str] = []
    platform = platform_of()

    promise = platform.wait_until(lambda: done.append("x"))
    platform.finish()

    assert promise is Promise.BEFORE_RESPONSE
    assert done == ["x"]


def test_raw_is_what_the_function_was_invoked_with() -> None:
    context = Context(1)

    raw = platform_of(EVENT, context).raw(LambdaRaw)

    assert raw.event is EVENT
    assert raw.context is context


def test_another_runtimes_raw_is_an_error() -> None:
    class AsgiRaw:
        pass

    with pytest.raises(CapabilityError, match=r"AsgiRaw .* 'lambda'"):
        platform_of(EVENT).raw(AsgiRaw)


def test_the_platform_of_the_environment_has_no_raw() -> None:
    with pytest.raises(CapabilityError, match="LambdaRaw"):
        LambdaPlatform(Options()).raw(LambdaRaw)
