"""`MountedPlatform`: the platform of a request, with the root path of a mounted application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from portico._platform import Platform

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from portico._abort import AbortSignal
    from portico._forwarding import Forwarding
    from portico._platform import Ending
    from portico._runtime import Peer, Promise

T = TypeVar("T")

_kinds: dict[type[Platform], type[MountedPlatform]] = {}


def mounted_platform(outer: Platform, root_path: str) -> Platform:
    """The same platform, whose root path is a longer one."""
    kind = _kinds.get(type(outer))
    if kind is None:
        members = {
            "__slots__": (),
            "runtime": outer.runtime,
            "capabilities": outer.capabilities,
            "promise": outer.promise,
        }
        kind = type(f"Mounted{type(outer).__name__}", (MountedPlatform,), members)
        _kinds[type(outer)] = kind
    return kind(outer, root_path)


class MountedPlatform(Platform):
    """A platform that leaves everything to the one around it but where the application is."""

    __slots__ = ("_outer",)

    def __init__(self, outer: Platform, root_path: str) -> None:
        super().__init__(outer.options, None, root_path)
        self._outer = outer

    @property
    def peer(self) -> Peer:
        """Who is on the other side."""
        return self._outer.peer

    @property
    def forwarding(self) -> Forwarding:
        """What believed proxies say of the request."""
        return self._outer.forwarding

    @property
    def env(self) -> Mapping[str, str]:
        """The platform's environment."""
        return self._outer.env

    @property
    def bindings(self) -> Mapping[str, Any]:
        """Objects that the platform was configured with."""
        return self._outer.bindings

    @property
    def deadline(self) -> float | None:
        """When the platform ends the call."""
        return self._outer.deadline

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the peer is known to be gone."""
        return self._outer.signal

    async def run_blocking(self, fn: Callable[[], T], /) -> T:
        """Call a function that may block, where the platform has a place for it."""
        return await self._outer.run_blocking(fn)

    def wait_until(self, work: Awaitable[object] | Callable[[], object], /) -> Promise:
        """Take work that is not a part of the answer; it runs with that of the whole request."""
        return self._outer.wait_until(work)

    def cancel_on_disconnect(self, wanted: bool, /) -> None:
        """Say whether a handler under way is cancelled when its peer leaves."""
        self._outer.cancel_on_disconnect(wanted)

    def _at_end(self, ending: Ending) -> None:
        self._outer._at_end(ending)

    async def early_hints(self, links: Iterable[str], /) -> bool:
        """Send 103 with these `Link` values."""
        return await self._outer.early_hints(links)

    def send_trailers(self, fields: Mapping[str, Callable[[], str]], /) -> bool:
        """Send these fields behind the content."""
        return self._outer.send_trailers(fields)

    def report(self, error: BaseException, where: str) -> None:
        """Log an exception that nobody else will see."""
        self._outer.report(error, where)

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""
        return self._outer.monotonic()

    def now(self) -> float:
        """Seconds since 1970-01-01T00:00:00Z."""
        return self._outer.now()

    async def sleep(self, seconds: float, /) -> None:
        """Wait on the runtime's event loop."""
        await self._outer.sleep(seconds)

    def raw(self, kind: type[T], /) -> T:
        """The native objects of the call."""
        return self._outer.raw(kind)

    @property
    def has_work(self) -> bool:
        """Whether `wait_until` was given work that has not run."""
        return self._outer.has_work

    @property
    def needs_loop(self) -> bool:
        """Whether that work has an awaitable."""
        return self._outer.needs_loop

    def end(self) -> bool:
        """Say that the request is over."""
        return self._outer.end()

    @property
    def unfinished(self) -> list[str]:
        """The names of the work that is not done."""
        return self._outer.unfinished

    def give_up(self, reason: str, /) -> None:
        """Run no more of the work, and report what is not done by name."""
        self._outer.give_up(reason)

    async def afinish(self) -> None:
        """Run the work of `wait_until`."""
        await self._outer.afinish()

    def finish(self) -> None:
        """Run the work of `wait_until` as far as it needs no event loop."""
        self._outer.finish()

    def __getattr__(self, name: str) -> Any:
        # What only this runtime has, such as the state of an ASGI server.
        return getattr(self._outer, name)
