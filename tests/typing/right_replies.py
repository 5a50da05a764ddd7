"""`status` keeps the code as a literal, so that a union of replies says what can leave."""

from typing import Literal, assert_type

from portico import (
    Accepted,
    BadRequest,
    Conflict,
    Created,
    Forbidden,
    Gone,
    HTTPError,
    NotFound,
    Problem,
    Reply,
    Response,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    redirect,
    status,
)

assert_type(status(200, "a"), Reply[Literal[200], str])
assert_type(status(201, [1]), Created[list[int]])
assert_type(status(202, 1), Accepted[int])
assert_type(status(400, "a"), BadRequest[str])
assert_type(status(401, Problem()), Unauthorized[Problem])
assert_type(status(403, Problem()), Forbidden[Problem])
assert_type(status(404, Problem()), NotFound[Problem])
assert_type(status(409, 1), Conflict[int])
assert_type(status(410, 1), Gone[int])
assert_type(status(422, 1), UnprocessableContent[int])
assert_type(status(429, 1, headers={"retry-after": "5"}), TooManyRequests[int])
assert_type(status(503, None), Reply[Literal[503], None])
assert_type(status(404, Problem()).value, Problem)
assert_type(status(404, Problem()).code, Literal[404])


def by_number(code: int) -> None:
    assert_type(status(code, "a"), Reply[int, str])
    assert_type(status(418, "a"), Reply[int, str])


def of_one_declared_type(found: bool) -> Created[str] | NotFound[Problem]:
    return status(201, "a") if found else status(404, Problem("no"))


def without_a_value(found: bool) -> str | NotFound[None]:
    return "a" if found else status(404)


def without_content() -> Reply[Literal[204], None]:
    return status(204)


def of_a_wider_value() -> Created[object]:
    return status(201, "a")


assert_type(redirect("/login"), Response)
assert_type(redirect("https://example.com", 308, external=True), Response)
assert_type(HTTPError(404, Problem()).status, int)
