"""Parsers of the body: the hooks of `parse`, and those that have a name and are built in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from portico._context import UNPARSED
from portico._errors import DefinitionError, PeerError
from portico._reply import Reply
from portico._response import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico._context import Context


def media_type(ctx: Context) -> str:
    """The type of the request's body, lower case and without parameters; `""` for none."""
    return (ctx.request.headers.get("content-type") or "").partition(";")[0].strip().lower()


def _text(ctx: Context) -> str:
    data = ctx.request.sync.bytes()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise PeerError(
            f"The body is not UTF-8 text: byte {error.start} does not decode."
        ) from None


BUILT_IN_PARSERS: Final[dict[str, Callable[[Context], Any]]] = {
    "json": lambda ctx: ctx.request.sync.json(),
    "text": _text,
    "form": lambda ctx: ctx.request.sync.form_data(),
    "bytes": lambda ctx: ctx.request.sync.bytes(),
    "none": lambda ctx: None,
}
PARSER_NEEDS: Final = {"json": "bytes", "text": "bytes", "form": "form", "bytes": "bytes"}
"""What of the body each of them needs to be there; see `Link.body_need`."""


def built_in_step(name: str) -> Callable[[Context], None]:
    """The step in which a built-in parser reads the body, whatever its type says."""
    parser = BUILT_IN_PARSERS[name]

    def parse(ctx: Context) -> None:
        if ctx._parsed is UNPARSED and ctx.request.has_body:
            ctx._parsed = parser(ctx)

    return parse


def parser_step(
    parser: Callable[[Context, str], Any], matches: str | None
) -> Callable[[Context], Awaitable[None] | None]:
    """The step in which a hook reads the body; the first that has a value is the last.

    A ValueError, which is what decoders raise of what they cannot read (JSON, Unicode, TOML and
    others), is the peer's fault: 400. Any other exception is the hook's own.
    """

    def parse(ctx: Context) -> Awaitable[None] | None:
        if ctx._parsed is not UNPARSED or not ctx.request.has_body:
            return None
        content_type = media_type(ctx)
        if matches is not None and matches != content_type:
            return None
        try:
            value = parser(ctx, content_type)
        except ValueError as error:
            raise _malformed() from error
        if hasattr(value, "__await__"):
            return _keep_later(value, ctx)
        _keep(value, ctx)
        return None

    return parse


async def _keep_later(pending: Awaitable[Any], ctx: Context) -> None:
    try:
        value = await pending
    except ValueError as error:
        raise _malformed() from error
    _keep(value, ctx)


def _keep(value: Any, ctx: Context) -> None:
    if isinstance(value, Reply | Response):
        # As a body it would pass wherever nothing validates.
        raise DefinitionError(
            f"A parser of {ctx.route} returned {value!r}, which is no body. To refuse a body, "
            "raise `HTTPError(status, ...)`."
        )
    if value is not None:
        ctx._parsed = value


def _malformed() -> PeerError:
    return PeerError("The body is malformed.")
