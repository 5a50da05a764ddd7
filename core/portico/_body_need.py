"""What of the body must be read before the functions of a chain run, and the reading of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeGuard

from portico._link import STRENGTH, Link, strongest_need
from portico._media import JSON

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico._chain import Chain
    from portico._context import Context

_WHOLE: Final = ("auto", "bytes", "form")
_JSON: Final = JSON.type


def body_need(chain: Chain, handler: Link) -> tuple[str, bool]:
    """What of the body must be read before the links that read it, and whether they can wait."""
    links = [link for link in chain.parse if isinstance(link, Link)]
    links += [*chain.early, *chain.late, handler]
    if "none" in chain.parse:
        # Nothing parses it; synchronous code may still ask for it as it is.
        in_threads = [link for link in links if not link.signature.is_async]
        need = "ask" if strongest_need(in_threads) else ""
    else:
        forced = [_parser_need(name) for name in chain.parse if isinstance(name, str)]
        guarded = ["auto" for hook in chain.schemas if hook.matches == "body"]
        need = min([*forced, *guarded, strongest_need(links)], key=STRENGTH.index)
        if need == "stream" and any(link.waits_for_stream() for link in links):
            need = "waits"
    asking = [link for link in links if not link.signature.is_async and link.asks_for_body()]
    return need, all(link.blocks for link in asking)


def _parser_need(name: str) -> str:
    from portico._parsing import PARSER_NEEDS

    return PARSER_NEEDS[name]


def prefetching(need: str, *, can_wait: bool) -> Callable[[Context], Awaitable[object] | None]:
    """What reads the body on the loop, so that synchronous code finds it there.

    It gives None where nothing is left to read; what it gives to be awaited is no answer, whatever
    that gives.

    Args:
        need: what of the body, not nothing; see `Link.body_need`.
        can_wait: whether the synchronous code runs where it may wait, if there are threads at all.
    """
    if need == "bytes":
        return _load
    if need == "ask":
        return partial(_asked_for, can_wait=can_wait)
    if need == "waits":
        return _load_what_cannot_be_waited_for
    return _load_form if need != "stream" else _nothing


def _nothing(ctx: Context) -> None:
    return None


def _load(ctx: Context) -> Awaitable[object] | None:
    request = ctx.request
    return None if request._source is None else request.load()


def _asked_for(ctx: Context, *, can_wait: bool) -> Awaitable[object] | None:
    return None if can_wait and ctx.platform.has_threads else _load(ctx)


def _load_form(ctx: Context) -> Awaitable[object] | None:
    request = ctx.request
    if request._source is None and not request.has_body:
        return None
    content_type = request._content_type()
    if content_type == _JSON or not _is_multipart(content_type):  # as nearly all are
        return request.load()
    return request.load_form(content_type)


def _load_what_cannot_be_waited_for(ctx: Context) -> Awaitable[object] | None:
    return None if ctx.request.sync.can_wait else _load(ctx)


def read_here(ctx: Context, need: str) -> None:
    """Read the body in a thread that may block, for a chain that goes on to an event loop.

    From there every chunk would be a way to another thread and back.
    """
    request = ctx.request
    if need in _WHOLE and request.has_body:
        if need != "bytes" and _is_multipart(request._content_type()):
            request.sync.form_data()
        else:
            request._bytes_here()


def _is_multipart(content_type: str | None) -> TypeGuard[str]:
    return content_type is not None and content_type[:19].lower() == "multipart/form-data"
