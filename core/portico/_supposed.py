"""Functions that are straight-line code as long as certain values are of certain classes.

The classes are looked at before each call. Where one is not what was supposed (`_supposition`), the
function is called as one that may block: on a loop it is given to a worker thread, and a coroutine
on a thread goes on to a loop. Either is something to be awaited, as any function may give.
"""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from types import CellType, CoroutineType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from portico._answering import class_of
from portico._known_types import Origin, Variable
from portico._resumption import offload, run_now

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portico._chain import Chain
    from portico._context import Context
    from portico._key import Key
    from portico._link import Link
    from portico._supposition import Supposition

    # Of which value it is a field, or -1; what reads it, of that or of the context; its classes,
    # or else itself.
    Check: TypeAlias = tuple[int, Callable[[Any], Any], tuple[type, ...], object]

_MISSING: Final[Any] = object()
_COROUTINE: Final[Any] = CoroutineType


def supposing_chain(chain: Chain) -> Chain:
    """The chain in which functions stay on the loop as long as what they suppose holds."""
    links = {link: found for link in chain.links() if (found := _supposing(link)) is not None}
    return chain.with_links(links) if links else chain


def _supposing(link: Link) -> Link | None:
    # After the answer, and between the others, no step runs anything.
    if not link.is_inferred or link.kind in ("after_response", "trace"):
        return None
    supposes = link.inferred.supposes
    return link.as_straight(partial(in_place, holding(supposes))) if supposes else None


def in_place(holds: Callable[[Context], bool], call: Callable[..., Any]) -> Callable[..., Any]:
    """What calls a synchronous function in place, or in a thread."""

    def run(ctx: Context, *arguments: Any) -> Any:
        if holds(ctx):
            return call(ctx, *arguments)
        return _in_thread(ctx, partial(call, ctx, *arguments))

    return run


async def _in_thread(ctx: Context, call: Callable[[], Any]) -> Any:
    value = await offload(ctx.platform, call)
    return await value if hasattr(value, "__await__") else value


def at_once(holds: Callable[[Context], bool], call: Callable[..., Any]) -> Callable[..., Any]:
    """What runs a coroutine function to its end where it is called, or gives its coroutine."""

    def run(ctx: Context, *arguments: Any) -> Any:
        pending = call(ctx, *arguments)
        is_over = class_of(pending) is _COROUTINE and holds(ctx)
        return run_now(pending) if is_over else pending

    return run


def holding(supposes: Sequence[Supposition]) -> Callable[[Context], bool]:
    """What says of a request whether all that is supposed holds; it runs no code of anybody's."""
    checks = _checks(supposes)

    def holds(ctx: Context) -> bool:
        values: list[Any] = []
        try:
            for holder, read, classes, same in checks:
                if holder < 0:
                    value = read(ctx)
                elif (value := values[holder]) is not None:
                    value = read(value)
                else:  # which was admitted, and has no fields
                    values.append(None)
                    continue
                cls = class_of(value)
                # By identity: a metaclass may have code to compare or hash it.
                for known in classes:
                    if cls is known:
                        break
                else:
                    if classes or value is not same:
                        return False
                values.append(value)
        except (AttributeError, ValueError):  # a field, or a cell, that has no value
            return False
        return True

    return holds


def _checks(supposes: Sequence[Supposition]) -> list[Check]:
    places = {each.origin: index for index, each in enumerate(supposes)}
    found: list[Check] = []
    for (root, fields), classes, same in supposes:
        if fields:
            holder = places[Origin(root, fields[:-1])]
            found.append((holder, attrgetter(fields[-1]), classes, same))
        else:
            read = _read_variable(root) if isinstance(root, Variable) else _read_key(root)
            found.append((-1, read, classes, same))
    return found


def _read_key(key: Key[Any]) -> Callable[[Context], Any]:
    def read(ctx: Context) -> Any:
        values = ctx._values
        if values is not None and key in values:
            return values[key]
        return ctx._running._values.get(key, _MISSING)

    return read


def _read_variable(variable: Variable) -> Callable[[Context], Any]:
    holder, name = variable.holder, variable.name
    if isinstance(holder, CellType):
        return lambda ctx: holder.cell_contents
    return lambda ctx: holder.get(name, _MISSING)
