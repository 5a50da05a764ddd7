"""What the names in a function's code stand for, as far as that is known before it runs."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType, FunctionType

    from portico._bytecode import Instruction


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
