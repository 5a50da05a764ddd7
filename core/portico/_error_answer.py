"""What an error makes of the answer that was under way, and of what its hook returned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from portico._answer import BlockingAnswer, is_reply, to_response
from portico._errors import HTTPError, InvalidInputError, status_of
from portico._framing import checked_status, put_fields
from portico._problem import error_problem, faults_response, problem_response, unexpected
from portico._reply import Reply
from portico._response import Response

if TYPE_CHECKING:
    from portico._context import Context

# What describes a content (RFC 9110 section 8), which another content must not be sent with.
_OF_CONTENT: Final = (
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
)


def forget_answer(ctx: Context) -> list[tuple[str, str]]:
    """Take back what `ctx.set` says of an answer that is not sent; other fields stay.

    Returns:
        The fields that described its content.
    """
    settings = ctx._set
    if settings is None:
        return []
    settings.status = None
    if not settings.has_headers:
        return []
    forgotten = [pair for pair in settings.headers if pair[0] in _OF_CONTENT]
    for name, _ in forgotten:
        settings.headers.delete(name)
    return forgotten


def with_status(value: Any, error: Exception, ctx: Context) -> Any:
    """What an error hook returned, with the error's status where it brings none of its own.

    Raises:
        ValueError: the hook set a status that no response has.
    """
    if is_reply(value) or isinstance(value, Response | BlockingAnswer):
        return value
    chosen = None if ctx._set is None else ctx._set.status
    return Reply(status_of(error) if chosen is None else checked_status(chosen), value)


def unhandled(error: Exception, ctx: Context, where: str, *, debug: bool) -> Response:
    """The answer of an exception that no hook has an answer to.

    Args:
        error: the exception; it is reported unless it is an answer itself.
        ctx: the request's.
        where: which request it is, for the report.
        debug: whether the answer shows what it is.
    """
    if type(error) is InvalidInputError and not debug and error.headers is None:
        return faults_response(error)
    if not isinstance(error, HTTPError):
        return unexpected(error, ctx.platform, where, debug=debug)
    problem = error_problem(error, debug=debug)
    if problem is None:
        response = to_response(error.value, ctx, error.status)
        response.status = error.status
    else:
        response = problem_response(error.status, problem)
    put_fields(response, error.sent_headers())
    return response


def add_fields(response: Response, error: Exception | None) -> None:
    """Fields of an error that its hook's answer does not have: `Allow`, `WWW-Authenticate`."""
    if not isinstance(error, HTTPError):
        return
    present = set(response.headers.keys())
    for name, value in error.sent_headers() or ():
        if name == "set-cookie" or name not in present:
            response.headers.append(name, value)


def connect(second: BaseException, first: BaseException) -> None:
    """Let an error tell of the one that was being answered, as Python does within one thread."""
    if second.__context__ is None and not tells_of(first, second):
        second.__context__ = first


def tells_of(error: BaseException, other: BaseException) -> bool:
    """Whether the traceback of an error shows another one too."""
    seen: dict[int, BaseException] = {}
    asked: list[BaseException | None] = [error]
    while asked:
        each = asked.pop()
        if each is not None and id(each) not in seen:
            seen[id(each)] = each
            asked += [each.__cause__, None if each.__suppress_context__ else each.__context__]
    return id(other) in seen
