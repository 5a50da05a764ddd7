"""Errors: what a failing handler answers, and that nothing else fails with it."""

from portico_conformance._case import Client, case
from portico_conformance.cases._reading import (
    COLOURS,
    TEXT,
    answer_unless_dropped,
    is_alive,
    problem_of,
)

SECRETS = (b"secret", b"OutOfOrderError", b"Traceback", b".py", b"LookupError", b"TimeoutError")


def is_plain_500(client: Client, target: str) -> str:
    answer = client.request("GET", target)

    problem = problem_of(answer, 500)
    assert problem["title"] == "Internal Server Error"
    assert not [secret for secret in SECRETS if secret in answer.body]
    is_alive(client)
    identifier: str = problem["id"]
    return identifier


@case("errors", each=COLOURS)
def an_exception_is_a_500_that_tells_nothing(client: Client, colour: str) -> None:
    assert is_plain_500(client, f"/{colour}/error")


@case("errors", each=COLOURS)
def each_500_has_an_id_of_its_own(client: Client, colour: str) -> None:
    target = f"/{colour}/error"

    identifiers = {is_plain_500(client, target) for _ in range(3)}

    assert len(identifiers) == 3


@case("errors", each=[("read", "/error-after-read"), ("unread", "/error-unread")])
def an_exception_beside_a_body_is_a_500(client: Client, target: str) -> None:
    answer = answer_unless_dropped(client, "POST", target, [TEXT], b"x" * 10_000)

    if answer is not None:
        problem_of(answer, 500)
    is_alive(client)


@case(
    "errors",
    each=[
        ("nested", "/error/nested"),
        ("recursion", "/error/recursion"),
        ("stop-iteration", "/error/stop-iteration"),
        ("sync-stop-iteration", "/error/sync-stop-iteration"),
        ("timeout", "/error/cancelled-looking"),
    ],
)
def an_awkward_exception_is_a_500(client: Client, target: str) -> None:
    is_plain_500(client, target)


@case("errors", each=[(str(status), status) for status in (400, 401, 403, 404, 409, 422, 429, 503)])
def a_raised_status_is_a_problem(client: Client, status: int) -> None:
    problem = problem_of(client.request("GET", f"/error/status/{status}"), status)

    assert problem["detail"] == "raised on purpose"


@case("errors")
def an_error_with_the_status_of_a_success_is_a_500(client: Client) -> None:
    problem_of(client.request("GET", "/error/status/200"), 500)


@case("errors")
def many_failures_leave_the_process_alive(client: Client) -> None:
    for _ in range(20):
        assert client.request("GET", "/sync/error").status == 500
    is_alive(client)
