"""The lifecycle: what runs, in which order, and with what."""

import json
from typing import Final

from portico_conformance._case import Client, case
from portico_conformance.application._lifecycle_order import EVENTS
from portico_conformance.cases._lifecycles import AFTER, BEFORE_GET, BEFORE_POST, BODY, live, ran
from portico_conformance.cases._reading import COLOURS, TEXT, json_of, problem_of, text_of
from portico_conformance.cases._signalling import count_of, new_name

PARENT: Final = ("parent-1", "parent-2")
PASSED_ON: Final = (*PARENT, "scoped", "global")

ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "plugin": (*PARENT, "local", "scoped", "global", "route-1", "route-2"),
    "parent": (*PASSED_ON, "route"),
    "group": (*PASSED_ON, "group-1", "group-2", "route"),
    "main": ("global",),
    "before": (),
}
"""The hooks that run on the routes of a plugin, of the application that uses it, of a group of
that, of the application around both, and of what stands there before."""


@case(
    "lifecycle",
    each=[
        (f"{event}-{route}-{colour}", (colour, event, route))
        for event in EVENTS
        for route in ORDERS
        for colour, _ in COLOURS
    ],
)
def hooks_run_top_down_where_their_scope_reaches(
    client: Client, record: tuple[str, str, str]
) -> None:
    colour, event, route = record
    name, expected = new_name(), ORDERS[route]
    headers = [TEXT, ("X-Name", name)]

    answer = client.request("POST", f"/{colour}/order/{event}/{route}", headers, b"body")

    assert answer.status == (418 if event == "error" else 200), answer.body
    if event != "after_response":
        assert ran(answer) == list(expected)
        return
    assert count_of(client, name, least=len(expected)) == len(expected)
    for place, hook in enumerate(expected, 1):
        assert count_of(client, f"{name}-{hook}-{place}", least=0) == 1


@case("lifecycle", each=COLOURS)
def the_events_of_a_request_without_a_body_run_in_order(client: Client, colour: str) -> None:
    answer = live(client, colour)

    assert json_of(answer) == {"limit": 0}
    assert ran(answer) == [*BEFORE_GET, "handle", *AFTER]


@case("lifecycle", each=COLOURS)
def the_events_of_a_request_with_a_body_run_in_order(client: Client, colour: str) -> None:
    answer = live(client, colour, method="POST", body=BODY)

    assert json_of(answer) == {"body": {"n": 1}, "limit": 0}
    assert ran(answer) == [*BEFORE_POST, "handle", *AFTER]


@case("lifecycle", each=COLOURS)
def parse_hooks_do_not_run_for_a_post_without_a_body(client: Client, colour: str) -> None:
    answer = live(client, colour, method="POST")

    problem_of(answer, 400)
    assert ran(answer) == [*BEFORE_GET[:-3], "error-any"]


@case("lifecycle", each=COLOURS)
def hooks_run_around_a_value_too(client: Client, colour: str) -> None:
    answer = live(client, colour, path="/value")

    assert text_of(answer) == "a value"
    assert ran(answer) == [*BEFORE_GET, *AFTER]


@case("lifecycle", each=COLOURS)
def a_value_of_a_route_with_hooks_is_the_same_each_time(client: Client, colour: str) -> None:
    first = live(client, colour, "after_handle-1=object", path="/value")
    second = live(client, colour, path="/value")

    assert json_of(first) == {"acted": 1}
    assert text_of(second) == "a value"


@case("lifecycle", each=COLOURS)
def head_runs_every_hook_of_get(client: Client, colour: str) -> None:
    answer = live(client, colour, method="HEAD")

    assert (answer.status, answer.body) == (200, b"")
    assert ran(answer) == [*BEFORE_GET, "handle", *AFTER]


@case("lifecycle", each=COLOURS)
def options_runs_the_hooks_of_the_application_alone(client: Client, colour: str) -> None:
    answer = live(client, colour, method="OPTIONS")

    assert (answer.status, answer.body) == (204, b"")
    assert answer.get("allow") == "GET, HEAD, OPTIONS, POST"
    assert ran(answer) == ["request-1", "request-2", "app-map_response"]


@case("lifecycle", each=COLOURS)
def options_keeps_its_methods_where_a_hook_answers_it(client: Client, colour: str) -> None:
    answer = live(client, colour, "app-map_response=text", method="OPTIONS")

    assert text_of(answer) == "acted"
    assert answer.get("allow") == "GET, HEAD, OPTIONS, POST"


@case("lifecycle", each=COLOURS)
def a_transform_changes_the_body_before_validation(client: Client, colour: str) -> None:
    changed = live(client, colour, "transform-1=change-body", method="POST", body=b'{"n":"x"}')
    unchanged = live(client, colour, method="POST", body=b'{"n":"x"}')

    assert json_of(changed)["body"] == {"n": 7}
    problem_of(unchanged, 422)


@case("lifecycle", each=COLOURS)
def a_transform_changes_the_query_before_validation(client: Client, colour: str) -> None:
    answer = live(client, colour, "transform-2=change-query", path="/?limit=many")

    assert json_of(answer) == {"limit": 7}


@case("lifecycle", each=COLOURS)
def what_a_transform_spoils_is_a_422(client: Client, colour: str) -> None:
    answer = live(client, colour, "transform-1=break-query", path="/?limit=1")

    (fault,) = problem_of(answer, 422)["errors"]
    assert (fault["in"], fault["pointer"]) == ("query", "/limit")


@case("lifecycle", each=COLOURS)
def a_value_from_a_transform_is_the_developers_mistake(client: Client, colour: str) -> None:
    answer = live(client, colour, "transform-1=text")

    problem_of(answer, 500)
    assert ran(answer)[-1] == "error-any"


REPLACED: Final = [
    ("text", "acted", "text/plain;charset=UTF-8"),
    ("false", "false", "text/plain;charset=UTF-8"),
    ("zero", "0", "text/plain;charset=UTF-8"),
    ("empty-text", "", "text/plain;charset=UTF-8"),
    ("empty-list", "[]", "application/json"),
    ("object", '{"acted":1}', "application/json"),
    ("stream", "one,two", "text/plain;charset=UTF-8"),
]


@case(
    "lifecycle",
    each=[
        (f"{hook}-{act}-{colour}", (colour, hook, act, body, content_type))
        for hook in ("after_handle-1", "after_handle-2", "map_response-1", "map_response-2")
        for act, body, content_type in REPLACED
        for colour, _ in COLOURS
    ],
)
def the_first_value_of_an_event_after_the_handler_counts(
    client: Client, record: tuple[str, str, str, str, str]
) -> None:
    colour, hook, act, body, content_type = record
    second = "" if hook.endswith("2") else f"; {hook[:-1]}2=status-503"

    answer = live(client, colour, f"{hook}={act}{second}")

    assert (answer.status, answer.body.decode()) == (200, body)
    assert answer.get("content-type") == content_type
    left_out = "" if hook.endswith("2") else f"{hook[:-1]}2"
    assert ran(answer) == [*BEFORE_GET, "handle", *(name for name in AFTER if name != left_out)]


@case("lifecycle", each=COLOURS)
def map_response_sees_what_after_handle_made(client: Client, colour: str) -> None:
    answers = [
        live(client, colour, acts).get("x-mapped")
        for acts in ("", "after_handle-1=text", "after_handle-2=false", "handle=response")
    ]

    assert answers == ["dict", "str", "bool", "Response"]


@case("lifecycle", each=COLOURS)
def after_handle_changes_the_status_of_an_answer(client: Client, colour: str) -> None:
    answer = live(client, colour, "after_handle-1=status-202")

    assert (answer.status, answer.body) == (202, b"acted")


@case("lifecycle", each=COLOURS)
def a_handler_that_returns_nothing_passes_after_handle(client: Client, colour: str) -> None:
    answer = live(client, colour, "handle=status-204; after_handle-1=text")

    assert text_of(answer) == "acted"


@case("lifecycle", each=COLOURS)
def every_fault_of_guards_resolves_and_handler_is_in_one_answer(
    client: Client, colour: str
) -> None:
    target = f"/{colour}/guarded/items/first?page=last&bound=none"
    headers = [("X-Key", "secret"), ("Content-Type", "application/json")]

    answer = client.request("POST", target, headers, b'{"name":1,"size":"big"}')

    faults = problem_of(answer, 422)["errors"]
    assert sorted((fault["in"], fault["pointer"]) for fault in faults) == [
        ("body", "/name"),
        ("body", "/size"),
        ("headers", "/x-key"),
        ("path", "/id"),
        ("query", "/bound"),
        ("query", "/page"),
    ]
    assert b"secret" not in answer.body
    assert ran(answer) == []


@case("lifecycle", each=COLOURS)
def what_has_no_fault_passes_guards_resolves_and_handler(client: Client, colour: str) -> None:
    target = f"/{colour}/guarded/items/1?page=2&bound=3"
    headers = [("X-Key", "4"), ("Content-Type", "application/json")]

    answer = client.request("POST", target, headers, b'{"name":"a","size":5}')

    assert json_of(answer) == [1, {"name": "a", "size": 5}, 3]
    assert ran(answer) == ["before_handle", "handle"]


@case("lifecycle", each=COLOURS)
def nothing_of_one_request_is_left_for_the_next(client: Client, colour: str) -> None:
    first = live(client, colour, "transform-1=change-body", method="POST", body=BODY)
    second = live(client, colour, method="POST", body=BODY)

    assert json.loads(first.body)["body"] == {"n": 7}
    assert json.loads(second.body)["body"] == {"n": 1}
    assert ran(first) == ran(second)
