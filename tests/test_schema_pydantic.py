"""Models of pydantic: read by Portico's rules where a text comes, by their own where JSON does."""

import datetime
import decimal
import enum
from typing import Annotated, Any, Literal

import pydantic
import pytest
from msgspec import Meta

from portico import (
    DefinitionError,
    File,
    MalformedJSONError,
    Portico,
    SchemaError,
    schema_for,
    upload,
)

PNG = b"\x89PNG\r\n\x1a\n\0"


class Colour(enum.Enum):
    RED = "red"


class Inner(pydantic.BaseModel):
    x: int


class Everything(pydantic.BaseModel):
    i: int = 0
    f: float = 0
    b: bool = False
    d: decimal.Decimal = decimal.Decimal(0)
    o: int | None = 5
    si: pydantic.StrictInt = 0
    pos: pydantic.PositiveInt = 1
    li: list[int] = []
    tup: tuple[int, ...] = ()
    e: Colour = Colour.RED
    lit: Literal["a", 1] = "a"
    dt: datetime.datetime | None = None
    da: datetime.date | None = None
    td: datetime.timedelta | None = None
    text: str = ""
    short: Annotated[str, pydantic.StringConstraints(max_length=2)] = ""
    data: bytes = b""
    inner: Inner | None = None
    inners: list[Inner] = []
    names: dict[str, int] = {}
    js: pydantic.Json[list[int]] = []
    alias: int = pydantic.Field(0, alias="an-alias")
    choice: int = pydantic.Field(0, validation_alias=pydantic.AliasChoices("one", "two"))
    own: Annotated[int, pydantic.BeforeValidator(lambda text: int(text, 16))] = 0
    path: int = pydantic.Field(0, validation_alias=pydantic.AliasPath("steps", 1))


def read(model: Any, *pairs: tuple[str, object], part: str = "query") -> dict[str, Any]:
    value = schema_for(model).validate_strings(pairs, part=part)
    return {name: getattr(value, name) for name in value.model_fields_set}


def faults(model: Any, *pairs: tuple[str, object], part: str = "query") -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        schema_for(model).validate_strings(pairs, part=part)
    assert all(fault.part == part for fault in caught.value.faults)
    return [(fault.pointer, fault.expected) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("i", "1", 1),
        ("i", "-0", 0),
        ("f", "1e3", 1000.0),
        ("b", "on", True),
        ("b", "FALSE", False),
        ("d", "1.10", decimal.Decimal("1.10")),
        ("o", "7", 7),
        ("si", "7", 7),
        ("pos", "7", 7),
        ("li", "7", [7]),
        ("tup", "7", (7,)),
        ("e", "red", Colour.RED),
        ("lit", "1", 1),
        ("dt", "2020-01-01T00:00:00Z", datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)),
        ("da", "2020-01-01", datetime.date(2020, 1, 1)),
        ("td", "P1D", datetime.timedelta(days=1)),
        ("text", " 1", " 1"),
        ("text", "", ""),
        ("data", "aGk=", b"aGk="),
        ("inner", '{"x":1}', Inner(x=1)),
        ("inners", '{"x":1}', [Inner(x=1)]),
        ("names", '{"a":1}', {"a": 1}),
        ("js", "[1]", [1]),
    ],
)
def test_a_text_is_read_for_a_field(name: str, text: str, value: object) -> None:
    assert read(Everything, (name, text)) == {name: value}


@pytest.mark.parametrize("name", ["i", "o", "si", "pos", "li", "tup"])
@pytest.mark.parametrize(
    "text",
    ["1e3", "1.0", "+1", " 1", "1 ", "1_000", "٣", "nan", "on", "0x10", "true", "9" * 400],
)  # fmt: skip
def test_a_text_that_is_no_integer_elsewhere_is_none_here(name: str, text: str) -> None:
    ((_, expected),) = faults(Everything, (name, text))

    assert expected.startswith("an integer")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("f", "nan", "a number"),
        ("f", "inf", "a number"),
        ("f", "1_0", "a number"),
        ("d", "NaN", "a decimal number"),
        ("b", "yes", "a boolean"),
        ("e", "RED", "'red'"),
        ("lit", "2", "one of 1, 'a'"),
        ("dt", "1577836800", "a date and time (RFC 3339) or null"),
        ("da", "0", "a date (YYYY-MM-DD) or null"),
        ("td", "5", "a duration (ISO 8601) or null"),
        ("pos", "0", "Input should be greater than 0"),
        ("short", "abc", "String should have at most 2 characters"),
        ("inner", "{bad", "Input should be a valid dictionary or instance of Inner"),
    ],
)
def test_what_a_field_does_not_take_is_a_fault(name: str, text: str, expected: str) -> None:
    assert faults(Everything, (name, text)) == [(f"/{name}", expected)]


def test_an_empty_text_is_the_default_where_it_is_no_value() -> None:
    assert read(Everything, ("i", ""), ("o", ""), ("li", "")) == {}


def test_a_field_has_the_names_that_its_model_gives_it() -> None:
    assert read(Everything, ("an-alias", "3"), ("alias", "4")) == {"alias": 3}
    assert read(Everything, ("two", "3")) == {"choice": 3}
    assert faults(Everything, ("an-alias", "1.0")) == [("/an-alias", "an integer")]

    class ByName(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(populate_by_name=True)
        number: int = pydantic.Field(alias="no")

    assert read(ByName, ("number", "3")) == read(ByName, ("no", "3")) == {"number": 3}


def test_a_validator_that_runs_first_gets_the_text() -> None:
    assert read(Everything, ("own", "ff")) == {"own": 255}

    class Own(pydantic.BaseModel):
        number: int

        @pydantic.field_validator("number", mode="before")
        @classmethod
        def strip(cls, value: str) -> str:
            return value.strip("#")

    assert read(Own, ("number", "#5")) == {"number": 5}


def test_every_fault_is_told_in_the_order_of_the_fields() -> None:
    class Model(pydantic.BaseModel):
        first: pydantic.PositiveInt
        second: int
        third: str
        fourth: list[int] = []

        @pydantic.model_validator(mode="after")
        def refuse(self) -> "Model":
            raise ValueError("refused as a whole")

    pairs = [("fourth", "1"), ("fourth", "x"), ("second", "1.0"), ("first", "-1")]
    assert faults(Model, *pairs) == [
        ("/first", "Input should be greater than 0"),
        ("/second", "an integer"),
        ("/third", "Field required"),
        ("/fourth/1", "an integer"),
    ]
    assert faults(Model, ("first", "1"), ("second", "2"), ("third", "")) == [
        ("", "Value error, refused as a whole")
    ]


def test_header_fields_are_matched_without_case_and_lists_split_at_commas() -> None:
    class Fields(pydantic.BaseModel):
        x_id: int
        tags: list[str] = []

    pairs = [("X-ID", "5"), ("Tags", "a, b"), ("tags", "c"), ("Other", "1")]
    assert read(Fields, *pairs, part="headers") == {"x_id": 5, "tags": ["a", "b", "c"]}
    assert faults(Fields, ("x-id", "5.0"), part="headers") == [("/x-id", "an integer")]


def test_unknown_names_are_faults_where_the_model_forbids_them_but_not_in_open_parts() -> None:
    class Closed(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="forbid")
        a: int

    for part in ("headers", "cookies"):
        assert read(Closed, ("a", "1"), ("b", "2"), part=part) == {"a": 1}
    for part in ("query", "body"):
        assert faults(Closed, ("a", "1"), ("b", "2"), part=part) == [
            ("/b", "Extra inputs are not permitted")
        ]

    class Open(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="allow")

    assert read(Open, ("b", "2")) == {"b": "2"}


class Picture(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)
    file: Annotated[File, upload(types=["image/*"])]
    more: list[Annotated[File, upload(max_size=2)]] = []
    any: File | None = None
    when: datetime.date | None = None


def test_a_model_has_files_with_limits() -> None:
    pairs = [("file", File([PNG], "p")), ("more", File([b"1"], "a")), ("when", "2020-01-01")]

    value = schema_for(Picture).validate_strings(pairs, part="body")

    assert (value.file.type, len(value.more), value.any) == ("image/png", 1, None)
    assert value.when == datetime.date(2020, 1, 1)
    wrong = [
        ("more", File([b"123"], "a")),
        ("more", File([b"1"], "b")),
        ("more", "text"),
        ("file", File([b"<html>"], "p", type="image/png")),
        ("any", "text"),
    ]
    assert faults(Picture, *wrong, part="body") == [
        ("/file", "a file of type image/*"),
        ("/more/0", "a file of at most 2 bytes"),
        ("/more/2", "a file of at most 2 bytes"),
        ("/any", "a file"),
    ]
    assert faults(Picture, ("file", File([], "")), part="body") == [("/file", "Field required")]
    with pytest.raises(DefinitionError, match="'file' is a file, which query cannot bring"):
        schema_for(Picture).validate_strings([], part="query")


def test_a_file_where_a_text_is_declared_is_a_fault_and_no_matter_for_a_validator() -> None:
    file = File([b"x"], "x")
    for name in ("i", "text", "own"):
        assert faults(Everything, (name, file), part="body") == [(f"/{name}", "a text, not a file")]
    assert faults(Everything, ("li", "1"), ("li", file), part="body") == [
        ("/li/1", "a text, not a file")
    ]

    class Loose(pydantic.BaseModel):
        anything: Any

    assert read(Loose, ("anything", file), part="body") == {"anything": file}


class Album(pydantic.BaseModel):
    pictures: list[Picture]
    parent: "Album | None" = None


def test_a_file_inside_an_inner_model_is_found_before_the_first_request() -> None:
    def handler(body: Album) -> None: ...

    app = Portico()
    app.post("/", handler)

    with pytest.raises(DefinitionError, match="The field 'pictures' has a file inside an object"):
        app.check()


def test_a_file_of_a_model_has_a_json_schema() -> None:
    schema, _ = schema_for(Picture).json_schema("#/{name}", "validation")

    assert schema["properties"]["file"]["contentMediaType"] == "application/octet-stream"


def test_json_is_read_by_the_rules_of_the_model() -> None:
    class Strict(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(strict=True)
        when: datetime.date
        count: int = 0

    when = b'{"when":"2020-01-01"'
    assert schema_for(Strict).validate_json(when + b"}", part="body").when.year == 2020
    with pytest.raises(SchemaError):
        schema_for(Strict).validate_json(when + b',"count":"1"}', part="body")
    assert schema_for(Inner).validate_json(b'\xef\xbb\xbf{"x":"1"}', part="body").x == 1


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"x":NaN}', b'{"x":1,"y":"\xff"}', b'{"x":1,"y":"\\ud800"}', b"[" * 10**5]
)
def test_bytes_that_are_not_json_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedJSONError):
        schema_for(Inner).validate_json(data, part="body")


def test_json_that_is_deeper_than_pydantic_reads_by_itself_is_no_malformed_json() -> None:
    class Deep(pydantic.BaseModel):
        value: list[Any]

    data = b'{"value":' + b"[" * 300 + b"]" * 300 + b"}"
    assert schema_for(Deep).validate_json(data, part="body").value[0]


def test_a_root_model_cannot_be_read_from_names_and_texts() -> None:
    with pytest.raises(DefinitionError, match="a RootModel has no named fields"):
        schema_for(pydantic.RootModel[list[int]]).validate_strings([], part="query")


class Login(pydantic.BaseModel):
    token: pydantic.SecretStr
    pin: Annotated[int, Meta(extra={"secret": True})] = 0
    nested: "list[Login]" = []
    name: str = ""


def test_what_is_found_in_a_secret_field_is_never_shown() -> None:
    data = b'{"token":41,"pin":"hush","name":42,"nested":[{"token":43},{"token":"t","name":44}]}'
    with pytest.raises(SchemaError) as caught:
        schema_for(Login).validate_json(data, part="body")
    shown = {fault.pointer: fault.describe(debug=True) for fault in caught.value.faults}

    assert {pointer for pointer, fault in shown.items() if "found" in fault} == {
        "/name",
        "/nested/1/name",
    }

    class Hiding(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(hide_input_in_errors=True)
        a: int

    with pytest.raises(SchemaError) as caught:
        schema_for(Hiding).validate_json(b'{"a":"hush"}', part="body")
    assert "found" not in caught.value.faults[0].describe(debug=True)
    with pytest.raises(SchemaError) as caught:
        schema_for(Hiding).validate_strings([("a", "hush")], part="query")
    assert "found" not in caught.value.faults[0].describe(debug=True)
    with pytest.raises(SchemaError) as caught:
        schema_for(Login).validate_strings([("token", "t"), ("pin", "hush")], part="body")
    assert "found" not in caught.value.faults[0].describe(debug=True)
