"""MIME types: the standard's own vectors, and the cheap access of the hot path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest

from portico._mime import MimeType, charset, essence

VECTORS = Path(__file__).parent / "data" / "wpt" / "mime-types.json"


def records() -> list[tuple[str, str | None]]:
    """The records of the Web Platform Tests; the texts between them are headings."""
    data = cast("list[object]", json.loads(VECTORS.read_text("utf-8")))
    found = [cast("dict[str, str | None]", item) for item in data if isinstance(item, dict)]
    return [(record["input"] or "", record["output"]) for record in found]


def test_every_vector_of_the_standard_is_run() -> None:
    assert len(records()) == 71


@pytest.mark.parametrize(("text", "expected"), records())
def test_a_mime_type_parses_and_serialises_as_the_standard_says(
    text: str, expected: str | None
) -> None:
    mime = MimeType.parse(text)

    assert (None if mime is None else str(mime)) == expected


@pytest.mark.parametrize(("text", "expected"), records())
def test_what_was_serialised_parses_to_the_same(text: str, expected: str | None) -> None:
    mime = MimeType.parse(text)

    assert mime is None or MimeType.parse(str(mime)) == mime


def test_the_parts_are_lower_case_and_the_values_as_they_came() -> None:
    mime = MimeType.parse("Text/HTML; CharSet=UTF-8; x=Y")

    assert mime is not None
    assert (mime.type, mime.subtype, mime.essence) == ("text", "html", "text/html")
    assert dict(mime.parameters) == {"charset": "UTF-8", "x": "Y"}
    assert mime.charset == "UTF-8"


def test_a_letter_that_only_lower_casing_makes_ascii_is_no_token() -> None:
    mime = MimeType.parse("text/plain;\N{KELVIN SIGN}=1")

    assert mime is not None
    assert dict(mime.parameters) == {}


def test_a_built_mime_type_serialises_with_quotes_where_they_are_needed() -> None:
    mime = MimeType("multipart", "form-data", {"boundary": 'a"b c'})

    assert str(mime) == 'multipart/form-data;boundary="a\\"b c"'
    assert MimeType.parse(str(mime)) == mime
    assert hash(MimeType.parse(str(mime))) == hash(mime)
    assert repr(MimeType("text", "plain")) == "MimeType('text/plain')"


@pytest.mark.parametrize(
    ("type", "subtype", "parameters"),
    [
        ("te xt", "plain", {}),
        ("text", "", {}),
        ("text", "plain", {"a b": "c"}),
        ("text", "plain", {"a": "b\r\nc"}),
    ],
)
def test_a_mime_type_that_could_not_be_sent_is_refused(
    type: str, subtype: str, parameters: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="MIME"):
        MimeType(type, subtype, parameters)


def test_a_mime_type_differs_from_other_things() -> None:
    assert MimeType("text", "plain") != "text/plain"
    assert MimeType("text", "plain") != MimeType("text", "plain", {"charset": "utf-8"})


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", "application/json"),
        ("Application/JSON ; charset=utf-8", "application/json"),
        (" text/html;x", "text/html"),
        ("", ""),
    ],
)
def test_the_essence_is_cheap_and_lower_case(content_type: str, expected: str) -> None:
    assert essence(content_type) == expected


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/html", None),
        ("text/html;charset=gbk", "gbk"),
        ('text/html; charset="utf-8"', "utf-8"),
        ("text/html;x=y", None),
        ("nonsense;charset=gbk", None),
    ],
)
def test_the_charset_of_a_content_type(content_type: str, expected: str | None) -> None:
    assert charset(content_type) == expected
