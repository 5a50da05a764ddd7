"""The keys that a function's own code names, as in `ctx[current_user]`."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from portico._key import Key
from portico._signature import plain_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Literal

    from portico._bytecode import Instruction

Use: TypeAlias = "Literal['names', 'reads', 'asks']"


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


class Names:
    """The names of a function.

    Attributes:
        module: its globals.
        cells: what it closes over.
        parameters: its own parameters.
        builtins: what there is where its globals have no such name.
    """

    __slots__ = ("builtins", "cells", "module", "parameters")

    def __init__(
        self,
        module: Mapping[str, Any],
        cells: Mapping[str, Any],
        parameters: frozenset[str],
        builtins: Mapping[str, Any],
    ) -> None:
        self.module: Mapping[str, Any] = module
        self.cells: Mapping[str, Any] = cells
        self.parameters: frozenset[str] = parameters
        self.builtins: Mapping[str, Any] = builtins

    def of(self, name: str) -> Any:
        """What a name from around the function stands for, or None."""
        if name in self.cells:
            try:
                return self.cells[name].cell_contents
            except ValueError:  # not assigned yet
                return None
        return self.module.get(name)

    def is_final(self, name: str) -> bool:
        """Whether the module declares that a global name stays as it is; a checker sees to that."""
        annotations = self.module.get("__annotations__")
        if annotations is None:  # from Python 3.14 on they are made when the module is asked
            module = sys.modules.get(str(self.module.get("__name__")))
            if module is None or vars(module) is not self.module:
                return False
            with suppress(Exception):  # they may name what is there for a checker alone
                annotations = module.__annotations__
        return str((annotations or {}).get(name, "")).startswith(("Final", "typing.Final"))


def names_of(function: FunctionType) -> Names:
    """The names of a function."""
    code = function.__code__
    builtins: dict[str, Any] = getattr(function, "__builtins__")  # noqa: B009 - typeshed lacks it
    return Names(
        function.__globals__,
        dict(zip(code.co_freevars, function.__closure__ or (), strict=False)),
        frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]),
        builtins,
    )


# Instructions that do nothing with a value.
_SILENT: Final = frozenset({"NOP", "PRECALL", "PUSH_NULL", "NOT_TAKEN"})
_ATTRIBUTES: Final = frozenset({"LOAD_ATTR", "LOAD_METHOD"})


def speaking(code: CodeType) -> list[Instruction]:
    """The instructions that do something with a value."""
    from portico._bytecode import instructions  # most functions name no key, so none is read

    return [step for step in instructions(code) if step.opname not in _SILENT]


def is_attribute(steps: list[Instruction], at: int) -> bool:
    """Whether an instruction takes an attribute of what the one before it has loaded."""
    return 0 <= at < len(steps) and steps[at].opname in _ATTRIBUTES


def last_loaded(step: Instruction) -> Any:
    """The name that lies on top after an instruction; from Python 3.13 on one may load two."""
    return step.value[-1] if step.opname.count("_FAST") == 2 else step.value
