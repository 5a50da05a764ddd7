"""Calls from the event loop to a worker thread, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from portico_asgi._loop import current_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


async def in_worker_thread(fn: Callable[[], T], *, shield: bool = False) -> T:
    """Call `fn` in a worker thread of anyio's default limiter, and wait for its end.

    A cancellation of asyncio ends the wait but not the thread, which may be inside a generator that
    the caller closes next. So a cancelled call waits for a thread that has begun; one that has not
    begun never does.

    Args:
        fn: what may block.
        shield: whether it is called though the task is cancelled already.
    """
    loop = current_loop()
    if hasattr(loop, "create_task"):
        from portico_asgi._asyncio_threads import threads_of

        return await threads_of(loop).call(fn, shield=shield)
    from anyio import CancelScope, to_thread

    returned: list[T] = []  # trio refuses a function that returns a coroutine
    with CancelScope(shield=shield):
        await to_thread.run_sync(lambda: returned.append(fn()))
    return returned[0]


def from_worker_thread(fn: Callable[[], Awaitable[T]]) -> T:
    """Await `fn()` on the event loop that started this worker thread.

    Raises:
        BodyNotReadError: this is not such a thread.
    """
    from anyio import from_thread

    reached = False

    async def reach() -> T:
        nonlocal reached
        reached = True
        return await fn()

    try:
        return from_thread.run(reach)
    except RuntimeError as error:
        if reached:
            raise
        from portico import BodyNotReadError

        raise BodyNotReadError(
            "The body of this request arrives on the event loop, and was asked for synchronously "
            "outside of its worker threads. Await it in an `async` handler, or declare `body` as a "
            "parameter of the handler, which has it read before."
        ) from error
