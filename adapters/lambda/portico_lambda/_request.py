"""Event to `Request`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.contract import NativeRequest

if TYPE_CHECKING:
    from portico import Headers
    from portico.contract import BodyLimits
    from portico_lambda._parts import Parts


class LambdaRequest(NativeRequest):
    """A request of an event, whichever way that was read."""

    __slots__ = ()


class PartsRequest(LambdaRequest):
    """A request over the parts of an event, all of which are in memory."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Parts, limits: BodyLimits) -> None:
        self._parts = parts
        super().__init__(parts.method, parts.path, parts.query, parts.body, limits)

    def _read_headers(self) -> Headers:
        return self._parts.headers

    def _read_host(self) -> str:
        return self._parts.host

    def _read_scheme(self) -> str:
        return self._parts.scheme

    def _read_root_path(self) -> str:
        return self._parts.root_path
