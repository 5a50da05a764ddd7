"""Mirrors of what is a dict or a tuple, with names: TypedDicts and named tuples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portico._members import hints_of, is_typed_dict, required_keys
from portico._mirror import Build, Mirror, UnfitError, unfit
from portico._mirror_containers import (
    are_same,
    as_dict,
    fit_each,
    is_mapping,
    is_row,
    keys_of,
    values_of,
)
from portico._mirror_objects import converted
from portico._type_forms import type_name


def fill_record(mirror: Mirror, origin: Any, tp: Any, build: Build) -> None:
    """The mirror of a TypedDict or a named tuple."""
    fill = _fill_typed_dict if is_typed_dict(origin) else _fill_named_tuple
    fill(mirror, origin, tp, build)
    mirror.expected = f"`{type_name(tp)}`"


def _fill_typed_dict(mirror: Mirror, origin: Any, tp: Any, build: Build) -> None:
    """A dict has no class that could be trusted, so each of its values is looked at."""
    hints = hints_of(tp)
    required = required_keys(origin, hints)
    members = {name: build.of(hint) for name, hint in hints.items()}

    def fit(value: Any) -> Any:
        if not is_mapping(value):
            raise unfit(mirror.expected, value)
        given = as_dict(value)
        pairs = zip(keys_of(given), values_of(given), strict=True)
        known = {name: each for name, each in pairs if name in members}
        if not required <= known.keys():
            raise _missing(sorted(required - known.keys()), members)
        fitted = fit_each((name, (each, members[name])) for name, each in known.items())
        if len(known) == len(given) and are_same(known.values(), fitted):
            return given
        return dict(zip(known, fitted, strict=True))

    mirror.fit = fit
    mirror.roots = frozenset({dict})
    mirror.keys = frozenset(members)


def _missing(names: list[str], members: Mapping[str, Mirror]) -> UnfitError:
    errors = [unfit(f"{members[name].expected} (required)").below(name) for name in names]
    return UnfitError(fault for faults in errors for fault in faults)


def _fill_named_tuple(mirror: Mirror, origin: Any, tp: Any, build: Build) -> None:
    hints = hints_of(tp)
    members = [build.of(hints.get(name, Any)) for name in origin._fields]
    make: Any = tuple[Any, ...].__new__

    def fit(value: Any) -> Any:
        if not isinstance(value, origin):
            if not is_row(value):
                raise unfit(mirror.expected, value)
            return mirror(converted(mirror, tp, value))
        items: tuple[Any, ...] = value[: len(members)]
        if len(items) < len(members):
            raise unfit(mirror.expected, value)
        fitted = fit_each(enumerate(zip(items, members, strict=True)))
        if type(value) is origin and are_same(items, fitted):
            return value
        return make(origin, fitted)

    mirror.fit = fit
    mirror.roots = frozenset({origin})
    if not build.is_strict and all(member.is_trusted for member in members):
        mirror.classes = mirror.roots
