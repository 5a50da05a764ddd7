"""Running synchronous code off the event loop, context variables included."""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico.contract import Platform

T = TypeVar("T")

_MISSING: Any = object()


async def offload(platform: Platform, fn: Callable[[], T]) -> T:
    """Call `fn` where it may block. Context variables that it sets are set here afterwards."""
    context = copy_context()
    try:
        return await platform.run_blocking(lambda: context.run(fn))
    finally:
        for variable, value in context.items():
            if variable.get(_MISSING) is not value:
                variable.set(value)
