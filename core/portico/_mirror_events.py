"""The mirror of `ServerSentEvent[T]`: its data is held to `T`."""

from __future__ import annotations

from typing import Any, get_args

from portico._mirror import Build, Mirror, UnfitError, unfit
from portico._server_sent_event import ServerSentEvent, is_event


def fill_event(mirror: Mirror, tp: Any, build: Build) -> None:
    """Fill the mirror of events with data of a type; without one, any data passes."""
    data = build.of((get_args(tp) or (Any,))[0])

    def fit(value: Any) -> Any:
        if not is_event(value):
            raise unfit(mirror.expected, value)
        if value.data is None:
            return value
        try:
            held = data(value.data)
        except UnfitError as error:
            raise UnfitError(error.below("data")) from None
        return value if held is value.data else value.with_data(held)

    mirror.fit = fit
    mirror.roots = frozenset({ServerSentEvent})
    mirror.expected = "a server-sent event"
    if data.is_open:
        mirror.classes = frozenset({ServerSentEvent})
