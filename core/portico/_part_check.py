"""Schemas of guards, groups and routes: what a part of the request is held to."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from portico._binding import PAIRS
from portico._errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico._context import Context
    from portico._fault import Fault
    from portico._hook import Hook


def part_check(hook: Hook) -> Callable[[Context, list[Fault]], None]:
    """A function that holds the hook's part to its type, and adds what is wrong with it.

    Raises:
        DefinitionError: the part cannot have the type.
    """
    from portico._faults import SchemaError

    read = _reading(hook)

    def check(ctx: Context, faults: list[Fault]) -> None:
        try:
            read(ctx)
        except SchemaError as error:
            faults.extend(error.faults)

    return check


def _reading(hook: Hook) -> Callable[[Context], object]:
    where = f"The schema of {hook.matches!r} ({hook.where})"
    if hook.matches == "body":
        from portico._binding_body import body_reading

        read, need = body_reading(hook.target, where, is_async=True)
        if need == "stream":
            raise DefinitionError(f"{where} is a stream, which cannot be checked beforehand.")
        return read
    from portico._faults import SchemaError
    from portico._schema import schema_for

    part, pairs_of = ("path" if hook.matches == "params" else hook.matches, PAIRS[hook.matches])
    try:
        schema = schema_for(hook.target)
        with suppress(SchemaError):
            schema.validate_strings((), part=part)
    except DefinitionError as error:
        raise DefinitionError(f"{where} cannot be validated: {error}") from error
    return lambda ctx: schema.validate_strings(pairs_of(ctx), part=part)
