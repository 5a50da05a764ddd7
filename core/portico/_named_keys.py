"""The keys that a function's own code names, as in `ctx[current_user]`."""

from __future__ import annotations

from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal

from portico._key import Key
from portico._names import Names, is_attribute, last_loaded, names_of, speaking
from portico._signature import plain_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portico._bytecode import Instruction

Use = Literal["names", "reads", "asks"]


class NamedKeys:
    """What a function's code names: as a global, in its closure, or in a module or class.

    Attributes:
        named: every key that is named other than as `ctx.get(key)`, which makes it itself. Whether
            the code comes to read it is not known.
        asked: those that stand in `ctx.get(key)`.
        read: those of the named ones that stand in brackets, `ctx[key]`, so that they must have a
            value when the code comes there.
    """

    __slots__ = ("asked", "named", "read")

    def __init__(self, fn: Callable[..., Any]) -> None:
        uses = [use for function in _functions(fn) for use in _uses(function)]
        self.asked = frozenset(key for key, use in uses if use == "asks")
        self.named = frozenset(key for key, use in uses if use != "asks")
        self.read = frozenset(key for key, use in uses if use == "reads")


def _functions(fn: Any) -> Iterator[FunctionType]:
    """The function, and those that it is a wrapper of."""
    seen: set[int] = set()
    while fn is not None and id(fn) not in seen:
        seen.add(id(fn))
        function = plain_function(fn)
        if function is not None:
            yield function
        fn = getattr(fn, "__wrapped__", None)


def _uses(function: FunctionType) -> Iterator[tuple[Key[Any], Use]]:
    names = names_of(function)
    for code in _codes(function.__code__):
        if _may_name_keys(code, names):
            for key, use, _ in keys_in(speaking(code), names):
                yield key, use


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


_HOLDERS: Final = (ModuleType, type)


def _may_name_keys(code: CodeType, names: Names) -> bool:
    """Whether a key is found by the names in the code, one by one or within each other.

    Most functions name classes and modules, but no key, and the instructions need not be read.
    """
    found = [names.of(name) for name in (*code.co_names, *code.co_freevars)]
    seen: set[int] = set()
    while found:
        value = found.pop()
        if _is(value, Key):
            return True
        if _is(value, _HOLDERS) and id(value) not in seen:
            seen.add(id(value))
            found += [_member(value, name) for name in code.co_names]
    return False


def _is(value: object, classes: type | tuple[type, ...]) -> bool:
    """As `isinstance`, of the type alone: a lazy object may do I/O to say what its class is."""
    return issubclass(type(value), classes)


# Instructions that load a name from around a function. Opcodes differ between versions: one that
# is not known means the most, that a key is named.
_LOADS = ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_NAME", "LOAD_FROM_DICT_OR")


def keys_in(steps: list[Instruction], names: Names) -> Iterator[tuple[Key[Any], Use, int]]:
    """The keys that are loaded, what is done with each, and where it begins."""
    for at, step in enumerate(steps):
        if not step.opname.startswith(_LOADS):
            continue
        found, end = names.of(step.value), at + 1
        while _is(found, _HOLDERS) and is_attribute(steps, end):
            found, end = _member(found, steps[end].value), end + 1
        if _is(found, Key):
            yield found, _use(steps, at, end, names.parameters), at


def _member(holder: object, name: str) -> Any:
    """What a module or class itself has under a name, or None."""
    return vars(holder).get(name)


def is_subscript(step: Instruction) -> bool:
    """Whether an instruction takes an item, as in `ctx[key]`."""
    return step.opname == "BINARY_SUBSCR" or (step.opname == "BINARY_OP" and step.value == "[]")


def _use(steps: list[Instruction], begin: int, end: int, parameters: frozenset[str]) -> Use:
    """What is done with the key that the instructions from `begin` to `end` load."""
    if not 0 < begin < end < len(steps):
        return "names"
    before, after = steps[begin - 1], steps[end]
    if is_subscript(after):
        is_read = before.opname != "LOAD_CONST" and last_loaded(before) in parameters
        return "reads" if is_read else "names"
    is_method = after.opname == "CALL" and after.arg == 1 and is_attribute(steps, begin - 1)
    return "asks" if is_method and before.value == "get" else "names"
