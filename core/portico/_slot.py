"""`Slot`: what the values of one status are held to."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
)
from types import GenericAlias, NoneType
from typing import Any, Final, get_args, get_origin

from portico._reply import Problem
from portico._type_forms import bare, is_union, resolved, type_name, union_of

_STREAMS: Final = frozenset({AsyncGenerator, AsyncIterator, Generator, Iterator})
_ITERABLES: Final = frozenset({AsyncIterable, Iterable})

# What passes by its class alone, so that the most common answers load no mirror and no msgspec.
_SIMPLE: Final[dict[Any, tuple[type, ...]]] = {
    NoneType: (NoneType,),
    bool: (bool,),
    bytes: (bytes,),
    dict: (dict,),
    float: (float, int),
    int: (int,),
    list: (list,),
    str: (str,),
}


class Slot:
    """What the values of one status are held to.

    Args:
        tp: their type.
        strict: whether they are validated, or trusted as far as nothing undeclared can leave.

    Attributes:
        classes: a value of exactly one of these passes as it is.
        is_open: whether every value passes.
        item: of a stream's items, where streams are declared.
        is_simple: whether every value but those of a stream is held to its class alone.
        takes_none: whether None is declared.
        takes_problem: whether a `Problem` is.
    """

    __slots__ = (
        "_fit",
        "_rest",
        "_strict",
        "classes",
        "is_open",
        "is_simple",
        "item",
        "takes_none",
        "takes_problem",
        "type",
    )

    def __init__(self, tp: Any, *, strict: bool = False) -> None:
        self.type = tp
        self._strict = strict
        members = [(member, bare(member)) for member in _members(tp)]
        self.is_open = any(known is Any or known is object for _, known in members)
        self.takes_none = self.is_open or any(known is NoneType for _, known in members)
        self.takes_problem = any(
            isinstance(known, type) and issubclass(known, Problem) for _, known in members
        )
        items = [item for _, known in members for item in _items_of(known)]
        self.item = Slot(union_of(items), strict=strict) if items else None
        self._rest = [kept for member, known in members for kept in _kept(member, known)]
        plain = [member for member in self._rest if isinstance(member, type)]
        simple = [each for member in plain for each in _SIMPLE.get(member, ())]
        self.classes: frozenset[type] = frozenset(simple)
        self.is_simple = len(plain) == len(self._rest) and all(each in _SIMPLE for each in plain)
        self._fit: Callable[[Any], Any] | None = None

    def fit(self, value: Any) -> Any:
        """The value to send in the place of another, which is no stream and no awaitable.

        Raises:
            UnfitError: the value is not of the type.
            DefinitionError: the type has no form on the wire.
        """
        if self.is_open or type(value) in self.classes:
            return value
        return (self._fit or self.prepare())(value)

    def check(self) -> None:
        """Raise what `prepare` would; what is sure to have a form waits for the first value.

        Raises:
            DefinitionError: the type has no form on the wire.
        """
        if self.item is not None:
            self.item.check()
        if not self._is_sure:
            self._mirrored()

    def build(self) -> None:
        """Build what `check` leaves, now."""
        if self.item is not None:
            self.item.build()
        if self._is_sure:
            self._mirrored()

    @property
    def _is_sure(self) -> bool:
        return not self._rest or (
            not self._strict and len(self._rest) == 1 and _is_sure(self._rest[0], set())
        )

    def prepare(self) -> Callable[[Any], Any]:
        """Build what the first value would else wait for.

        Raises:
            DefinitionError: the type has no form on the wire.
        """
        if self.item is not None:
            self.item.prepare()
        return self._mirrored()

    def _mirrored(self) -> Callable[[Any], Any]:
        if self._fit is None and self._rest and not self.is_open:
            from portico._mirror_build import mirror_of

            mirror = mirror_of(union_of(self._rest), strict=self._strict)
            self.classes |= {each for each in mirror.classes if not _comes_later(each)}
            self._fit = mirror.fit
        return self._fit or self._refuse

    def _refuse(self, value: Any) -> Any:
        from portico._mirror import unfit

        raise unfit(f"`{type_name(self.type)}`", value)


def _is_sure(tp: Any, seen: set[type]) -> bool:
    """Whether a type can be seen at a glance to have a form on the wire, as most answers' can.

    Such are Structs of scalars, of lists, and of such Structs, without quoted annotations. A false
    says nothing: the mirror of the type is built to find out.
    """
    if get_origin(tp) is list:
        return all(_is_sure(argument, seen) for argument in get_args(tp))
    if not isinstance(tp, type):
        return False
    if tp in _SIMPLE or tp is Problem or tp in seen:
        return True
    return hasattr(tp, "__struct_config__") and _is_plain(tp, seen)


def _is_plain(struct: type, seen: set[type]) -> bool:
    """Whether a class is a Struct like that."""
    from msgspec import StructMeta

    from portico._schema import adapter_for

    seen.add(struct)
    if (
        type(struct) is not StructMeta
        or getattr(struct, "__abstractmethods__", None)
        or hasattr(struct, "__orig_bases__")
        or adapter_for(struct) is not None
    ):
        return False
    try:
        fields = [each for owner in struct.__mro__ for each in _annotations(owner).values()]
    except NameError:  # of a name that is defined later (PEP 649)
        return False
    return all(_is_sure(each, seen) for each in fields)


def _annotations(owner: type) -> dict[str, Any]:
    found: dict[str, Any] = getattr(owner, "__annotations__", {})
    return found


def _comes_later(cls: type) -> bool:
    """Whether values of a class are awaited, or may be sent item by item."""
    return any(hasattr(cls, name) for name in ("__await__", "__next__", "__anext__"))


def _members(tp: Any) -> list[Any]:
    known = resolved(tp)
    if not is_union(bare(known)):
        return [known]
    return [each for member in get_args(bare(known)) for each in _members(member)]


def _items_of(tp: Any) -> list[Any]:
    if (get_origin(tp) or tp) in _STREAMS | _ITERABLES:
        return [(get_args(tp) or (Any,))[0]]
    return []


def _kept(member: Any, known: Any) -> list[Any]:
    """What of a member is declared for values that are no streams."""
    origin = get_origin(known) or known
    if origin in _STREAMS or origin is AsyncIterable:
        return []
    if origin is Iterable:
        arguments: Any = get_args(known) or (Any,)
        return [GenericAlias(Collection, arguments[:1])]
    return [member]


_slots: Final[dict[tuple[Any, bool], Slot]] = {}


def slot_of(tp: Any, *, strict: bool) -> Slot:
    """The slot of a type; routes that declare the same share it, with the mirror that it builds."""
    try:
        known = _slots.get((tp, strict))
        if known is None:
            known = _slots[tp, strict] = Slot(tp, strict=strict)
    except TypeError:  # not hashable: metadata of an Annotated, say
        return Slot(tp, strict=strict)
    return known
