"""Tasks of a handler, where the runtime has the library for them; Workers do not."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

Work: TypeAlias = "Callable[[], Coroutine[Any, Any, object]]"


@asynccontextmanager
async def task_group() -> AsyncGenerator[Callable[[Work], object]]:
    """A task group with a cancel scope in it; what it gives starts a task."""
    try:
        import anyio
    except ImportError:
        waiting: list[Work] = []
        yield waiting.append
        for work in waiting:
            await work()
        return
    async with anyio.create_task_group() as group:
        with anyio.CancelScope():
            yield group.start_soon
