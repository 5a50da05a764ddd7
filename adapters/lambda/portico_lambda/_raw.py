"""`LambdaRaw`: what the function was invoked with, for those who ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from portico_lambda._fields import Fields


class LambdaRaw(NamedTuple):
    """What the function was invoked with.

    Attributes:
        event: the event itself.
        context: the runtime's context object.
    """

    event: Fields
    context: Any
