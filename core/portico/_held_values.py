"""Values that are put into something that changes, and come out of it again."""

from __future__ import annotations

from typing import Final

from portico._known_types import MAX_SIZE, Kinds, MayBlock, Value

# What is put into something that changes is read from it again under another name, so that its
# size is lost on the way: small things may be put in, and none that comes out counts as small.
_HELD: Final = MAX_SIZE // 8


def held_size(holder: Value) -> int:
    """The size of something that is read from a container, or from a field."""
    return max(holder.size, _HELD)


def check_kept(kinds: Kinds, value: Value) -> None:
    """Refuse to put a value where values of some kinds are known to be.

    Raises:
        MayBlock: it may be of another kind, or large.
    """
    if value.size > _HELD:
        raise MayBlock("keeps a large value")
    if kinds is not None and (value.kinds is None or not value.kinds <= kinds):
        raise MayBlock("puts a value of another type among those whose type is known")
