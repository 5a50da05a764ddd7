"""`Span`: what a trace hook sees of one phase of the lifecycle, or of one function in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico._context import Context


class Span:
    """A stretch of a request's life, from `begin` to `end`.

    A trace hook gets it when it begins. What is to happen at its end it gives to `on_end`, which
    runs before anything else goes on; so fields that it sets are in the answer.

    Attributes:
        name: the event of the lifecycle, such as `"before_handle"`; of a function its name.
        parent: the span of the event that a function runs in; None for an event.
        begin: seconds on the clock of `ctx.platform.monotonic()`.
        end: the same; None while it goes on.
        error: what was raised in it, or None.
    """

    __slots__ = ("_callbacks", "begin", "end", "error", "name", "parent")

    def __init__(self, name: str, begin: float, parent: Span | None = None) -> None:
        self.name: str = name
        self.parent: Span | None = parent
        self.begin: float = begin
        self.end: float | None = None
        self.error: BaseException | None = None
        self._callbacks: list[Callable[[Span], object]] = []

    @property
    def elapsed(self) -> float | None:
        """Seconds between begin and end; None while it goes on."""
        return None if self.end is None else self.end - self.begin

    def on_end(self, callback: Callable[[Span], object], /) -> None:
        """Call a function, which must not block, with this span when it ends."""
        self._callbacks.append(callback)

    def finish(self, end: float, error: BaseException | None) -> None:
        """End it, once."""
        if self.end is None:
            self.end, self.error = end, error
            for callback in self._callbacks:
                callback(self)

    def __repr__(self) -> str:
        return f"<Span {self.name}>"


class Tracing:
    """The spans of one request: the event that goes on, and the hooks that hear of it."""

    __slots__ = ("_ctx", "_hooks", "_phase")

    def __init__(self, ctx: Context, hooks: tuple[Callable[..., Any], ...]) -> None:
        self._ctx = ctx
        self._hooks = hooks
        self._phase: Span | None = None

    def enter(self, phase: str) -> None:
        """End the event that goes on, and begin the next."""
        self.leave(None)
        self._phase = self._begin(phase, None)

    def leave(self, error: BaseException | None) -> None:
        """End the event that goes on, if there is one."""
        phase, self._phase = self._phase, None
        if phase is not None:
            phase.finish(self._ctx.platform.monotonic(), error)

    def begin(self, name: str) -> Span:
        """Begin the span of one function in the event that goes on."""
        return self._begin(name, self._phase)

    def finish(self, span: Span, error: BaseException | None) -> None:
        """End the span of a function."""
        span.finish(self._ctx.platform.monotonic(), error)

    def _begin(self, name: str, parent: Span | None) -> Span:
        span = Span(name, self._ctx.platform.monotonic(), parent)
        for hook in self._hooks:
            hook(self._ctx, span)
        return span
