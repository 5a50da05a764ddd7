"""`WsgiRaw`: what the server called the application with, for those who ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment


class WsgiRaw(NamedTuple):
    """What the server called the application with.

    Attributes:
        environ: the dictionary itself (PEP 3333 "environ Variables").
    """

    environ: WSGIEnvironment
