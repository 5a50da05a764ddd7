"""What of the body must be read before the functions of a chain run, and the reading of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico._link import STRENGTH, Link, strongest_need

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from portico._chain import Chain
    from portico._context import Context
    from portico._request import Request


_WHOLE: Final = ("auto", "bytes", "form")


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
    asking = [link for link in links if not link.signature.is_async and link.asks_for_body()]
    return need, all(link.blocks for link in asking)


def _parser_need(name: str) -> str:
    from portico._parsing import PARSER_NEEDS

    return PARSER_NEEDS[name]


def prefetched(ctx: Context, need: str, *, can_wait: bool) -> Awaitable[object] | None:
    """Read the body on the loop, so that synchronous code finds it there; None: nothing to read.

    What is awaited is no answer, whatever it gives.

    Args:
        ctx: the request's.
        need: what of it; see `Link.body_need`.
        can_wait: whether the synchronous code runs where it may wait, if there are threads at all.
    """
    request = ctx.request
    if need in ("", "stream") or not request.has_body:
        return None
    if need == "ask" and can_wait and ctx.platform.has_threads:
        return None
    return request.form_data() if _is_form(request, need) else request.bytes()


def read_here(ctx: Context, need: str) -> None:
    """Read the body in a thread that may block, for a chain that goes on to an event loop.

    From there every chunk would be a way to another thread and back.
    """
    request = ctx.request
    if need in _WHOLE and request.has_body:
        if _is_form(request, need):
            request.sync.form_data()
        else:
            request.sync.bytes()


def _is_form(request: Request, need: str) -> bool:
    if need in ("ask", "bytes"):
        return False
    content_type = request.headers.get("content-type") or ""
    return content_type[:19].lower() == "multipart/form-data"
