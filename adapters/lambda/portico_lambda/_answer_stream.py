"""`AnswerStream`: where an answer goes that leaves piece by piece, whoever takes it."""

from __future__ import annotations

from typing import Protocol

from portico import PorticoError


class RuntimeApiError(PorticoError):
    """The Runtime API did not take what it was given, or has nothing to give."""


class AnswerStream(Protocol):
    """The result of one invocation on its way: `open`, `send` what there is, and `end`.

    What was sent has left when the call returns.
    """

    @property
    def is_open(self) -> bool:
        """Whether something was sent."""
        ...

    @property
    def is_broken(self) -> bool:
        """Whether nobody takes it any more."""
        ...

    def open(self, first: bytes, /) -> None:
        """Send the first chunk: the prelude, eight NUL bytes, and a body that is there.

        Raises:
            RuntimeApiError: it was not taken.
        """
        ...

    def send(self, chunk: bytes, /) -> None:
        """Send a chunk, which is not empty.

        Raises:
            RuntimeApiError: it was not taken.
        """
        ...

    def end(self, error: BaseException | None = None, /) -> None:
        """End the stream, with the error that has broken it off, if one has.

        Raises:
            RuntimeApiError: it was not taken.
        """
        ...
