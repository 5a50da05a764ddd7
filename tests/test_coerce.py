"""Texts to values: every trap of the wire, by type."""

import datetime
import decimal
import enum
import subprocess
import sys
import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from portico._coerce import CoercionError, TextParameter, coerce_scalar
from portico._errors import DefinitionError
from portico._fault import Fault
from portico._faults import MISSING, SchemaError, describe_type


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Loose(enum.Enum):
    YES = "yes"

    @classmethod
    def _missing_(cls, value: object) -> "Loose | None":
        return cls.YES if value == "YES" else None


POSITIVE = Annotated[int, Meta(ge=1)]
UUID_TEXT = "12345678-1234-5678-1234-567812345678"


@pytest.mark.parametrize(
    ("tp", "text", "value"),
    [
        (str, "", ""),
        (str, " 1", " 1"),
        (str | None, "", ""),
        (str | None, "null", "null"),
        (int, "42", 42),
        (int, "-7", -7),
        (int, "007", 7),
        (int, "9" * 300, int("9" * 300)),
        (int | None, "3", 3),
        (int | None, "", None),
        (float, "1", 1.0),
        (float, "1e3", 1000.0),
        (float, "-.5", -0.5),
        (float, "1.", 1.0),
        (bool, "true", True),
        (bool, "FALSE", False),
        (bool, "1", True),
        (bool, "0", False),
        (bool, "on", True),
        (bool | None, "", None),
        (POSITIVE, "1", 1),
        (POSITIVE | None, "", None),
        (decimal.Decimal, "1.10", decimal.Decimal("1.10")),
        (decimal.Decimal, "1e999", decimal.Decimal("1e999")),
        (uuid.UUID, UUID_TEXT, uuid.UUID(UUID_TEXT)),
        (datetime.date, "2020-02-29", datetime.date(2020, 2, 29)),
        (datetime.time, "10:00:01", datetime.time(10, 0, 1)),
        (datetime.datetime, "2020-01-02T03:04:05", datetime.datetime(2020, 1, 2, 3, 4, 5)),
        (datetime.timedelta, "PT1H", datetime.timedelta(hours=1)),
        (bytes, "aGk=", b"hi"),
        (Colour, "red", Colour.RED),
        (Level, "2", Level.HIGH),
        (Loose, "YES", Loose.YES),
        (Literal["a", 1], "1", 1),
        (Literal["a", 1], "a", "a"),
        (int | str, "5", "5"),
        (int | float, "5", 5),
        (int | float, "5.5", 5.5),
        (bool | int, "1", 1),
        (bool | int, "true", True),
        (int | Literal["auto"], "auto", "auto"),
        (int | Literal["auto"], "3", 3),
    ],
)
def test_a_text_is_read_by_the_declared_type(tp: object, text: str, value: object) -> None:
    read = coerce_scalar(tp)(text)

    assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize(
    ("tp", "texts"),
    [
        (
            int,
            ["", "1e3", "1.0", " 1", "1 ", "+1", "1_000", "--1", "-", "0x1", "٣", "²", "9" * 301],
        ),
        (int | None, ["null", "None", "1.0", " "]),
        (
            float,
            ["", "nan", "NaN", "inf", "-inf", "Infinity", "1_0", "1e999", "1e99999", "+1", " 1"],
        ),
        (float, ["٣", "1" * 301, ".", "e1", "0x1p3"]),
        (bool, ["", "yes", "no", "t", "off", "2", " true"]),
        (POSITIVE, ["0", "-1", "x", ""]),
        (POSITIVE | None, ["0"]),
        (decimal.Decimal, ["", "nan", "sNaN", "Infinity", "1_0", " 1", "\u0661"]),
        (uuid.UUID, ["", "x", "urn:uuid:" + UUID_TEXT]),
        (datetime.date, ["", "1577836800", "2020-02-30", "2020-1-1"]),
        (datetime.datetime, ["", "1577836800", "1577836800.5", "2020-01-01", "x"]),
        (datetime.time, ["", "10", "25:00:00"]),
        (datetime.timedelta, ["", "5", "5.5", "1h"]),
        (bytes, ["a b=", "a"]),
        (Colour, ["", "RED", "green"]),
        (Level, ["", "3", "LOW", "1.0", "01x"]),
        (Literal["a", 1], ["b", "2", "1.0", ""]),
        (int | float, ["x", "nan"]),
    ],
)
def test_what_a_human_would_not_write_for_the_type_is_refused(tp: object, texts: list[str]) -> None:
    coerce = coerce_scalar(tp)

    for text in texts:
        with pytest.raises(CoercionError):
            coerce(text)


@pytest.mark.parametrize("part", ["path", "headers", "cookies"])
@pytest.mark.parametrize("tp", [bool, bool | None, Annotated[bool, Meta(description="flag")]])
def test_on_is_true_only_where_a_checkbox_can_send_it(part: str, tp: object) -> None:
    assert coerce_scalar(tp, part="body")("on") is True

    with pytest.raises(CoercionError):
        coerce_scalar(tp, part=part)("on")


@pytest.mark.parametrize("tp", [dict[str, int], list[list[int]], Any, complex, Struct, list[int]])
def test_a_type_that_no_single_text_converts_to_is_a_definition_error(tp: object) -> None:
    with pytest.raises(DefinitionError):
        coerce_scalar(tp)


@pytest.mark.parametrize(
    ("tp", "default", "texts", "value"),
    [
        (int, MISSING, ["1", "2"], 2),
        (int, 5, [], 5),
        (int, 5, [""], 5),
        (int | None, MISSING, [""], None),
        (int | None, 5, [""], 5),
        (str, "x", [""], ""),
        (str, "x", [], "x"),
        (list[int], MISSING, ["1", "2"], [1, 2]),
        (list[int], (), [], ()),
        (list[int] | None, None, [""], None),
        (list[str], MISSING, [""], [""]),
        (set[int], MISSING, ["1", "1"], {1}),
        (list[POSITIVE], MISSING, ["1"], [1]),
        (tuple[Colour, ...], MISSING, ["red"], (Colour.RED,)),
    ],
)
def test_a_parameter_is_read_from_the_texts_of_its_name(
    tp: object, default: object, texts: Sequence[str], value: object
) -> None:
    assert TextParameter("p", tp, default=default).read(texts) == value


@pytest.mark.parametrize(
    ("tp", "texts", "faults"),
    [
        (int, [], [("/a~1b", "an integer (required)", MISSING)]),
        (int, [""], [("/a~1b", "an integer", "")]),
        (int, ["1e3"], [("/a~1b", "an integer", "1e3")]),
        (POSITIVE, ["0"], [("/a~1b", "an integer of at least 1", 0)]),
        (
            list[POSITIVE],
            ["1", "0", "x"],
            [
                ("/a~1b/1", "an integer of at least 1", 0),
                ("/a~1b/2", "an integer of at least 1", "x"),
            ],
        ),
        (Colour, ["green"], [("/a~1b", "one of 'red', 'blue'", "green")]),
    ],
)
def test_a_parameter_reports_every_fault_under_its_name(
    tp: object, texts: list[str], faults: list[tuple[str, str, object]]
) -> None:
    with pytest.raises(SchemaError) as caught:
        TextParameter("a/b", tp).read(texts)

    assert caught.value.faults == tuple(Fault("query", *fault) for fault in faults)


@pytest.mark.parametrize(
    ("tp", "words"),
    [
        (int, "an integer"),
        (float | None, "a number or null"),
        (Annotated[int, Meta(ge=1, le=5)], "an integer from 1 to 5"),
        (Annotated[int, Meta(gt=1, lt=5)], "an integer of more than 1 and less than 5"),
        (Annotated[int, Meta(multiple_of=5)], "an integer that is a multiple of 5"),
        (Annotated[str, Meta(min_length=1)], "a string of at least 1 character"),
        (Annotated[str, Meta(max_length=3)], "a string of at most 3 characters"),
        (Annotated[str, Meta(min_length=2, max_length=2)], "a string of 2 characters"),
        (Annotated[str, Meta(pattern="^a")], "a string that matches ^a"),
        (Annotated[list[int], Meta(min_length=1, max_length=3)], "an array of 1 to 3 items"),
        (Annotated[dict[str, int], Meta(max_length=1)], "an object of at most 1 member"),
        (Annotated[datetime.time, Meta(tz=False)], "a time (RFC 3339) without a time zone"),
        (
            Annotated[datetime.datetime, Meta(tz=True)],
            "a date and time (RFC 3339) with a time zone",
        ),
        (tuple[int, str], "an array of 2 items"),
        (Literal["a", "b"] | None, "one of 'a', 'b' or null"),
        (Literal["a"], "'a'"),
        (dict[str, int] | list[int] | None, "an object or an array or null"),
    ],
)
def test_a_type_is_described_in_words(tp: object, words: str) -> None:
    assert describe_type(tp) == words


def test_builtin_scalars_are_read_without_msgspec() -> None:
    probe = (
        "import sys\n"
        "from portico._coerce import TextParameter, coerce_scalar\n"
        "from portico._faults import describe_type\n"
        "for tp in (str, int, float, bool, int | None):\n"
        "    coerce_scalar(tp)('1'), describe_type(tp), TextParameter('p', tp).read(['1'])\n"
        "import portico._schema, portico._json\n"
        "bad = {'msgspec', 'inspect', 'dataclasses', 'uuid', 'datetime', 'decimal'}\n"
        "print(sorted(bad & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "[]"
