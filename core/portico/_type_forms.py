"""What an annotation says behind its aliases: unions, new types, type variables, generics."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, NewType, TypeVar, Union, get_args, get_origin

_QUALIFIERS: Final = frozenset({"Required", "NotRequired", "ReadOnly", "Final", "ClassVar"})


def resolved(tp: Any) -> Any:
    """The type that an alias, a new type, a type variable or a qualifier stands for.

    `Annotated` is kept, for its metadata; a type variable that nothing binds is its default, its
    bound, the union of its constraints, or `Any`.
    """
    while True:
        if isinstance(tp, type):  # the most common, and nothing else
            return tp
        if tp is None:
            return NoneType
        if isinstance(tp, NewType):
            tp = tp.__supertype__
        elif isinstance(tp, TypeVar):
            tp = _of_variable(tp)
        elif _is_alias(tp):
            tp = tp.__value__
        elif _is_alias(get_origin(tp)):
            alias = get_origin(tp)
            bound = dict(zip(alias.__type_params__, get_args(tp), strict=False))
            tp = substituted(alias.__value__, bound)
        elif _name(get_origin(tp)) in _QUALIFIERS and len(get_args(tp)) == 1:
            (tp,) = get_args(tp)
        else:
            return tp


def bare(tp: Any) -> Any:
    """The resolved type without what `Annotated` adds to it."""
    if isinstance(tp, type):
        return tp
    tp = resolved(tp)
    while get_origin(tp) is Annotated:
        tp = resolved(tp.__origin__)
    return tp


def metadata_of(tp: Any) -> tuple[Any, ...]:
    """What `Annotated` adds to a type."""
    return tuple(tp.__metadata__) if get_origin(tp) is Annotated else ()


def is_union(tp: Any) -> bool:
    """Whether a resolved type is a union, of either spelling."""
    return not isinstance(tp, type) and get_origin(tp) in (Union, UnionType)


def union_of(types: list[Any]) -> Any:
    """One type of several; `types` is not empty."""
    return types[0] if len(types) == 1 else Union[tuple(types)]  # noqa: UP007 - known only here


def substituted(tp: Any, bound: Mapping[Any, Any]) -> Any:
    """The type with its variables replaced; those that `bound` does not have stay."""
    if isinstance(tp, TypeVar):
        return bound.get(tp, tp)
    parameters: Any = getattr(tp, "__parameters__", ())
    if not bound or isinstance(tp, type) or not parameters:
        return tp
    return tp[tuple(bound.get(parameter, parameter) for parameter in parameters)]


def type_name(tp: Any) -> str:
    """A type as a developer writes it: `list[User]`."""
    if tp is NoneType:
        return "None"
    if isinstance(tp, type) and not get_args(tp):
        return tp.__qualname__.rpartition("<locals>.")[2]
    if is_union(tp):
        return " | ".join(type_name(member) for member in get_args(tp))
    origin = get_origin(tp)
    if not isinstance(origin, type):
        return str(tp).replace("typing.", "")
    return f"{type_name(origin)}[{', '.join(type_name(argument) for argument in get_args(tp))}]"


def _of_variable(variable: Any) -> Any:
    if getattr(variable, "has_default", bool)():
        return variable.__default__
    if variable.__bound__ is not None:
        return variable.__bound__
    return union_of(list(variable.__constraints__)) if variable.__constraints__ else Any


def _is_alias(tp: Any) -> bool:
    # By name: `typing` has the class from Python 3.12 on, and `typing_extensions` its own before.
    return type(tp).__name__ == "TypeAliasType"


def _name(tp: Any) -> str:
    return getattr(tp, "_name", None) or getattr(tp, "__name__", "") or ""
