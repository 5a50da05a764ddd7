"""Coroutine functions that wait for nothing, as plain functions for where no event loop runs.

A coroutine of straight-line code (`_inference`) is over when it was begun. On a thread that may
block, a chain whose asynchronous functions are all of that kind is answered where it is called, as
a synchronous one is; one function that may wait, and the whole chain runs on a loop.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from portico._resumption import run_now
from portico._signature import plain_function

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portico._chain import Chain
    from portico._link import Link


def driven_chain(chain: Chain) -> Chain | None:
    """The chain without coroutine functions, or None where one of them may have to wait."""
    found: dict[Link, Link] = {}
    for link in chain.links():
        if _counts(link):
            driven = driven_link(link) or _driven_as_supposed(link)
            if driven is None:
                return None
            found[link] = driven
    supposes = any(link.guard is not None for link in found.values())
    if supposes and any(link.blocks for link in chain.links() if link.kind not in _OUTSIDE):
        return None  # behind a coroutine that has gone on to the loop it would block that
    return chain.with_links(found)


_OUTSIDE: Final = ("after_response", "trace")
"""Kinds of links that no step of the way to an answer runs."""


def driven_links(links: Sequence[Link]) -> list[Link] | None:
    """The links without coroutine functions, or None where one of them may have to wait."""
    found = [driven_link(link) if link.signature.is_async else link for link in links]
    driven = [link for link in found if link is not None]
    return driven if len(driven) == len(found) else None


def driven_link(link: Link) -> Link | None:
    """The link of a coroutine function that waits for nothing, as one of a plain function."""
    if not _may_be_driven(link) or not link.is_straight:
        return None
    return link.with_function(_driven(link.fn, link.name))


def _driven_as_supposed(link: Link) -> Link | None:
    """The same of one that may wait unless what it supposes holds, which a guard looks at."""
    if not _may_be_driven(link) or not link.inferred.supposes:
        return None
    from portico._supposed import at_once, holding

    return link.as_straight(partial(at_once, holding(link.inferred.supposes)))


def _may_be_driven(link: Link) -> bool:
    function = plain_function(link.fn)
    if function is None or link.signature.is_generator or link.blocking:
        return False
    # Most asynchronous functions await something, and inference has much to load.
    if _send() in function.__code__.co_code[::2]:
        return False
    return not (link.is_bound and link.plan.body == "stream")


def _counts(link: Link) -> bool:
    # What comes after the answer is work of the platform's, which sees to its own loop.
    return link.signature.is_async and link.kind != "after_response"


def _driven(fn: Callable[..., Any], name: str) -> Callable[..., Any]:
    def driven(*args: Any, **kwargs: Any) -> Any:
        return run_now(fn(*args, **kwargs))

    driven.__name__ = name
    return driven


@cache
def _send() -> int:
    """The opcode of every `await`, `async for` and `async with`."""
    from opcode import opmap

    return opmap["SEND"]
