"""What is known of a value before the code that has it runs: its exact class, and what it holds.

Nothing is known of most values. What is known is certain: it is a constant of the code, or Portico
made the value itself, by converting a part of the request or by a call that always gives the same.
An annotation alone is no knowledge, nor is a subclass its base: either may do anything when it is
compared, formatted or asked for an attribute.
"""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType, ModuleType, NoneType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from portico._key import Key

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(NamedTuple):
    """One thing that a value may be.

    Attributes:
        cls: its exact class.
        item: what it holds, of a list, tuple, set or dict (there the values; the keys of a dict
            that is known are plain); None where that is not known.
        is_checked: of a Struct, whether its fields have the types that they declare.
        is_kept: whether others may have it as well, so that nothing is put into it here.
    """

    cls: type
    item: Kinds = None
    is_checked: bool = False
    is_kept: bool = False


Kinds: TypeAlias = "frozenset[Kind] | None"
"""All that a value may be; None where nothing is known."""


HOOKS: Final = frozenset(
    {
        "__new__",
        "__init__",
        "__post_init__",
        "__getattribute__",
        "__getattr__",
        "__setattr__",
        "__delattr__",
        "__del__",
        "__class__",
    }
)
"""What a class defines to run code of its own where an instance is made, used or dropped."""


class MayBlock(Exception):  # noqa: N818 - it is a finding, and nobody outside sees it
    """Something may block, or is not known not to; the text says what."""


def one(cls: type, item: Kinds = None) -> Kinds:
    """The kinds of a value of one class."""
    return frozenset({Kind(cls, item)})


STR: Final = one(str)
INT: Final = one(int)
FLOAT: Final = one(float)
BOOL: Final = one(bool)
BYTES: Final = one(bytes)
NONE: Final = one(NoneType)
OPTIONAL_STR: Final = frozenset({Kind(str), Kind(NoneType)})
SLICE: Final = one(slice)
NUMBER: Final = frozenset({Kind(int), Kind(float)})
LIST_OF_STR: Final = one(list, STR)

NUMBERS: Final = frozenset({int, float, bool})
CONTAINERS: Final = frozenset({list, tuple, dict, set, frozenset})
PLAIN: Final[set[type]] = {str, int, float, bool, bytes, NoneType}
"""Classes whose values run no code of anybody's when they are compared or hashed; those of the
standard library (`UUID`, `date`, ...) are added where Portico converts to them."""

SCALARS: Final[dict[type, Kinds]] = {
    str: STR,
    int: INT,
    float: FLOAT,
    bool: BOOL,
    bytes: BYTES,
    NoneType: NONE,
}


class _Nothing:
    __slots__ = ()


NOTHING: Final[Any] = _Nothing()
"""Stands for a value that is not known itself."""

MAX_SIZE: Final = 64


class Variable:
    """A name from around a function, whose value others may change: the holder of it, by itself.

    Attributes:
        holder: the globals of its module, or the cell of the function around it.
        name: the name.
    """

    __slots__ = ("holder", "name")

    def __init__(self, holder: Any, name: str) -> None:
        self.holder: Any = holder
        self.name: str = name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Variable):
            return NotImplemented
        return self.holder is other.holder and self.name == other.name

    def __hash__(self) -> int:
        return hash((id(self.holder), self.name))


class Origin(NamedTuple):
    """Where a value comes from that others have made.

    Attributes:
        root: the key, or the name, that it is the value of.
        fields: the fields that lead from there to the value.
    """

    root: Key[Any] | Variable
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.root.name, *self.fields))


class Value:
    """A value on the stack of a function that does not run.

    Attributes:
        kinds: what it may be.
        known: the very object, of a constant, class, function, module or key; else `NOTHING`.
        name: how the code calls it, for people; `""` where it does not.
        size: how large it may be, in the sizes of what came in. A text or number that grows beyond
            `MAX_SIZE` takes a time that nobody bounds.
        origin: where it can be looked at before the code runs; None where that is not known.
    """

    __slots__ = ("kinds", "known", "name", "origin", "size")

    def __init__(
        self,
        kinds: Kinds = None,
        *,
        known: Any = NOTHING,
        name: str = "",
        size: int = 1,
        origin: Origin | None = None,
    ) -> None:
        self.kinds = kinds
        self.known = known
        self.name = name
        self.size = size
        self.origin = origin

    @property
    def is_plain(self) -> bool:
        """Whether it is a scalar of a class that is known."""
        return self.kinds is not None and all(kind.cls in PLAIN for kind in self.kinds)

    @property
    def constant(self) -> Any:
        """The value of a constant of the code, or `NOTHING`."""
        return NOTHING if self.kinds is None else self.known

    def joined(self, other: Value) -> Value:
        """What is known of a value that is either of the two."""
        if self is other:
            return self
        known = self.known if self.known is other.known else NOTHING
        kinds = joined((self.kinds, other.kinds))
        size = max(self.size, other.size)
        origin = self.origin if self.origin == other.origin else None
        return Value(kinds, known=known, name=self.name, size=size, origin=origin)


UNKNOWN: Final = Value()


def joined(kinds: Iterable[Kinds]) -> Kinds:
    """What a value may be that is one of several; a long list is as good as nothing."""
    found = frozenset[Kind]()
    for each in kinds:
        if each is None:
            return None
        found |= each
    return found if len(found) <= 12 else None


def shallow(kinds: Kinds) -> Kinds:
    """The same, unless it is of containers of containers: nothing then, so that all stays small."""
    for kind in kinds or ():
        if any(inner.item is not None for inner in kind.item or ()):
            return None
    return kinds


def kinds_of_object(value: object) -> Kinds:
    """What a value is that never changes: a constant of the code, or a default."""
    cls = type(value)
    if cls in SCALARS:
        return SCALARS[cls]
    if cls is tuple or cls is frozenset:
        items: Iterable[object] = value  # type: ignore[assignment] # it was looked at
        return one(cls, joined(map(kinds_of_object, items)))
    # Members of an enumeration do not change either.
    return one(cls) if type(cls) is not type and cls in PLAIN else None


def constant(value: object) -> Value:
    """A constant of the code."""
    # A slice is one from Python 3.14 on, where its bounds are.
    kinds = SLICE if type(value) is slice else kinds_of_object(value)
    return UNKNOWN if kinds is None else Value(kinds, known=value)


_LASTING: Final = (type, FunctionType, BuiltinFunctionType, Key)


def named(value: object, name: str) -> Value:
    """A value that a name from around the function has now.

    Classes, functions, modules and keys are taken to keep their names: a name that is bound anew
    while requests are served is a patch, and who patches answers for it. Of any other value nothing
    is known, since a variable changes (`db = None` until the start, say).
    """
    cls = type(value)
    if cls is ModuleType or issubclass(cls, _LASTING):
        return Value(known=value, name=name)
    return Value(name=name)
