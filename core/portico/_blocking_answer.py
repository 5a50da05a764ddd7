"""`BlockingAnswer`: a value whose response takes I/O that blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portico._context import Context
    from portico._response import Response


class BlockingAnswer:
    """A value whose response takes I/O that blocks, such as `file()`."""

    __slots__ = ()

    def respond(self, ctx: Context, /) -> Response:
        """The response; called off the event loop where there is one."""
        raise NotImplementedError
