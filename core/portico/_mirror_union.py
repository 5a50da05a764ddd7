"""Mirrors of unions: which member a value belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from portico._mirror import Mirror, UnfitError, unfit
from portico._mirror_containers import is_mapping


def fill_union(mirror: Mirror, members: Sequence[Mirror]) -> None:
    """The mirror of a union.

    A value belongs to the member of its own class, or of the nearest class above it; where there
    are several, or none, to the first that it fits. An object goes to one that knows all of its
    keys before one that would drop some.
    """
    mirror.is_open = any(member.is_open for member in members)
    mirror.is_trusted = all(member.is_trusted for member in members)
    mirror.classes = frozenset().union(*(member.classes for member in members))
    mirror.roots = frozenset().union(*(member.roots for member in members))
    mirror.expected = " or ".join(dict.fromkeys(member.expected for member in members))

    def fit(value: Any) -> Any:
        near = list(_nearest(value, members))
        deep: list[UnfitError] = []
        for member in (*near, *_others(value, members, near)):
            try:
                return value if type(value) in member.classes else member.fit(value)
            except UnfitError as error:
                if error.faults[0].pointer:
                    deep.append(error)
        # What is wrong inside the only member that was meant says more than a list of them all.
        raise deep[0] if len(deep) == 1 else unfit(mirror.expected, value)

    mirror.fit = fit


def _nearest(value: Any, members: Sequence[Mirror]) -> Iterator[Mirror]:
    """The members whose class is the value's, or the first of its bases that one has."""
    for base in type(value).__mro__[:-1]:
        found = [member for member in members if base in member.roots]
        if found:
            yield from _by_keys(value, found)
            return


def _others(value: Any, members: Sequence[Mirror], near: Sequence[Mirror]) -> Iterator[Mirror]:
    rest = [member for member in members if all(member is not each for each in near)]
    yield from _by_keys(value, rest)


def _by_keys(value: Any, members: list[Mirror]) -> list[Mirror]:
    if len(members) < 2 or not is_mapping(value):
        return members
    names = value.keys()
    return sorted(members, key=lambda m: m.keys is not None and not names <= m.keys)
