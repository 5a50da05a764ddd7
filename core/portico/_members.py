"""The fields of a class, with the types that they have there: generics bound, names evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, get_args, get_origin, get_type_hints

from portico._type_forms import substituted


def hints_of(tp: Any) -> dict[str, Any]:
    """The annotations of a class and its bases, with the arguments that `Page[User]` gives them.

    Raises:
        NameError: an annotation names what is not defined.
    """
    cls = get_origin(tp) or tp
    if is_typed_dict(cls):
        return _typed_dict_hints(tp)
    bindings: dict[Any, dict[Any, Any]] = {}
    _bind(tp, {}, bindings)
    hints: dict[str, Any] = {}
    for owner in reversed(cls.__mro__):
        own: Mapping[str, Any] = getattr(owner, "__annotations__", {})
        if own:
            evaluated = _evaluated(owner)
            bound = bindings.get(owner, {})
            hints |= {name: substituted(evaluated[name], bound) for name in own}
    return hints


def is_typed_dict(cls: Any) -> bool:
    """Whether a class is a TypedDict, of `typing` or `typing_extensions`."""
    # By its attribute: each of the two modules has a metaclass of its own.
    return hasattr(cls, "__required_keys__") and issubclass(cls, dict)


def is_record(cls: Any) -> bool:
    """Whether a class is a TypedDict or a named tuple."""
    return is_typed_dict(cls) or (hasattr(cls, "_fields") and issubclass(cls, tuple))


def required_keys(cls: Any, hints: Mapping[str, Any]) -> frozenset[str]:
    """The keys that a TypedDict must have.

    With `from __future__ import annotations` the class itself does not see `Required` and
    `NotRequired`, so they are read from the evaluated annotations.
    """
    required = set(cls.__required_keys__)
    for name, hint in hints.items():
        qualifiers = _qualifiers(hint)
        if "NotRequired" in qualifiers:
            required.discard(name)
        elif "Required" in qualifiers:
            required.add(name)
    return frozenset(required)


def _qualifiers(hint: Any) -> set[str]:
    names: set[str] = set()
    while get_origin(hint) is not None and get_args(hint):
        name = getattr(get_origin(hint), "_name", None)
        if name is None:  # Annotated and every generic class
            break
        names.add(name)
        hint = get_args(hint)[0]
    return names


def _typed_dict_hints(tp: Any) -> dict[str, Any]:
    """A TypedDict forgets its bases, and has their annotations as if they were its own."""
    cls = get_origin(tp) or tp
    bound = dict(zip(getattr(cls, "__parameters__", ()), get_args(tp), strict=False))
    inherited: dict[str, Any] = {}
    raw: dict[str, Any] = {}
    for base in getattr(cls, "__orig_bases__", ()):
        if is_typed_dict(get_origin(base) or base):
            raw |= _evaluated(get_origin(base) or base)
            inherited |= _typed_dict_hints(substituted(base, bound))
    return {
        name: inherited[name] if raw.get(name) == hint else substituted(hint, bound)
        for name, hint in _evaluated(cls).items()
    }


def _evaluated(cls: Any) -> dict[str, Any]:
    # The class's own name is there for a class inside a function that contains itself.
    return get_type_hints(cls, None, {cls.__name__: cls}, include_extras=True)


def _bind(tp: Any, outer: Mapping[Any, Any], bindings: dict[Any, dict[Any, Any]]) -> None:
    """Collect, for each generic class above `tp`, what its type variables stand for."""
    cls = get_origin(tp) or tp
    if cls is Generic or not isinstance(cls, type):
        return
    arguments = [substituted(argument, outer) for argument in get_args(tp)]
    own = dict(zip(getattr(cls, "__parameters__", ()), arguments, strict=False))
    bindings.setdefault(cls, own)
    for base in cls.__dict__.get("__orig_bases__", cls.__bases__):
        _bind(base, own, bindings)
