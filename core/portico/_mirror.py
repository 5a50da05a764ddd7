"""`Mirror`: how a value is made to show what its declared type has, and nothing more.

Theory of operation. A mirror is built once for each declared type. Given a value it returns

- the same object, where every class in it is exactly the declared one: nothing has to change;
- a copy of what differs, where some value is of a subclass, has undeclared keys, or is a dict in
  the place of a class. The value itself is never changed;
- or it raises `UnfitError` with every place that cannot be made to fit.

What a value may skip is decided when the mirror is built. `classes` are those whose exact values
need no look inside: scalars, and classes of scalars. `is_trusted` says of a type that nothing in it
can carry undeclared fields, so that a field of it is not looked at in an exact instance. A strict
mirror trusts nothing, checks the constraints of `Annotated` too, and finds every fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from portico._faults import MAX_FAULTS, MISSING, pointer_to

if TYPE_CHECKING:
    from portico._fault import Fault

Fit: TypeAlias = Callable[[Any], Any]

PART: Final = "response"
_NONE: Final[frozenset[type]] = frozenset()


class UnfitError(Exception):
    """A value cannot be made to fit its declared type.

    Attributes:
        faults: where and why, never none.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)[:MAX_FAULTS]
        super().__init__("; ".join(str(fault) for fault in self.faults[:10]))

    def below(self, step: str | int) -> tuple[Fault, ...]:
        """The same faults as seen from the value around this one."""
        start = pointer_to("", step)
        return tuple(fault._replace(pointer=start + fault.pointer) for fault in self.faults)


def unfit(expected: str, found: object = MISSING, at: str = "") -> UnfitError:
    """The error of one place."""
    from portico._fault import Fault

    return UnfitError([Fault(PART, at, expected, found)])


def _unfinished(value: Any) -> Any:
    raise RuntimeError(f"A mirror was asked for {value!r} before it was built.")


class Mirror:
    """What values of one type are held to. Call it with a value.

    Attributes:
        classes: a value of exactly one of these passes as it is, unseen.
        fit: of any other value: itself, a copy, or an `UnfitError`.
        expected: the type in words.
        roots: the classes whose values, subclasses among them, are meant for this type in a union.
        keys: the names that an object of this type has in JSON, where it is one.
        is_open: whether every value passes.
        is_trusted: whether nothing in it can carry undeclared fields.
    """

    __slots__ = ("classes", "expected", "fit", "is_open", "is_trusted", "keys", "roots")

    def __init__(self) -> None:
        self.classes: frozenset[type] = _NONE
        self.fit: Fit = _unfinished
        self.expected: str = ""
        self.roots: frozenset[type] = _NONE
        self.keys: frozenset[str] | None = None
        self.is_open = False
        self.is_trusted = False

    def __call__(self, value: Any) -> Any:
        """The value to send in the place of `value`."""
        return value if type(value) in self.classes else self.fit(value)

    def become(self, other: Mirror) -> None:
        """Take over what another mirror does: this one is an alias of its type."""
        for name in Mirror.__slots__:
            setattr(self, name, getattr(other, name))


class Build(Protocol):
    """What builds the mirrors of the types inside a type."""

    @property
    def is_strict(self) -> bool:
        """Whether the mirrors validate what they would else trust."""
        ...

    def of(self, tp: Any) -> Mirror:
        """The mirror of a type; it may be unfinished while the type around it is built."""
        ...


def fit_all(values: Iterable[Any], mirror: Mirror) -> tuple[list[Any], bool]:
    """Every value fitted, and whether one of them changed.

    Raises:
        UnfitError: with the faults of every value.
    """
    classes, fit = mirror.classes, mirror.fit
    fitted: list[Any] = []
    faults: list[Fault] = []
    changed = False
    for index, value in enumerate(values):
        if type(value) not in classes:
            try:
                new = fit(value)
            except UnfitError as error:
                faults += error.below(index)
                continue
            changed = changed or new is not value
            fitted.append(new)
        else:
            fitted.append(value)
    if faults:
        raise UnfitError(faults)
    return fitted, changed
