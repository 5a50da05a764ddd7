"""Spans: each event and function has one that ends before the answer is sent."""

from typing import Final

from portico_conformance._case import Client, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import COLOURS, TEXT

BEFORE: Final = [
    ["before_parse/a-function", "before_parse"],
    ["transform/a-function", "transform"],
    ["validate"],
    ["before_handle/a-function", "before_handle/a-function", "before_handle"],
]
HANDLE: Final = ["handle/a-function", "handle"]
AFTER: Final = [
    ["after_handle/a-function", "after_handle"],
    ["map_response/a-function", "map_response"],
]
ERROR: Final = ["error/a-function", "error"]


def spans(answer: WireResponse) -> list[str]:
    """The spans, as they ended."""
    return [name.strip() for line in answer.get_all("x-span") for name in line.split(",")]


def flat(*events: list[str]) -> list[str]:
    return [name for event in events for name in event]


def ask(client: Client, colour: str, acts: str = "", query: str = "") -> WireResponse:
    return client.request("GET", f"/{colour}/traced/{query}", [("X-Do", acts)])


def failed(event: str, error: str) -> list[str]:
    return [f"{event}/a-function!{error}", f"{event}!{error}"]


@case("traces", each=COLOURS)
def the_spans_of_a_request_end_in_the_order_of_its_events(client: Client, colour: str) -> None:
    assert spans(ask(client, colour, "handle=text")) == flat(*BEFORE, HANDLE, *AFTER)


@case("traces", each=COLOURS)
def a_body_has_a_span_of_its_own(client: Client, colour: str) -> None:
    answer = client.request("PUT", f"/{colour}/traced/", [TEXT], b"body")

    parse = ["parse/a-function", "parse"]
    assert spans(answer) == flat(BEFORE[0], parse, *BEFORE[1:], HANDLE, *AFTER)


@case("traces", each=COLOURS)
def an_early_answer_has_no_spans_of_what_it_skips(client: Client, colour: str) -> None:
    early = ask(client, colour, "before_parse=text")
    later = ask(client, colour, "before_handle=text")

    assert spans(early) == flat(BEFORE[0], *AFTER)
    before_handle = ["before_handle/a-function", "before_handle"]
    assert spans(later) == flat(*BEFORE[:3], before_handle, *AFTER)


@case("traces", each=COLOURS)
def an_error_is_in_the_spans_that_it_came_up_in(client: Client, colour: str) -> None:
    unhandled = ask(client, colour, "handle=raise-broken")
    handled = ask(client, colour, "handle=raise-409; error=text")

    assert spans(unhandled) == flat(*BEFORE, failed("handle", "BrokenError"), ERROR)
    assert spans(handled) == flat(*BEFORE, failed("handle", "HTTPError"), ERROR, AFTER[1])


@case("traces", each=COLOURS)
def a_fault_of_the_request_is_in_the_span_of_validation(client: Client, colour: str) -> None:
    answer = ask(client, colour, query="?page=last")

    assert answer.status == 422
    assert spans(answer) == flat(*BEFORE[:2], ["validate!InvalidInputError"], ERROR)


@case("traces", each=COLOURS)
def an_error_hook_that_fails_ends_its_spans(client: Client, colour: str) -> None:
    answer = ask(client, colour, "handle=status-401; error=raise-alone")

    assert answer.status == 500
    assert spans(answer) == flat(*BEFORE, HANDLE, AFTER[0], failed("error", "AloneError"))


@case("traces", each=COLOURS)
def a_stream_begins_when_its_spans_have_ended(client: Client, colour: str) -> None:
    answer = ask(client, colour, "handle=stream")

    assert answer.body == b"one,two"
    assert spans(answer) == flat(*BEFORE, HANDLE, *AFTER)


@case("traces", each=COLOURS)
def head_has_the_spans_of_get(client: Client, colour: str) -> None:
    answer = client.request("HEAD", f"/{colour}/traced/")

    assert spans(answer) == flat(*BEFORE, HANDLE, *AFTER)
