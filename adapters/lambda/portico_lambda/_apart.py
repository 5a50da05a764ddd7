"""`Apart`: what an invocation calls that may block, made where it can be left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from portico_lambda._time_limit import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portico.contract import ByteStream, Request
    from portico_lambda._environment import Environment
    from portico_lambda._platform import LambdaPlatform
    from portico_lambda._time_limit import TimeLimit

T = TypeVar("T")


class Apart:
    """Makes calls in the environment's worker, where the option `deadline_margin` wants it.

    Args:
        request: whose invocation it is.
        platform: that of the invocation.
        environment: whose worker it is.
        limit_of: gives the time of the invocation; None where its context does not say.
    """

    __slots__ = ("_environment", "_limit", "_platform", "_request")

    def __init__(
        self,
        request: Request,
        platform: LambdaPlatform,
        environment: Environment,
        limit_of: Callable[[], TimeLimit | None],
    ) -> None:
        self._request = request
        self._platform = platform
        self._environment = environment
        self._limit = None if platform.options.deadline_margin is None else limit_of()

    @property
    def is_wanted(self) -> bool:
        """Whether calls are made elsewhere."""
        return self._limit is not None

    def call(self, fn: Callable[[], T], too_late: Callable[[], object] = lambda: None) -> T:
        """Call it, until the request is given up.

        Args:
            fn: the call.
            too_late: called, in its thread, when it ends though nobody waits for it.

        Raises:
            OutOfTimeError: it takes longer; it goes on, and is reported when it ends.
        """
        if self._limit is None:
            return fn()
        seconds = self._limit.for_request()
        return self._environment.worker.call(fn, seconds, lambda found: self._end(found, too_late))

    def chunks(self, content: ByteStream) -> ByteStream | Chunks:
        """The chunks of a synchronous stream, each of them made by `call`."""
        return content if self._limit is None else Chunks(content, self)

    def _end(self, found: object, too_late: Callable[[], object]) -> None:
        """Note what was answered, or raised, when the peer had another answer."""
        where = f"{self._request.method} {self._request.raw_path} ended after it was given up"
        error = found if isinstance(found, BaseException) else OutOfTimeError()
        close: Callable[[], object] | None = getattr(found, "close", None)
        try:
            if close is not None:
                close()  # it is not to be awaited
            too_late()
        except Exception as second:  # noqa: BLE001 - reported
            error = second
        self._platform.report(error, where)


class Chunks:
    """The chunks of a stream that may be left behind: then who goes on with it closes it."""

    __slots__ = ("_apart", "_content", "_is_left_behind")

    def __init__(self, content: ByteStream, apart: Apart) -> None:
        self._content = content
        self._apart = apart
        self._is_left_behind = False

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._content)
        while (chunk := self._call(lambda: next(chunks, None))) is not None:
            yield chunk

    def close(self) -> None:
        """Close the stream, unless it is still read."""
        if not self._is_left_behind:
            self._call(self._content.close)

    def _call(self, fn: Callable[[], T]) -> T:
        try:
            return self._apart.call(fn, self._content.close)
        except OutOfTimeError:
            self._is_left_behind = True
            raise
