"""Errors as answers: problem details (RFC 9457), and what an error may carry."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from msgspec import Struct

from portico import (
    BodyTooLargeError,
    Context,
    DisconnectError,
    HTTPError,
    InvalidInputError,
    PeerError,
    Portico,
    PorticoError,
    Problem,
    Request,
    Response,
    status,
)
from portico._fault import Fault
from portico._problem import (
    detail_response,
    error_problem,
    faults_response,
    problem_response,
)
from portico.contract import Platform


def ask(
    handler: Callable[..., Any],
    *,
    debug: bool = False,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str | None, Any]:
    app = Portico(debug=debug)
    app.get("/", handler)
    platform = Platform()
    request = Request(f"http://app.test/{query}", headers=headers)
    response = app.handle(request, platform, app.start(platform))
    assert isinstance(response, Response)
    assert isinstance(response.content, bytes)
    return response.status, response.headers.get("content-type"), json.loads(response.content)


@pytest.mark.parametrize("code", [400, 404, 422, 500, 599])
@pytest.mark.parametrize("detail", ["", "There is no '/x' here.", 'a "quote", é, \\ and \n'])
def test_a_detail_alone_is_sent_as_any_other_problem(code: int, detail: str) -> None:
    short, long = detail_response(code, detail), problem_response(code, Problem(detail))

    assert short.status == long.status
    assert short.headers == long.headers
    assert short.content == long.content


def test_a_problem_has_the_members_that_are_set() -> None:
    problem = Problem(
        "Your balance is 30.",
        title="No credit",
        type="https://example.com/no-credit",
        instance="/account/1",
        balance=30,
        accounts=["/1", "/2"],
    )

    response = problem_response(403, problem)

    assert response.status == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert json.loads(response.sync.text()) == {
        "type": "https://example.com/no-credit",
        "title": "No credit",
        "status": 403,
        "detail": "Your balance is 30.",
        "instance": "/account/1",
        "balance": 30,
        "accounts": ["/1", "/2"],
    }


def test_a_problem_without_members_is_that_of_its_status() -> None:
    response = problem_response(404, Problem())

    assert json.loads(response.sync.text()) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
    }


RAISED: list[tuple[HTTPError, int, str, Any]] = [
    (HTTPError(404), 404, "problem", None),
    (HTTPError(404, "no"), 404, "problem", "no"),
    (HTTPError(404, Problem("no")), 404, "problem", "no"),
    (HTTPError(404, {"detail": "no"}), 404, "json", "no"),
    (PeerError("no"), 400, "problem", "no"),
    (PeerError("no", status=409), 409, "problem", "no"),
    (BodyTooLargeError("no"), 413, "problem", "no"),
    (DisconnectError("no"), 400, "problem", "no"),
]


@pytest.mark.parametrize(("error", "code", "kind", "detail"), RAISED)
def test_an_error_is_the_answer_that_it_describes(
    error: HTTPError, code: int, kind: str, detail: str | None
) -> None:
    def fail() -> None:
        raise error

    found, content_type, body = ask(fail)

    expected = "application/problem+json" if kind == "problem" else "application/json"
    assert (found, content_type, body.get("detail")) == (code, expected, detail)


def test_raising_and_returning_a_status_say_the_same() -> None:
    def fail() -> None:
        raise HTTPError(401, Problem("who?"), headers={"www-authenticate": "Basic"})

    def answer() -> object:
        return status(401, Problem("who?"), headers={"www-authenticate": "Basic"})

    assert ask(fail) == ask(answer)


@pytest.mark.parametrize("code", [0, 200, 302, 399, 600])
def test_an_error_has_the_status_of_one(code: int) -> None:
    with pytest.raises(ValueError, match=rf"{code}.*400 to 599.*return|{code}.*Return"):
        HTTPError(code)


@pytest.mark.parametrize(
    ("error", "text"), [(HTTPError(404), "404"), (HTTPError(404, "no"), "404: no")]
)
def test_an_error_reads_as_its_status_and_value(error: HTTPError, text: str) -> None:
    assert str(error) == text
    assert isinstance(error, PorticoError)


def test_an_error_keeps_its_fields_until_they_are_sent() -> None:
    assert HTTPError(404).sent_headers() is None
    headers = HTTPError(404, headers={"X": "1"}).sent_headers()
    assert headers is not None
    assert headers.items() == [("x", "1")]


class Page(Struct):
    limit: int
    token: str = ""


def list_items(query: Page) -> None: ...


def test_invalid_input_lists_every_fault() -> None:
    code, content_type, problem = ask(list_items, query="?limit=x")

    assert (code, content_type) == (422, "application/problem+json")
    assert problem["detail"] == "The request has 1 fault."
    (fault,) = problem["errors"]
    assert (fault["in"], fault["pointer"]) == ("query", "/limit")
    assert "x" not in str(fault.get("found"))


FAULTS = [
    Fault("body", "", "an object"),
    Fault("query", "/a~1b", 'one of "é", \n', {"found": 1}),
    Fault("headers", "/x", "an integer", "secret"),
]


@pytest.mark.parametrize("count", [0, 1, 3, 256])
def test_faults_are_sent_as_any_other_problem(count: int) -> None:
    error = InvalidInputError((FAULTS * 100)[:count])
    problem = error_problem(error, debug=False)
    assert problem is not None
    short, long = faults_response(error), problem_response(422, problem)

    assert (short.status, short.headers, short.content) == (422, long.headers, long.content)
    assert b"secret" not in short.sync.bytes()


def test_invalid_input_is_an_error_like_its_classes_make_it() -> None:
    error, other = InvalidInputError(FAULTS), PeerError("The request has 3 faults.", status=422)

    assert (error.args, str(error), error.reply.value) == (other.args, str(other), other.value)
    assert (error.status, error.detail, error.headers) == (422, other.detail, None)


def test_what_was_found_is_shown_in_debug() -> None:
    _, _, problem = ask(list_items, query="?limit=x", debug=True)

    assert "x" in json.dumps(problem["errors"][0]["found"])


def test_what_headers_and_cookies_had_is_never_shown() -> None:
    class Credentials(Struct):
        x_pin: int

    def with_headers(headers: Credentials) -> None: ...
    def with_cookies(cookies: Credentials) -> None: ...

    secret = "hunter2"
    for handler, field in (
        (with_headers, {"x-pin": secret}),
        (with_cookies, {"cookie": f"x_pin={secret}"}),
    ):
        code, _, problem = ask(handler, headers=field, debug=True)
        assert code == 422
        assert secret not in json.dumps(problem)


def test_faults_are_counted_in_words() -> None:
    assert InvalidInputError([]).detail == "The request has 0 faults."


def test_an_extension_does_not_hide_what_it_cannot_be() -> None:
    def fail(ctx: Context) -> object:
        return status(400, Problem("no", reason=None, list=[1]))

    _, _, problem = ask(fail)

    assert (problem["reason"], problem["list"]) == (None, [1])
