"""Problem details (RFC 9457): what every error answers with."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from portico._errors import HTTPError, InvalidInputError
from portico._headers import Headers
from portico._json import to_json
from portico._media import PROBLEM
from portico._reply import Problem, phrase
from portico._response import Response

if TYPE_CHECKING:
    from portico.contract import Platform


def problem_response(status: int, problem: Problem, headers: Headers | None = None) -> Response:
    """The response of a problem; members that are not set are left out."""
    body: dict[str, object] = {
        "type": problem.type,
        "title": problem.title or phrase(status),
        "status": status,
    }
    if problem.detail is not None:
        body["detail"] = problem.detail
    if problem.instance is not None:
        body["instance"] = problem.instance
    body.update(problem.extensions)
    if headers is None:
        return Response.plain(PROBLEM, to_json(body), status)
    own = Headers(headers)
    own.set("content-type", PROBLEM.type)
    return Response.ready(status, own, to_json(body))


def detail_response(status: int, detail: str) -> Response:
    """The response of a problem that has a detail and nothing else, as most have."""
    head = _heads.get(status)
    if head is None:
        body = problem_response(status, Problem("")).sync.bytes()
        head = _heads[status] = body.removesuffix(b'""}')
    return Response.plain(PROBLEM, b"%b%b}" % (head, to_json(detail)), status)


def faults_response(error: InvalidInputError) -> Response:
    """The response of an input with faults, as `error_problem` has it where nothing is shown."""
    errors = [
        {"in": part, "pointer": pointer, "expected": expected}
        for part, pointer, expected, _ in error.faults
    ]
    status = error.status
    body = {
        "type": "about:blank",
        "title": phrase(status),
        "status": status,
        "detail": error.detail,
        "errors": errors,
    }
    return Response.plain(PROBLEM, to_json(body), status)


# By status: what stands before the detail.
_heads: Final[dict[int, bytes]] = {}


def error_problem(error: HTTPError, *, debug: bool) -> Problem | None:
    """The problem of an error whose value is a text; None where it has a value of its own."""
    if isinstance(error, InvalidInputError):
        faults = [fault.describe(debug=debug) for fault in error.faults]
        return Problem(error.detail, errors=faults)
    if error.value is None or isinstance(error.value, str):
        return Problem(error.value)
    return error.value if isinstance(error.value, Problem) else None


def unexpected(error: Exception, platform: Platform, where: str, *, debug: bool) -> Response:
    """The 500 of an exception that nobody handled; it is reported under the id that is sent."""
    import os

    identifier = os.urandom(8).hex()
    with suppress(Exception):  # a logger that fails must not take the answer along
        platform.report(error, f"{where} failed (error {identifier})")
    if debug:
        import traceback

        return problem_response(
            500,
            Problem(
                f"{type(error).__name__}: {error}",
                id=identifier,
                traceback=traceback.format_exception(error),
            ),
        )
    return problem_response(500, Problem(id=identifier))


# By itself, for adapters whose application could not even say that it failed.
_FAILURE: Final = b'{"type":"about:blank","title":"Internal Server Error","status":500}'


def failure(method: str = "GET") -> Response:
    """A new 500 for a request that the application could not answer, as RFC 9457 has it.

    It shows nothing of what went wrong; the adapter reports that.

    Args:
        method: that of the request; HEAD gets the fields alone.
    """
    fields = [("content-type", "application/problem+json"), ("content-length", str(len(_FAILURE)))]
    return Response.ready(500, Headers(fields), b"" if method == "HEAD" else _FAILURE)
