"""What a function is supposed to find, where nobody enforces what is declared.

The value of a key, or of a variable of the module, is made by somebody else's code. A function that
is straight-line code *as long as such values are of exactly the declared classes* says so, and the
classes are looked at each time before it is called (`_supposed`): where they are others, it goes
the way of a function that may block. Whatever is not looked at is not known.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from portico._errors import DefinitionError
from portico._known_types import Kinds, Origin, Value, Variable, joined

if TYPE_CHECKING:
    from types import FunctionType

    from portico._chain import Chain
    from portico._key import Key


class Supposition(NamedTuple):
    """Of which classes a value has to be, or which one it is.

    Attributes:
        origin: where the value comes from.
        classes: one of these exactly; empty where it is to be a certain object.
        value: that object, a function.
    """

    origin: Origin
    classes: tuple[type, ...]
    value: object = None

    def __str__(self) -> str:
        if not self.classes:
            return f"`{self.origin}` is the function that it was"
        names = sorted(cls.__qualname__.replace("NoneType", "None") for cls in self.classes)
        return f"`{self.origin}` is {' or '.join(names)}"


class Supposing:
    """What is supposed while a function is gone through.

    Args:
        chain: the chain in which it stands, which says what its keys are; None for none.
        is_on: whether anything is supposed; else it is only noted that something might be.

    Attributes:
        found: what is, by what it is of, in the order in which that is read.
        might: whether something was, or might have been, supposed.
    """

    __slots__ = ("_chain", "found", "is_on", "might")

    def __init__(self, chain: Chain | None, *, is_on: bool) -> None:
        self._chain = chain
        self.is_on = is_on
        self.might = False
        self.found: dict[Origin, Supposition] = {}

    def key(self, key: Key[Any], name: str = "") -> Value:
        """The value of a key, which the code calls by a name, or `ctx[key]`."""
        self.might = True
        kinds: Kinds = None
        if self.is_on and self._chain is not None:
            from portico._supposed_types import kinds_of_key

            with suppress(DefinitionError):  # of its annotations, which somebody else reports
                kinds = kinds_of_key(key, self._chain)
        return self._value(Origin(key), kinds, name)

    def variable(self, holder: object, name: str, value: object) -> Value:
        """The value of a name from around the function, which is `value` now."""
        self.might = True
        kinds: Kinds = None
        if self.is_on:
            from portico._supposed_types import kinds_of_class

            kinds = kinds_of_class(type(value))
        return self._value(Origin(Variable(holder, name)), kinds, name)

    def function(self, holder: object, name: str, function: FunctionType) -> Value:
        """A function that a name from around another one stands for now."""
        self.might = True
        if not self.is_on:
            return Value(name=name)
        origin = Origin(Variable(holder, name))
        self.found[origin] = Supposition(origin, (), function)
        return Value(known=function, name=name)

    def field(self, holder: Value, name: str) -> Value | None:
        """The value of a field of something that is looked at; None where it is not."""
        if holder.origin is None or not holder.kinds:
            return None
        from portico._supposed_types import kinds_of_field

        classes = [kind.cls for kind in holder.kinds if kind.is_kept]
        kinds = joined(kinds_of_field(cls, name) for cls in classes)
        origin = Origin(holder.origin.root, (*holder.origin.fields, name))
        return self._value(origin, kinds, name)

    def _value(self, origin: Origin, kinds: Kinds, name: str) -> Value:
        if not kinds:
            return Value(name=name)
        self.found[origin] = Supposition(origin, tuple({kind.cls for kind in kinds}))
        return Value(kinds, name=name, origin=origin)

    def suppositions(self) -> tuple[Supposition, ...]:
        """What is to be looked at, each after what it is a field of."""
        return tuple(self.found.values())
