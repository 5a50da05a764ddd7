"""`MountedRequest`: the same request with the path that a mounted application answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._request import Request

if TYPE_CHECKING:
    from portico._headers import Headers
    from portico._url import URL


class MountedRequest(Request):
    """A request below a prefix; everything but its path is that of the request around it.

    The body is one: what either has read of it, the other finds read.

    Args:
        outer: the request as the outer application has it.
        path: the rest of its path, percent-encoded.
    """

    __slots__ = ("_outer",)

    def __init__(self, outer: Request, path: str) -> None:
        self._outer = outer
        self.method = outer.method
        self.raw_path = path
        self.raw_query = outer.raw_query
        self._host_read = None
        self._scheme_read = None
        self._signal = None
        self._handled_by = None
        self._cookies = None

    @property
    def url(self) -> URL:
        """The whole URL that the peer asked for, the prefix included."""
        return self._outer.url

    def _read_headers(self) -> Headers:
        return self._outer.headers

    def _read_host(self) -> str:
        return self._outer.host

    def _read_scheme(self) -> str:
        return self._outer.scheme


def _shared(name: str) -> property:
    """The attribute of the outer request, which this one reads and sets."""

    def read(request: MountedRequest) -> Any:
        return getattr(request._outer, name)

    def write(request: MountedRequest, value: Any) -> None:
        setattr(request._outer, name, value)

    return property(read, write)


for _name in ("_data", "_form", "_headers", "_source", "_used", "limits"):
    setattr(MountedRequest, _name, _shared(_name))
