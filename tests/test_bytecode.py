"""The decoder of bytecode says what `dis` says."""

from __future__ import annotations

import argparse
import ast
import contextlib
import dis
import enum
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from portico import _engine, _url_parser
from portico._bytecode import handlers, instructions, line_of

MODULES = [argparse, ast, contextlib, enum, tarfile, _engine, _url_parser]


def codes(module: ModuleType) -> Iterator[CodeType]:
    """Every code object of a module's source, nested ones included."""
    pending = [compile(Path(str(module.__file__)).read_text("utf-8"), "module.py", "exec")]
    while pending:
        code = pending.pop()
        yield code
        pending += [each for each in code.co_consts if isinstance(each, CodeType)]


def by_dis(code: CodeType) -> list[dis.Instruction]:
    found = dis.get_instructions(code)
    return [each for each in found if each.opname not in ("CACHE", "EXTENDED_ARG")]


def meaning(instruction: dis.Instruction) -> Any:
    """What an argument stands for, as the decoder says it."""
    if instruction.opname == "BINARY_OP":
        return instruction.argrepr
    if instruction.opname == "COMPARE_OP":  # of which newer ones say that it is made a bool
        return str(instruction.argval).removeprefix("bool(").removesuffix(")")
    return instruction.argval


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_instructions_are_those_of_dis(module: ModuleType) -> None:
    count = 0
    for code in codes(module):
        expected = by_dis(code)
        found = instructions(code)

        assert [each.opname for each in found] == [each.opname for each in expected]
        for one, other in zip(found, expected, strict=True):
            count += 1
            assert one.arg == (other.arg or 0)
            # Python 3.11's `dis` does not say the names of keyword arguments.
            if one.value is not None and one.opname != "KW_NAMES":
                assert repr(one.value) == repr(meaning(other)), one
    assert count > 500


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_jumps_lead_to_instructions(module: ModuleType) -> None:
    for code in codes(module):
        offsets = {each.offset for each in instructions(code)}

        assert {each.value for each in instructions(code) if "JUMP" in each.opname} <= offsets
        assert {each.target for each in handlers(code)} <= offsets


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_handlers_are_those_that_dis_shows(module: ModuleType) -> None:
    for code in codes(module):
        listed = dis.Bytecode(code).dis().partition("ExceptionTable:\n")[2].splitlines()

        assert len(handlers(code)) == len(listed)
        for handler in handlers(code):
            assert handler.start < handler.end
            assert handler.depth >= 0


def test_the_line_of_an_instruction_is_that_in_which_it_stands() -> None:
    code = compile("a = 1\n\nb = a.c\n", "module.py", "exec")
    attribute = next(each for each in instructions(code) if each.value == "c")

    assert line_of(code, attribute.offset) == 3


def test_arguments_that_take_several_bytes_are_read_as_one() -> None:
    source = "".join(f"a{n} = {n + 1000}\n" for n in range(300)) + "last = a299\n"
    code = compile(source, "module.py", "exec")

    assert instructions(code)[-3].value in ("a299", "last")
    assert {each.value for each in instructions(code) if each.opname == "STORE_NAME"} == {
        *(f"a{n}" for n in range(300)),
        "last",
    }


def test_a_body_that_is_long_has_jumps_that_take_several_bytes() -> None:
    body = "".join(f"    a{n} = {n + 1000}\n" for n in range(300))
    code = compile(f"if x:\n{body}else:\n    b = 1\n", "module.py", "exec")
    offsets = [each.offset for each in instructions(code)]

    jump = next(each for each in instructions(code) if "JUMP" in each.opname)

    assert jump.value in offsets
    assert jump.value - jump.offset > 512
