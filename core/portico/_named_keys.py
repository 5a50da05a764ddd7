"""The keys that a function's own code names, as in `ctx[current_user]`."""

from __future__ import annotations

from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from portico._key import Key
from portico._signature import plain_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from dis import Instruction

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


def hands_on(fn: Callable[..., Any], context: str) -> bool:
    """Whether a function may give its context to others, which read keys that it does not name.

    It does not where its code is known and all that it does with the context is to take members of
    it, and the values of keys that are known.

    Args:
        fn: the function.
        context: the name of the parameter.
    """
    function = plain_function(fn)
    if function is None or hasattr(fn, "__wrapped__"):
        return True
    names, code = _names_of(function), function.__code__
    steps = _steps(code)
    reads = {begin - 1 for _, use, begin in _keys_in(steps, names) if use == "reads"}
    for at, step in enumerate(steps):
        loads: Any = step.argval  # two names at once, from Python 3.13 on
        is_loaded = context in loads if isinstance(loads, tuple) else loads == context
        if is_loaded and at not in reads and not _is_attribute(steps, at + 1, "STORE_ATTR"):
            return True
    return False


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
    names = _names_of(function)
    for code in _codes(function.__code__):
        loaded = (*code.co_names, *code.co_freevars)
        if any(isinstance(names.of(name), Key | ModuleType | type) for name in loaded):
            for key, use, _ in _keys_in(_steps(code), names):
                yield key, use


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


class _Names(NamedTuple):
    """What the names of a function stand for, as far as that is known before it runs."""

    module: Mapping[str, Any]
    cells: Mapping[str, Any]
    parameters: frozenset[str]

    def of(self, name: str) -> Any:
        """What a name stands for, or None."""
        if name in self.cells:
            try:
                return self.cells[name].cell_contents
            except ValueError:  # not assigned yet
                return None
        return self.module.get(name)


def _names_of(function: FunctionType) -> _Names:
    code = function.__code__
    return _Names(
        function.__globals__,
        dict(zip(code.co_freevars, function.__closure__ or (), strict=False)),
        frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]),
    )


# Instructions that say nothing here, and those that load a name from around a function. Opcodes
# differ between versions: one that is not known means the most, that a key is named.
_SILENT = frozenset({"CACHE", "NOP", "PRECALL", "PUSH_NULL", "EXTENDED_ARG", "NOT_TAKEN"})
_LOADS = ("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_NAME", "LOAD_FROM_DICT_OR")


def _steps(code: CodeType) -> list[Instruction]:
    from dis import get_instructions

    return [step for step in get_instructions(code) if step.opname not in _SILENT]


def _keys_in(steps: list[Instruction], names: _Names) -> Iterator[tuple[Key[Any], Use, int]]:
    """The keys that are loaded, what is done with each, and where it begins."""
    for at, step in enumerate(steps):
        if not step.opname.startswith(_LOADS):
            continue
        found, end = names.of(step.argval), at + 1
        while isinstance(found, ModuleType | type) and _is_attribute(steps, end):
            found, end = vars(found).get(steps[end].argval), end + 1
        if isinstance(found, Key):
            yield found, _use(steps, at, end, names.parameters), at


def _is_attribute(steps: list[Instruction], at: int, *others: str) -> bool:
    opnames = ("LOAD_ATTR", "LOAD_METHOD", *others)
    return 0 <= at < len(steps) and steps[at].opname in opnames


def _use(steps: list[Instruction], begin: int, end: int, parameters: frozenset[str]) -> Use:
    """What is done with the key that the instructions from `begin` to `end` load."""
    if not 0 < begin < end < len(steps):
        return "names"
    before, after = steps[begin - 1], steps[end]
    if after.opname == "BINARY_SUBSCR" or (after.opname == "BINARY_OP" and after.argrepr == "[]"):
        return "reads" if before.argval in parameters else "names"
    is_method = after.opname == "CALL" and after.arg == 1 and _is_attribute(steps, begin - 1)
    return "asks" if is_method and before.argval == "get" else "names"
