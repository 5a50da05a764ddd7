"""`status` keeps the code as a literal, so that a union of replies says what can leave."""

from typing import Literal, assert_type

from portico import (
    OK,
    Accepted,
    BadGateway,
    BadRequest,
    Conflict,
    ContentTooLarge,
    Created,
    FailedDependency,
    Forbidden,
    GatewayTimeout,
    Gone,
    HTTPError,
    ImATeapot,
    InsufficientStorage,
    InternalServerError,
    Locked,
    LoopDetected,
    MethodNotAllowed,
    MultiStatus,
    NoContent,
    NotAcceptable,
    NotFound,
    PaymentRequired,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    Reply,
    RequestTimeout,
    Response,
    ServiceUnavailable,
    TooEarly,
    TooManyRequests,
    Unauthorized,
    UnavailableForLegalReasons,
    UnprocessableContent,
    UnsupportedMediaType,
    UpgradeRequired,
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
assert_type(status(503, None), ServiceUnavailable[None])
assert_type(status(200, 1), OK[int])
assert_type(status(204), NoContent[None])
assert_type(status(207, [1]), MultiStatus[list[int]])
assert_type(status(402, 1), PaymentRequired[int])
assert_type(status(405, 1), MethodNotAllowed[int])
assert_type(status(406, 1), NotAcceptable[int])
assert_type(status(408, 1), RequestTimeout[int])
assert_type(status(412, 1), PreconditionFailed[int])
assert_type(status(413, 1), ContentTooLarge[int])
assert_type(status(415, 1), UnsupportedMediaType[int])
assert_type(status(418, 1), ImATeapot[int])
assert_type(status(423, 1), Locked[int])
assert_type(status(424, 1), FailedDependency[int])
assert_type(status(425, 1), TooEarly[int])
assert_type(status(426, 1), UpgradeRequired[int])
assert_type(status(428, 1), PreconditionRequired[int])
assert_type(status(451, 1), UnavailableForLegalReasons[int])
assert_type(status(500, 1), InternalServerError[int])
assert_type(status(502, 1), BadGateway[int])
assert_type(status(504, 1), GatewayTimeout[int])
assert_type(status(507, 1), InsufficientStorage[int])
assert_type(status(508, 1), LoopDetected[int])
assert_type(status(303), Reply[Literal[303], None])
assert_type(status(404), NotFound[None])
assert_type(status(404, headers={"x": "1"}), NotFound[None])
assert_type(status(404, Problem()).value, Problem)
assert_type(status(404, Problem()).code, Literal[404])


def by_number(code: int) -> None:
    assert_type(status(code, "a"), Reply[int, str])
    assert_type(status(code), Reply[int, None])
    assert_type(status(499, "a"), Reply[int, str])


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
assert_type(HTTPError(404, Problem()).reply, Reply[int, object])
