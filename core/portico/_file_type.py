"""Types that are files, by msgspec's description: their limits, and what is expected of them."""

from __future__ import annotations

from typing import Any, cast

from msgspec import inspect as mi

from portico._blob import Blob
from portico._upload import NO_LIMITS, UploadLimits


def limits_of(node: mi.Type, around: UploadLimits = NO_LIMITS) -> UploadLimits | None:
    """The limits of a file, of a type that is one or may be one; None for every other type."""
    while isinstance(node, mi.Metadata):
        extra = cast("dict[str, Any]", node.extra or {})
        if around is NO_LIMITS:
            around = extra.get("upload", around)
        node = node.type
    if isinstance(node, mi.UnionType):
        found = (limits_of(member, around) for member in node.types)
        return next((limits for limits in found if limits is not None), None)
    return around if is_file(node) else None


def is_file(node: mi.Type) -> bool:
    """Whether a type is `File`, or `Blob`, without metadata."""
    return isinstance(node, mi.CustomType) and issubclass(node.cls, Blob)
