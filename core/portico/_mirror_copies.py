"""How an object of a declared class is made of the attributes of another, nobody's code run.

The other object was built already, by a subclass or by the class itself, and what its constructor
and `__post_init__` did is in its attributes. To run them again could undo or refuse that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeAlias, cast

Copy: TypeAlias = Callable[[dict[str, Any]], Any]


def attribute_copier(cls: Any) -> Copy:
    """The copier of a dataclass or attrs class, frozen and slotted ones among them."""

    def copy(attributes: dict[str, Any]) -> Any:
        made = cls.__new__(cls)
        for name, value in attributes.items():
            object.__setattr__(made, name, value)
        return made

    return copy


def struct_copier(cls: Any) -> Copy:
    """The copier of a Struct."""
    if not hasattr(cls, "__post_init__") or _watches_subclasses(cls):
        return lambda attributes: cls(**attributes)
    made_by: list[Any] = []  # made for the first copy: most classes never need one

    def copy(attributes: dict[str, Any]) -> Any:
        if not made_by:
            made_by.append(_without_post_init(cls))
        made = made_by[0](**attributes)
        made.__class__ = cls
        return made

    return copy


def model_copier(cls: Any) -> Callable[[Any], Any]:
    """The copier of a pydantic model; it takes the other model itself."""

    def copy(value: Any) -> Any:
        made = cls.__new__(cls)
        names = cls.model_fields.keys()
        own = {name: each for name, each in attributes_of(value).items() if name in names}
        private: dict[str, Any] = value.__pydantic_private__ or {}
        kept = {k: v for k, v in private.items() if k in cls.__private_attributes__}
        object.__setattr__(made, "__dict__", own)
        object.__setattr__(made, "__pydantic_fields_set__", value.model_fields_set & names)
        allows = cls.model_config.get("extra") == "allow"
        extra: dict[str, Any] = value.__pydantic_extra__ or {}
        object.__setattr__(made, "__pydantic_extra__", extra if allows else None)
        has_private = bool(cls.__private_attributes__)
        object.__setattr__(made, "__pydantic_private__", kept if has_private else None)
        return made

    return copy


def attributes_of(value: Any) -> dict[str, Any]:
    """What an object has in its `__dict__`."""
    return cast("dict[str, Any]", value.__dict__)


def _do_nothing(made: object) -> None:
    pass


def _watches_subclasses(cls: Any) -> bool:
    """Whether a hidden subclass would be noticed: then `__post_init__` is the lesser evil."""
    owners = (owner for owner in cls.__mro__ if owner not in (object, Generic))
    return any("__init_subclass__" in vars(owner) for owner in owners)


def _without_post_init(cls: Any) -> Any:
    """A subclass with the same layout whose objects become ones of `cls` by assignment.

    msgspec has no other way to make a Struct without `__post_init__`.
    """
    return type(cls)(
        cls.__name__,
        (cls,),
        {"__post_init__": _do_nothing, "__module__": cls.__module__},
        frozen=False,
        tag=cls.__struct_config__.tag,
    )
