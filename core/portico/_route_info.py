"""`RouteInfo`: what an application tells people and tools of a route."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

NO_DETAIL: Final[Mapping[str, Any]] = MappingProxyType({})


class RouteInfo(NamedTuple):
    """What is registered for a method and a path.

    Attributes:
        method: `"*"` stands for every method.
        path: the pattern, as it was written.
        handler: the function, the value, or the application that is mounted there.
        where: file and line of the registration.
        tags: what the route and its guards are tagged with, each once.
        detail: what they say for the API's documentation; a member of an inner one overrides that
            of an outer one.
    """

    method: str
    path: str
    handler: Any
    where: str
    tags: tuple[str, ...] = ()
    detail: Mapping[str, Any] = NO_DETAIL
