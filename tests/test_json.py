"""JSON in and out: what is malformed, what is decided where the standard is silent."""

import datetime
import decimal
import enum
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from portico._json import MalformedJSONError, UnencodableError, decode_json, to_json
from portico._schema import Mode, Schema

DEPTH = 100_000


class Point(msgspec.Struct):
    x: int
    y: int


@dataclass
class Size:
    width: int


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"{}", {}),
        (b' [1, 2.5, "a", null, true] ', [1, 2.5, "a", None, True]),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('"é"'.encode(), "é"),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"9" * 400, int("9" * 400)),
        (b"1e2", 100.0),
    ],
)
def test_json_text_is_decoded(data: bytes, value: object) -> None:
    assert decode_json(data) == value


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the body is empty"),
        (b"NaN", "malformed: invalid character"),
        (b"[Infinity]", "malformed: invalid character"),
        (b"[-Infinity]", "malformed"),
        (b"{", "ends too early"),
        (b'"abc', "ends too early"),
        (b'"\\ud800"', "one half of a surrogate pair"),
        (b'"\\ud800x"', "one half of a surrogate pair"),
        (b'"\xff"', "not valid UTF-8"),
        (b'"\xed\xa0\x80"', "not valid UTF-8"),
        (b"\xef\xbb\xbf", "the body is empty"),
        (b"\xff\xfe[\x00]\x00", "malformed"),
        (b"[1,]", "malformed"),
        (b"{'a': 1}", "malformed"),
        (b"01", "malformed"),
        (b'"\x00"', "malformed"),
        (b"1 2", "trailing characters"),
        (b"1e999", "Number out of range"),
        (b"9" * 5000, "out of range"),
        (b"[" * DEPTH, "nested too deeply"),
        (b"[" * DEPTH + b"]" * DEPTH, "nested too deeply"),
        (b'{"a":' * DEPTH, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_a_400_that_says_why(data: bytes, words: str) -> None:
    with pytest.raises(MalformedJSONError) as caught:
        decode_json(data)

    assert caught.value.status == 400
    assert words in caught.value.detail


def test_deep_nesting_leaves_the_interpreter_alive_in_a_thread_too() -> None:
    probe = f"""
import threading
from portico._json import MalformedJSONError, decode_json, to_json
from portico._schema import schema_for

schema = schema_for(list[list[int]])

def attack():
    for text in (b"[" * {DEPTH}, b"[" * {DEPTH} + b"]" * {DEPTH}, b'{{"a":' * {DEPTH}):
        for read in (decode_json, lambda data: schema.validate_json(data, part="body")):
            try:
                read(text)
            except MalformedJSONError:
                print("400", end=" ")

attack()
thread = threading.Thread(target=attack)
thread.start()
thread.join()
"""
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.split() == ["400"] * 12
    assert done.stderr == ""


class Adapted:
    """A class that brings its own schema."""

    @staticmethod
    def __schema_adapter__(tp: type) -> Schema:
        return AdaptedSchema()


class AdaptedSchema:
    vendor = "test"

    def validate(self, value: object, *, part: str, coerce: bool = False) -> Any:
        return Adapted()

    def validate_json(self, data: bytes, *, part: str) -> Any:
        return Adapted()

    def validate_strings(self, pairs: object, *, part: str) -> Any:
        return Adapted()

    def dump_json(self, value: Any) -> bytes:
        return b'"adapted"'

    def json_schema(self, ref_template: str, mode: Mode) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"type": "string"}, {}


PROXY: Mapping[str, int] = MappingProxyType({"a": 1})


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"a": [1, 2.5, None, True]}, b'{"a":[1,2.5,null,true]}'),
        (Point(1, 2), b'{"x":1,"y":2}'),
        (Size(3), b'{"width":3}'),
        ((1, 2), b"[1,2]"),
        (Colour.RED, b'"red"'),
        (uuid.UUID(int=0), b'"00000000-0000-0000-0000-000000000000"'),
        (datetime.date(2020, 1, 2), b'"2020-01-02"'),
        (datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC), b'"2020-01-02T00:00:00Z"'),
        (datetime.timedelta(days=1), b'"P1D"'),
        (decimal.Decimal("1.10"), b'"1.10"'),
        (b"abc", b'"YWJj"'),
        (float("nan"), b"null"),
        ([float("inf"), float("-inf")], b"[null,null]"),
        ("é", '"é"'.encode()),
        (PROXY, b'{"a":1}'),
        ({"deep": [Adapted()]}, b'{"deep":["adapted"]}'),
    ],
)
def test_a_value_is_written_as_json(value: object, data: bytes) -> None:
    assert to_json(value) == data


def self_containing() -> list[object]:
    value: list[object] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "`object`"),
        ({"a": [complex(1)]}, "`complex`"),
        ({(1, 2): 1}, "`tuple`"),
        ("\ud800", "surrogate"),
        (self_containing(), "contains itself"),
        ((number for number in range(2)), "`generator`"),
    ],
)
def test_what_has_no_form_in_json_is_an_error_that_names_it(value: object, words: str) -> None:
    with pytest.raises(UnencodableError, match=words):
        to_json(value)
