"""Handlers of routes that were given a value instead of a function."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

from portico._answer import BlockingAnswer, to_response
from portico._context import Context
from portico._errors import DefinitionError
from portico._link import Link, LinkSource
from portico._response import Response
from portico._stream import ByteStream


def handler_of(
    target: Any, path_names: Sequence[str], where: str, *, blocking: bool | None
) -> Link:
    """The link of what was registered: of a function itself, of a value one that returns it.

    Raises:
        DefinitionError: the value is a stream, which the first request would use up.
    """
    if callable(target):
        return Link("handle", target, path_names, blocking=blocking)
    if isinstance(target, LinkSource):
        return target.link(path_names)
    blocks = blocking is not False and isinstance(target, BlockingAnswer)
    prepared: list[Response] = []
    fn = constant(target, where, prepared)
    link = Link("handle", fn, path_names, blocking=blocks, reads_body=False)
    link.prepared = prepared
    return link


def constant(value: Any, where: str, prepared: list[Response]) -> Callable[[Context], Any]:
    """A handler that returns the value.

    Its response is made once, and put into `prepared` where every request gets a copy of it.

    Raises:
        DefinitionError: the value is a stream, which the first request would use up.
    """
    content = value.content if isinstance(value, Response) else value
    if isinstance(content, Iterator | AsyncIterator | Awaitable | ByteStream):
        raise DefinitionError(
            f"{where} has the value {value!r}, a stream that can be read once. Register a function "
            "that makes it, so that each request gets its own."
        )

    def answer(ctx: Context) -> Any:
        if prepared:
            return prepared[0]
        if isinstance(value, BlockingAnswer):
            return value  # it depends on the request
        response = to_response(value, ctx, 200)
        if isinstance(response.content, bytes):
            prepared.append(response)
        return response

    answer.__annotations__ = {"ctx": Context}
    return answer
