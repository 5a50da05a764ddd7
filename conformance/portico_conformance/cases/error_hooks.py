"""Error hooks: which of them are asked, what their values are sent with, and that one is sent."""

from typing import Final

from portico_conformance._case import Client, case
from portico_conformance.cases._lifecycles import (
    AFTER,
    BEFORE_GET,
    BEFORE_POST,
    BODY,
    live,
    ran,
    up_to,
)
from portico_conformance.cases._reading import COLOURS, problem_of

TEXT: Final = "text/plain;charset=UTF-8"
ALL: Final = (*BEFORE_POST, "handle", *AFTER)
MAPPERS: Final = AFTER[2:]
SECRETS: Final = (b"secret", b"BrokenError", b"Traceback")

FAILURES: Final[list[tuple[str, int, tuple[str, ...]]]] = [
    ("raise-401", 401, ("error-401", "error-any")),
    ("raise-409", 409, ("error-any",)),
    ("raise-503", 503, ("error-any",)),
    ("raise-broken", 500, ("error-class", "error-any")),
    ("raise-badly-broken", 500, ("error-class", "error-any")),
    ("raise-alone", 500, ("error-any",)),
    ("raise-stop", 500, ("error-any",)),
    ("raise-group", 500, ("error-any",)),
    ("raise-definition", 500, ("error-any",)),
]
"""Acts, the statuses that they end with, and the hooks that are asked for an answer."""


@case(
    "error-hooks",
    each=[
        (f"{hook}-{failure[0]}-{colour}", (colour, hook, failure))
        for hook in ALL
        if not hook.startswith("request")
        for failure in FAILURES
        for colour, _ in COLOURS
    ],
)
def an_error_of_any_hook_goes_to_those_that_match_it(
    client: Client, record: tuple[str, str, tuple[str, int, tuple[str, ...]]]
) -> None:
    colour, hook, (act, status, asked) = record

    answer = live(client, colour, f"{hook}={act}", method="POST", body=BODY)

    problem = problem_of(answer, status)
    assert status != 500 or problem["id"]
    assert not [secret for secret in SECRETS if status == 500 and secret in answer.body[:300]]
    assert ran(answer) == [*up_to(hook, ALL), *asked]


@case(
    "error-hooks",
    each=[
        (f"{hook}-{failure[0]}-{colour}", (colour, hook, failure))
        for hook in ("request-1", "request-2")
        for failure in FAILURES
        for colour, _ in COLOURS
    ],
)
def an_error_of_a_request_hook_goes_to_those_of_the_application(
    client: Client, record: tuple[str, str, tuple[str, int, tuple[str, ...]]]
) -> None:
    colour, hook, (act, status, _) = record

    answer = live(client, colour, f"{hook}={act}")

    problem_of(answer, status)
    assert ran(answer) == [*up_to(hook), "app-error"]


ANSWERS: Final = [
    ("text", 500, "acted", TEXT),
    ("false", 500, "false", TEXT),
    ("zero", 500, "0", TEXT),
    ("empty-text", 500, "", TEXT),
    ("empty-list", 500, "[]", "application/json"),
    ("object", 500, '{"acted":1}', "application/json"),
    ("stream", 500, "one,two", TEXT),
    ("response", 203, "acted", TEXT),
    ("status-202", 202, "acted", TEXT),
    ("status-401", 401, "acted", TEXT),
    ("status-503", 503, '{"acted":1}', "application/json"),
    ("set-410", 410, "chosen", TEXT),
]
"""What an error hook may do, and what is sent for an exception that has no status."""


@case(
    "error-hooks",
    each=[
        (f"{act}-{colour}", (colour, act, status, body, content_type))
        for act, status, body, content_type in ANSWERS
        for colour, _ in COLOURS
    ],
)
def what_an_error_hook_returns_is_sent_with_the_status_of_the_error(
    client: Client, record: tuple[str, str, int, str, str]
) -> None:
    colour, act, status, body, content_type = record

    answer = live(client, colour, f"handle=raise-broken; error-class={act}; error-any=redirect")

    assert (answer.status, answer.body.decode()) == (status, body)
    assert answer.get("content-type") == content_type
    assert ran(answer) == [*BEFORE_GET, "handle", "error-class", *MAPPERS]


@case(
    "error-hooks",
    each=[
        (f"{act}-{colour}", (colour, act, status))
        for act, status in [
            ("raise-401", 401),
            ("raise-409", 409),
            ("raise-503", 503),
            ("status-401", 401),
            ("status-404", 404),
            ("status-503", 503),
            ("stream-401", 401),
        ]
        for colour, _ in COLOURS
    ],
)
def a_hooks_plain_value_has_the_status_of_the_error(
    client: Client, record: tuple[str, str, int]
) -> None:
    colour, act, status = record

    answer = live(client, colour, f"handle={act}; error-any=object")

    assert (answer.status, answer.body) == (status, b'{"acted":1}')
    assert ran(answer)[-3:] == ["error-any", *MAPPERS]


@case(
    "error-hooks",
    each=[
        (f"{act}-{colour}", (colour, act, asked))
        for act, asked in [
            ("status-401", ["error-401", "error-any"]),
            ("status-404", ["error-404", "error-any"]),
            ("status-503", ["error-any"]),
        ]
        for colour, _ in COLOURS
    ],
)
def a_returned_status_is_asked_for_like_a_raised_one_and_else_sent_as_it_is(
    client: Client, record: tuple[str, str, list[str]]
) -> None:
    colour, act, asked = record

    answer = live(client, colour, f"handle={act}")

    assert answer.status == int(act[-3:])
    assert ran(answer) == [*BEFORE_GET, "handle", *AFTER[:2], *asked, *MAPPERS]
    assert answer.get("x-why") == ("told" if act == "status-401" else None)


@case("error-hooks", each=COLOURS)
def a_status_below_400_is_no_error(client: Client, colour: str) -> None:
    for act in ("status-202", "status-204", "redirect", "response", "set-410"):
        answer = live(client, colour, f"handle={act}")

        assert ran(answer) == [*BEFORE_GET, "handle", *AFTER]
