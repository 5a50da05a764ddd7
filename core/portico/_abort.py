"""`AbortSignal` and `AbortController`: telling work that nobody waits for it (DOM section 3).

The `abort` event is reduced to plain callables. `AbortSignal.timeout()` is left out, since there is
no clock here; a deadline is the platform's to keep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count

from portico._errors import PorticoError
from portico._event import new_event

# The order of all aborts: a combined signal takes the reason of the signal that was first.
_order = count()


class AbortError(PorticoError):
    """The work was aborted; the reason of a signal that got none (Web IDL `AbortError`)."""


class AbortSignal:
    """Whether work was aborted, and why (DOM section 3.2).

    A signal made by itself is never aborted; an `AbortController` aborts its own. Reading it is
    safe from any thread, but abort it in the thread of the event loop that waits for it: an adapter
    that learns of the end elsewhere hops there first (`loop.call_soon_threadsafe`,
    `anyio.from_thread.run_sync`).
    """

    __slots__ = ("_abort", "_listeners", "_sources")

    def __init__(self) -> None:
        self._abort: tuple[int, Exception] | None = None
        self._listeners: list[Callable[[], object]] = []
        self._sources: tuple[AbortSignal, ...] = ()

    @classmethod
    def abort(cls, reason: Exception | None = None) -> AbortSignal:
        """A signal that is already aborted; the reason is an `AbortError` unless given."""
        signal = cls()
        signal._set(reason)
        return signal

    @classmethod
    def any(cls, signals: Iterable[AbortSignal]) -> AbortSignal:
        """A signal that is aborted as soon as one of `signals` is, with the reason of the first.

        It asks its sources when it is read and listens to them only while it has listeners, so that
        a signal that lives long does not collect those that were made of it.
        """
        combined = cls()
        combined._sources = tuple(signals)
        return combined

    @property
    def aborted(self) -> bool:
        """Whether it was aborted."""
        return self._state() is not None

    @property
    def reason(self) -> Exception | None:
        """Why it was aborted; None as long as it is not."""
        state = self._state()
        return None if state is None else state[1]

    def throw_if_aborted(self) -> None:
        """Raise the reason if it was aborted.

        Raises:
            AbortError: it was aborted; another exception where that was given as the reason.
        """
        state = self._state()
        if state is not None:
            raise state[1]

    def add_listener(self, listener: Callable[[], object]) -> None:
        """Call `listener` once, when the signal is aborted; never if it already is (DOM)."""
        if self.aborted or listener in self._listeners:
            return
        if not self._listeners:
            for source in self._sources:
                source.add_listener(self._fire)
        self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], object]) -> None:
        """Do not call `listener` any more; nothing happens when it is not there."""
        if listener not in self._listeners:
            return
        self._listeners.remove(listener)
        if not self._listeners:
            self._stop_following()

    async def wait(self) -> None:
        """Return when the signal is aborted, at once if it already is; under asyncio or trio."""
        if self.aborted:
            return
        event = new_event()
        self.add_listener(event.set)
        try:
            await event.wait()
        finally:
            self.remove_listener(event.set)

    def _state(self) -> tuple[int, Exception] | None:
        if self._abort is None and self._sources:
            states = [state for source in self._sources if (state := source._state())]
            self._abort = min(states, key=_by_order, default=None)
        return self._abort

    def _set(self, reason: Exception | None) -> None:
        if self.aborted:
            return
        self._abort = (
            next(_order),
            AbortError("The work was aborted.") if reason is None else reason,
        )
        self._fire()

    def _fire(self) -> None:
        listeners, self._listeners = self._listeners, []
        self._stop_following()
        failures: list[Exception] = []
        for listener in listeners:
            try:
                listener()
            except Exception as error:  # noqa: BLE001 # the other listeners must still be called
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise ExceptionGroup("several listeners of an AbortSignal failed", failures)

    def _stop_following(self) -> None:
        for source in self._sources:
            source.remove_listener(self._fire)

    def __repr__(self) -> str:
        return f"<AbortSignal {'aborted' if self.aborted else 'not aborted'}>"


class AbortController:
    """Aborts one signal (DOM section 3.1)."""

    __slots__ = ("_signal",)

    def __init__(self) -> None:
        self._signal = AbortSignal()

    @property
    def signal(self) -> AbortSignal:
        """The signal to hand to the work."""
        return self._signal

    def abort(self, reason: Exception | None = None) -> None:
        """Abort the signal; only the first call counts.

        Every listener is called, in the order in which they were added, also when one fails.

        Args:
            reason: what `throw_if_aborted` raises; an `AbortError` unless given.

        Raises:
            Exception: what a listener raised; an `ExceptionGroup` of it when several did.
        """
        self._signal._set(reason)  # pyright: ignore[reportPrivateUsage] # its other half


def _by_order(state: tuple[int, Exception]) -> int:
    return state[0]
