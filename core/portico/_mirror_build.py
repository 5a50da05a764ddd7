"""Builds the mirror of a type; loaded with the first answer that is held to more than a scalar."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args, get_origin

from portico._errors import DefinitionError
from portico._members import is_record
from portico._mirror import Mirror
from portico._mirror_containers import fill_container
from portico._mirror_objects import fill_object
from portico._mirror_scalars import (
    fill_limited,
    fill_literal,
    fill_open,
    fill_plain_class,
    fill_scalar,
    has_limits,
)
from portico._schema import adapter_for
from portico._server_sent_event import ServerSentEvent
from portico._type_forms import bare, is_union, metadata_of, resolved, type_name

_mirrors: Final[dict[tuple[Any, bool], Mirror]] = {}


def mirror_of(tp: Any, *, strict: bool = False) -> Mirror:
    """The mirror of a type; the same object each time it is asked for.

    Args:
        tp: the type of an answer, or of a part of one.
        strict: validate the whole value, and report every fault in it.

    Raises:
        DefinitionError: the type has no form on the wire, or names what is not defined.
    """
    try:
        known = _mirrors.get((tp, strict))
    except TypeError:  # not hashable: metadata of an Annotated, say
        known = None
    if known is not None:
        return known
    build = _Build(strict)
    try:
        mirror = build.of(tp)
    except NameError as error:
        raise DefinitionError(
            f"The type `{type_name(tp)}` names something that is not defined: {error}. Import the "
            "name where the type is declared, not only under TYPE_CHECKING."
        ) from error
    # At the end and at once: another thread must not meet a mirror that is half built.
    _mirrors.update({(each, strict): done for each, done in build.memo.items()})
    return mirror


class _Build:
    """One build; its memo lets types contain themselves."""

    __slots__ = ("is_strict", "memo")

    def __init__(self, is_strict: bool) -> None:
        self.is_strict = is_strict
        self.memo: dict[Any, Mirror] = {}

    def of(self, tp: Any) -> Mirror:
        """See `Build.of`."""
        tp = resolved(tp)
        if metadata_of(tp) and not (self.is_strict and has_limits(tp)):
            return self.of(bare(tp))
        mirror = Mirror()
        try:
            known = self.memo.get(tp) or _mirrors.get((tp, self.is_strict))
            if known is not None:
                return known
            self.memo[tp] = mirror
        except TypeError:  # not hashable
            self._fill(mirror, tp)
            return mirror
        try:
            self._fill(mirror, tp)
        except BaseException:
            del self.memo[tp]
            raise
        return mirror

    def _fill(self, mirror: Mirror, tp: Any) -> None:
        if metadata_of(tp):
            fill_limited(mirror, self.of(bare(tp)), bare(tp), tp)
        elif tp is Any or tp is object:
            fill_open(mirror)
        elif is_union(tp):
            self._fill_union(mirror, tp)
        elif get_origin(tp) is Literal:
            fill_literal(mirror, tp)
        else:
            self._fill_class(mirror, tp)

    def _fill_union(self, mirror: Mirror, tp: Any) -> None:
        from portico._mirror_union import fill_union

        members = [self.of(member) for member in _flat(tp)]
        if any(member.is_open for member in members):
            fill_open(mirror)
        else:
            fill_union(mirror, members)

    def _fill_class(self, mirror: Mirror, tp: Any) -> None:
        origin = get_origin(tp) or tp
        if not isinstance(origin, type):
            raise DefinitionError(
                f"An answer is declared as `{type_name(tp)}`, which is not a type at run time. "
                "Declare a class, a container or a union of these, without quotes inside."
            )
        schema = adapter_for(tp)
        if origin is ServerSentEvent:
            from portico._mirror_events import fill_event

            fill_event(mirror, tp, self)
        elif schema is not None:
            from portico._mirror_models import fill_adapted

            fill_adapted(mirror, origin, schema, self)
        elif not (
            fill_object(mirror, origin, tp, self)
            or (is_record(origin) and self._fill_record(mirror, origin, tp))
            or fill_scalar(mirror, origin)
            or fill_container(mirror, origin, tp, self)
        ):
            fill_plain_class(mirror, origin)

    def _fill_record(self, mirror: Mirror, origin: Any, tp: Any) -> bool:
        from portico._mirror_records import fill_record

        fill_record(mirror, origin, tp, self)
        return True


def _flat(tp: Any) -> list[Any]:
    """The members of a union, those of unions behind aliases among them."""
    found: list[Any] = []
    for member in get_args(tp):
        inner = resolved(member)
        found += _flat(inner) if is_union(inner) else [inner]
    return found
