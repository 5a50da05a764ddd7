"""What is inferred of a link: of its function, with what it is called with.

What a link is called with depends on those around it: whoever has the context may put something
else in the place of the request and its parts. So what Portico converts is known to be what it is
declared to be only where nobody does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from portico._binding import read_context
from portico._context import Context
from portico._declared_types import text_kinds
from portico._inference import Inferred, infer
from portico._key import Use, key_of
from portico._known_types import (
    BYTES,
    NONE,
    STR,
    UNKNOWN,
    Kinds,
    MayBlock,
    Origin,
    Value,
    joined,
    kinds_of_object,
    one,
)
from portico._signature import EMPTY

if TYPE_CHECKING:
    from portico._argument import Argument
    from portico._link import Link

_REQUEST: Final = frozenset({"request", "route"})
_PARTS: Final = frozenset({"request", "route", "params", "body"})


def inferred(link: Link) -> Inferred:
    """What is inferred of a link; of one function on many routes it is worked out once."""
    try:
        given = _given(link)
    except MayBlock as reason:
        return Inferred(is_straight=False, reason=str(reason))
    if link.chain is None:
        return infer(link.fn, given)
    known = link.chain.surroundings.inferred
    key = (id(link.fn), *((name, value.kinds) for name, value in given.items()))
    found = known.get(key)
    if found is None:
        found = known[key] = infer(link.fn, given, link.chain)
    return found


def _given(link: Link) -> dict[str, Value]:
    """What is known of the values of the parameters.

    Raises:
        MayBlock: what gives one of them may block.
    """
    replaced = None if link.chain is None else link.chain.replaced(link)
    if link.is_bound:
        return _bound(link, replaced)
    parameters = link.signature.parameters
    if not parameters:
        return {}
    given = {parameters[0].name: _context(replaced)}
    # What comes with the context is of the types that the event says, which others may extend.
    for parameter in parameters[1:]:
        given[parameter.name] = UNKNOWN
    return given


def _context(replaced: frozenset[str] | None) -> Value:
    if replaced is None or not replaced.isdisjoint(_REQUEST):
        return Value(name="ctx")
    return Value(one(Context), name="ctx")


def _bound(link: Link, replaced: frozenset[str] | None) -> dict[str, Value]:
    annotations = link.signature.annotations()
    defaults = {each.name: each.default for each in link.signature.parameters}
    given: dict[str, Value] = {}
    for argument in link.plan.arguments:
        name = argument.name
        if argument.read is read_context:
            given[name] = _context(replaced)
        elif argument.is_key:
            use = defaults[name]
            origin = Origin(key_of(use)) if isinstance(use, Use) else None
            given[name] = Value(name=name, origin=origin)
        else:
            kinds = _converted(argument, annotations.get(name, EMPTY), replaced, link)
            if defaults[name] is not EMPTY:
                kinds = joined((kinds, kinds_of_object(defaults[name])))
            given[name] = Value(kinds, name=name)
    return given


def _converted(
    argument: Argument, annotation: Any, replaced: frozenset[str] | None, link: Link
) -> Kinds:
    """What a parameter holds that is converted from a part of the request."""
    try:
        kinds = _declared(argument, annotation)
        if replaced is None or not replaced.isdisjoint(_PARTS):
            raise MayBlock("another function may have put something else in the place of")
    except MayBlock as reason:
        if link.signature.is_async:  # which is not what is read, but what reads it
            return None
        raise MayBlock(f"takes `{argument.name}`, which {reason}") from None
    return kinds


def _declared(argument: Argument, annotation: Any) -> Kinds:
    if not argument.part:
        # A text that is left out is None where that is admitted, as the annotation says.
        return text_kinds(annotation)
    from portico._part_types import part_kinds

    if argument.part != "body":
        return part_kinds(annotation)
    from portico._binding_body import without_none

    inner, optional = without_none(annotation)
    if inner in (bytes, str):
        kinds = BYTES if inner is bytes else STR
    elif argument.body == "auto":
        kinds = part_kinds(inner)
    else:  # a form, a file or a stream, of which nothing is known but that it is Portico's
        kinds = None
    return joined((kinds, NONE)) if optional else kinds
