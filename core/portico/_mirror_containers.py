"""Mirrors of lists, sets, tuples and mappings."""

from __future__ import annotations

import collections
from collections import abc
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeGuard, get_args

from portico._mirror import Build, Mirror, UnfitError, fit_all, unfit
from portico._type_forms import type_name

if TYPE_CHECKING:
    from portico._fault import Fault

_ARRAYS: Final[dict[Any, frozenset[type]]] = {
    list: frozenset({list}),
    set: frozenset({set}),
    frozenset: frozenset({frozenset}),
    collections.deque: frozenset({collections.deque}),
    abc.Sequence: frozenset({list, tuple}),
    abc.MutableSequence: frozenset({list}),
    abc.Set: frozenset({set, frozenset}),
    abc.MutableSet: frozenset({set}),
    abc.Collection: frozenset({list, tuple, set, frozenset}),
    abc.Iterable: frozenset({list, tuple, set, frozenset}),
}
_MAPPINGS: Final = frozenset(
    {
        dict,
        abc.Mapping,
        abc.MutableMapping,
        collections.OrderedDict,
        collections.defaultdict,
        collections.ChainMap,
    }
)
# Of a dict its own items, which are what is written, whatever a subclass says they are.
keys_of: Final[Callable[[dict[Any, Any]], Iterable[Any]]] = dict[Any, Any].keys
values_of: Final[Callable[[dict[Any, Any]], Iterable[Any]]] = dict[Any, Any].values
_TEXTS: Final = (str, bytes, bytearray, memoryview)


def fill_container(mirror: Mirror, origin: Any, tp: Any, build: Build) -> bool:
    """The mirror of a container, if `origin` is one. Without arguments its content is open."""
    arguments = get_args(tp)
    if origin in _ARRAYS:
        _fill_array(mirror, build.of(arguments[0] if arguments else Any), _ARRAYS[origin])
    elif origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        _fill_array(mirror, build.of(arguments[0]), frozenset({tuple}))
    elif origin is tuple and not hasattr(tp, "__args__"):
        _fill_array(mirror, build.of(Any), frozenset({tuple}))
    elif origin is tuple:
        _fill_tuple(mirror, [build.of(argument) for argument in arguments])
    elif origin in _MAPPINGS:
        key, value = arguments or (Any, Any)
        _fill_mapping(mirror, build.of(key), build.of(value), build)
    elif origin is collections.Counter:
        _fill_mapping(mirror, build.of((arguments or (Any,))[0]), build.of(int), build)
    else:
        return False
    mirror.expected = f"`{type_name(tp)}`"
    return True


def _fill_array(mirror: Mirror, item: Mirror, roots: frozenset[type]) -> None:
    """JSON has one array for all of these: a tuple is as good as a list where that is declared."""

    def fit(value: Any) -> Any:
        array = _array_of(value)
        if array is None:
            raise unfit(mirror.expected, value)
        if item.is_open or item.classes.issuperset(map(type, array)):
            return array
        fitted, changed = fit_all(array, item)
        if not changed:
            return array
        # A set's items may be as good as unhashable now; what is written is an array anyway.
        return tuple(fitted) if isinstance(array, tuple) else fitted

    mirror.roots = roots
    mirror.is_trusted = item.is_trusted
    if item.is_open:
        mirror.classes = roots - {collections.deque}
    mirror.fit = fit


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether a value is written as an object with the keys that it has."""
    return type(value) is dict or isinstance(value, Mapping)


def as_dict(mapping: Mapping[Any, Any]) -> dict[Any, Any]:
    """A dict itself, or what another mapping has as one."""
    return mapping if isinstance(mapping, dict) else dict(mapping.items())


def is_row(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Whether a value is an array whose items have their places."""
    return isinstance(value, list | tuple)


def _array_of(value: Any) -> Iterable[Any] | None:
    if _is_writable(value):
        return value
    return list(value) if _is_array(value) else None


def _is_writable(value: object) -> TypeGuard[Iterable[Any]]:
    return isinstance(value, list | tuple | set | frozenset)


def _is_array(value: object) -> TypeGuard[Iterable[Any]]:
    return isinstance(value, Sequence | abc.Set) and not isinstance(value, _TEXTS)


def _fill_tuple(mirror: Mirror, items: list[Mirror]) -> None:
    def fit(value: Any) -> Any:
        if not is_row(value) or len(value) != len(items):
            raise unfit(mirror.expected, value)
        fitted = fit_each(enumerate(zip(value, items, strict=True)))
        return value if are_same(value, fitted) else tuple(fitted)

    mirror.roots = frozenset({tuple})
    mirror.is_trusted = all(item.is_trusted for item in items)
    mirror.fit = fit


def fit_each(places: Iterable[tuple[Any, tuple[Any, Mirror]]]) -> list[Any]:
    """Values that have a mirror each, by the step that leads to them.

    Raises:
        UnfitError: with the faults of every value.
    """
    fitted: list[Any] = []
    faults: list[Fault] = []
    for step, (value, mirror) in places:
        try:
            fitted.append(value if type(value) in mirror.classes else mirror.fit(value))
        except UnfitError as error:
            faults += error.below(step)
    if faults:
        raise UnfitError(faults)
    return fitted


def are_same(values: Iterable[Any], fitted: Iterable[Any]) -> bool:
    """Whether fitting changed none of the values."""
    return all(new is old for old, new in zip(values, fitted, strict=True))


def _fill_mapping(mirror: Mirror, key: Mirror, value: Mirror, build: Build) -> None:
    checks_keys = build.is_strict and not key.is_open

    def fit(mapping: Any) -> Any:
        if not is_mapping(mapping):
            raise unfit(mirror.expected, mapping)
        given = as_dict(mapping)
        if checks_keys:
            given = _with_keys(given, key)
        if value.is_open or value.classes.issuperset(map(type, values_of(given))):
            return given
        return _fitted(given, value)

    mirror.roots = frozenset({dict})
    mirror.is_trusted = value.is_trusted
    if value.is_open and not checks_keys:
        mirror.classes = mirror.roots
    mirror.fit = fit


def _fitted(given: dict[Any, Any], value: Mirror) -> dict[Any, Any]:
    names, values = list(keys_of(given)), list(values_of(given))
    places = zip(names, values, strict=True)
    fitted = fit_each((str(name), (old, value)) for name, old in places)
    return given if are_same(values, fitted) else dict(zip(names, fitted, strict=True))


def _with_keys(given: dict[Any, Any], key: Mirror) -> dict[Any, Any]:
    names = list(keys_of(given))
    fitted = fit_each((str(name), (name, key)) for name in names)
    return given if are_same(names, fitted) else dict(zip(fitted, values_of(given), strict=True))
