"""Running synchronous code off the event loop, context variables included."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

from portico._resumption import carry

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico.contract import Platform

T = TypeVar("T")


async def offload(platform: Platform, fn: Callable[[], T]) -> T:
    """Call `fn` where it may block. Context variables that it sets are set here afterwards."""
    context = copy_context()

    def call() -> tuple[T | None, StopIteration | None]:
        try:
            return fn(), None
        except StopIteration as end:  # which no future can carry
            return None, end

    try:
        value, end = await platform.run_blocking(lambda: context.run(call))
    finally:
        carry(context)
    if end is not None:
        raise end
    return value  # type: ignore[return-value] # None only where that is what `fn` returned
