"""From an event to the parts of a request: one function for each shape, named here.

What the services do to a path and a query on their way, and what has to be done about it:

============  ==============================  ==============================================
shape         path                            query
============  ==============================  ==============================================
`rest`        as sent                         decoded, by name: encoded again
`http`        decoded, with its stage:        as sent
              encoded again, split
`url`         as sent                         as sent
`alb`         as sent                         as sent, by name: joined again
`edge`        as sent                         as sent
`lattice-v1`  as sent, with the query         as sent
`lattice-v2`  as sent                         decoded, by name: encoded again
============  ==============================  ==============================================

Nothing is ever decoded here: the core does that once, for every runtime.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import portico_lambda._api_events as api
from portico import PeerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico_lambda._fields import Fields
    from portico_lambda._parts import Parts
    from portico_lambda._shapes import Shape


_API_READERS: Final[dict[Shape, Callable[[Fields, str | None], Parts]]] = {
    "rest": api.rest,
    "http": api.http,
    "url": api.url,
}


def read_event(shape: Shape, event: Fields, root_path: str | None) -> Parts:
    """The parts of a request.

    Args:
        shape: that of the event.
        event: the event.
        root_path: the option of that name; None takes the stage.

    Raises:
        PeerError: a field is of another type than documented, or method or path are missing (400).
    """
    try:
        reader = _API_READERS.get(shape) or _network_reader(shape)
        return reader(event, root_path)
    except UnicodeEncodeError:
        raise PeerError("The event has a lone surrogate, which no text has.") from None


@cache
def _network_reader(shape: Shape) -> Callable[[Fields, str | None], Parts]:
    # A function has one trigger, mostly that of an API, and a cold start to keep short.
    import portico_lambda._network_events as network

    if shape == "edge":
        return network.edge
    if shape == "lattice-v1":
        return network.lattice_v1
    return network.lattice_v2 if shape == "lattice-v2" else network.alb
