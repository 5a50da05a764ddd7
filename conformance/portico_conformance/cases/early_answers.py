"""Early answers: what a hook in front of the handler returns is answered, and what still runs."""

from typing import Final

from portico_conformance._case import Client, case
from portico_conformance.application import MAX_BODY_SIZE
from portico_conformance.cases._lifecycles import (
    AFTER,
    BEFORE_GET,
    BEFORE_POST,
    BODY,
    live,
    ran,
    up_to,
)
from portico_conformance.cases._reading import (
    COLOURS,
    JSON,
    answer_unless_dropped,
    is_alive,
    json_of,
    problem_of,
    text_of,
)

TEXT: Final = "text/plain;charset=UTF-8"

VALUES: Final[list[tuple[str, int, str, str | None]]] = [
    ("text", 200, "acted", TEXT),
    ("false", 200, "false", TEXT),
    ("zero", 200, "0", TEXT),
    ("empty-text", 200, "", TEXT),
    ("empty-list", 200, "[]", "application/json"),
    ("object", 200, '{"acted":1}', "application/json"),
    ("response", 203, "acted", TEXT),
    ("status-202", 202, "acted", TEXT),
    ("status-204", 204, "", None),
    ("stream", 200, "one,two", TEXT),
    ("set-410", 410, "chosen", TEXT),
]
"""Acts, and the status, body and type that they make."""

RETURNING: Final = ("before_parse-1", "before_parse-2", "before_handle-1", "before_handle-2")


@case(
    "early-answers",
    each=[
        (f"{hook}-{value[0]}-{colour}", (colour, hook, value))
        for hook in RETURNING
        for value in VALUES
        for colour, _ in COLOURS
    ],
)
def what_a_hook_in_front_returns_is_the_answer(
    client: Client, record: tuple[str, str, tuple[str, int, str, str | None]]
) -> None:
    colour, hook, (act, status, body, content_type) = record

    answer = live(client, colour, f"{hook}={act}")

    assert (answer.status, answer.body.decode()) == (status, body)
    # A gateway may add a type where there is none.
    assert content_type is None or answer.get("content-type") == content_type
    assert ran(answer) == [*up_to(hook), *AFTER]


@case(
    "early-answers",
    each=[
        (f"{hook}-{colour}", (colour, hook))
        for hook in (*BEFORE_POST, "handle")
        if not hook.startswith(("transform", "request", "parse"))
        for colour, _ in COLOURS
    ],
)
def what_returns_nothing_lets_the_request_go_on(client: Client, record: tuple[str, str]) -> None:
    colour, hook = record

    answer = live(client, colour, f"{hook}=none", method="POST", body=BODY)

    assert json_of(answer) == {"body": {"n": 1}, "limit": 0}
    assert ran(answer) == [*BEFORE_POST, "handle", *AFTER]


@case(
    "early-answers",
    each=[
        (f"{act}-{colour}", (colour, act, status))
        for act, status in [("status-202", 202), ("status-204", 204), ("response", 203)]
        for colour, _ in COLOURS
    ],
)
def a_transform_answers_with_a_status(client: Client, record: tuple[str, str, int]) -> None:
    colour, act, status = record

    answer = live(client, colour, f"transform-1={act}")

    assert answer.status == status
    assert ran(answer) == [*up_to("transform-1"), *AFTER]


@case(
    "early-answers",
    each=[
        (f"{key}-{act}-{colour}", (colour, key, act))
        for key in ("derive", "resolve")
        for act in ("status-401", "status-202", "redirect")
        for colour, _ in COLOURS
    ],
)
def a_derive_or_resolve_that_returns_an_answer_lets_nobody_pass(
    client: Client, record: tuple[str, str, str]
) -> None:
    colour, key, act = record

    answer = live(client, colour, f"{key}={act}")

    problem_of(answer, 500)
    assert ran(answer) == [*up_to(key), "error-any"]


@case("early-answers", each=COLOURS)
def what_follows_an_early_answer_may_replace_it(client: Client, colour: str) -> None:
    taken = live(client, colour, "before_handle-1=false; after_handle-2=object")
    mapped = live(client, colour, "before_parse-1=text; map_response-1=status-202")

    assert json_of(taken) == {"acted": 1}
    assert (mapped.status, mapped.body) == (202, b"acted")
    assert mapped.get("x-mapped") == "str"


@case("early-answers", each=COLOURS)
def an_early_answer_comes_before_the_faults_of_the_request(client: Client, colour: str) -> None:
    answer = live(client, colour, "before_parse-1=text", path="/?limit=many")
    too_late = live(client, colour, "before_handle-1=text", path="/?limit=many")

    assert text_of(answer) == "acted"
    problem_of(too_late, 422)


@case("early-answers", each=COLOURS)
def an_answer_before_the_body_is_read_takes_a_body_of_any_size(client: Client, colour: str) -> None:
    headers, body = [JSON, ("X-Do", "before_parse-2=status-202")], b" " * (MAX_BODY_SIZE + 1)
    early = answer_unless_dropped(client, "POST", f"/{colour}/life/", headers, body)
    late = answer_unless_dropped(client, "POST", f"/{colour}/life/", headers[:1], body)

    assert early is None or early.status == 202
    assert late is None or late.status == 413
    is_alive(client)


@case("early-answers", each=COLOURS)
def an_early_error_is_answered_by_its_hook(client: Client, colour: str) -> None:
    answer = live(client, colour, "before_handle-1=status-401; error-401=object")

    assert (answer.status, answer.body) == (401, b'{"acted":1}')
    assert answer.get("x-why") == "told"
    assert ran(answer) == [*up_to("before_handle-1"), *AFTER[:2], "error-401", *AFTER[2:]]


@case("early-answers", each=COLOURS)
def head_of_an_early_answer_has_no_body(client: Client, colour: str) -> None:
    answer = live(client, colour, "before_parse-1=text", method="HEAD")

    assert (answer.status, answer.body) == (200, b"")
    assert ran(answer) == [*up_to("before_parse-1"), *AFTER]


@case(
    "early-answers",
    each=[
        (f"{hook}-{value[0]}-{colour}", (colour, hook, value))
        for hook in ("request-1", "request-2")
        for value in VALUES
        for colour, _ in COLOURS
    ],
)
def what_a_request_hook_returns_skips_the_route(
    client: Client, record: tuple[str, str, tuple[str, int, str, str | None]]
) -> None:
    colour, hook, (act, status, body, content_type) = record

    answer = live(client, colour, f"{hook}={act}")

    assert (answer.status, answer.body.decode()) == (status, body)
    assert content_type is None or answer.get("content-type") == content_type
    assert ran(answer) == [*up_to(hook), "app-map_response"]


@case(
    "early-answers",
    each=[
        (f"{name}-{colour}", (colour, method, path))
        for name, method, path in [
            ("unknown-path", "GET", "/nothing/here"),
            ("unknown-method", "PUT", "/"),
            ("options", "OPTIONS", "/"),
            ("invalid", "GET", "/?limit=many"),
        ]
        for colour, _ in COLOURS
    ],
)
def a_request_hook_answers_whatever_the_route_would(
    client: Client, record: tuple[str, str, str]
) -> None:
    colour, method, path = record

    answer = live(client, colour, "request-1=text", method=method, path=path)

    assert text_of(answer) == "acted"
    assert answer.get("allow") is None
    assert ran(answer) == ["request-1", "app-map_response"]


@case("early-answers", each=COLOURS)
def map_response_has_the_last_word_on_a_request_hooks_answer(client: Client, colour: str) -> None:
    answer = live(client, colour, "request-1=false; app-map_response=status-202")

    assert (answer.status, answer.body) == (202, b"acted")


@case("early-answers", each=COLOURS)
def a_request_hooks_error_is_answered_by_the_hooks_of_the_application(
    client: Client, colour: str
) -> None:
    returned = live(client, colour, "request-1=status-401; app-error=text")
    raised = live(client, colour, "request-2=raise-401; app-error=text")

    for answer in (returned, raised):
        assert (answer.status, answer.body) == (401, b"acted")
        assert answer.get("x-why") == "told"
        assert ran(answer)[-2:] == ["app-error", "app-map_response"]


@case(
    "early-answers",
    each=[
        (f"{hook}-{colour}", (colour, hook))
        for hook in ("request-1", "before_parse-1", "before_handle-2", "handle", "after_handle-1")
        for colour, _ in COLOURS
    ],
)
def a_redirect_is_no_error(client: Client, record: tuple[str, str]) -> None:
    colour, hook = record

    answer = live(client, colour, f"{hook}=redirect")

    assert (answer.status, answer.get("location")) == (302, "/text")
    assert not [name for name in ran(answer) if "error" in name]
    assert hook in ran(answer)


@case("early-answers", each=COLOURS)
def the_order_of_what_is_skipped_does_not_matter_to_the_next_request(
    client: Client, colour: str
) -> None:
    live(client, colour, "before_parse-1=text")
    live(client, colour, "request-1=text")

    assert ran(live(client, colour)) == [*BEFORE_GET, "handle", *AFTER]
