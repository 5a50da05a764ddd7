"""The protocol: which adapter a type gets, and what each kind of type makes of an input."""

import datetime
import decimal
import enum
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import attrs
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType, field

from portico._blob import File
from portico._errors import DefinitionError
from portico._faults import MISSING, SchemaError
from portico._json import MalformedJSONError
from portico._schema import Mode, Schema, adapter_for, register_schema, schema_for
from portico._schema_msgspec import MsgspecSchema


class Colour(enum.Enum):
    RED = "red"


class User(Struct):
    id: int
    name: str = "?"


@dataclass
class Person:
    id: int
    name: str = "?"


class Record(TypedDict):
    id: int


@attrs.define
class Item:
    id: int


class Pair(NamedTuple):
    id: int
    name: str = "?"


class Row(Struct, array_like=True, rename={"number": "id"}):
    number: int
    name: list[str] = []


class Cat(Struct, tag=True):
    lives: int


class Dog(Struct, tag=True):
    name: str


UUID_TEXT = "12345678-1234-5678-1234-567812345678"


@pytest.mark.parametrize(
    ("tp", "data", "value"),
    [
        (User, b'{"id": 1, "other": 2}', User(1)),
        (Person, b'{"id": 1}', Person(1)),
        (Record, b'{"id": 1}', {"id": 1}),
        (Item, b'{"id": 1}', Item(1)),
        (Pair, b'[1, "x"]', Pair(1, "x")),
        (list[User], b'[{"id": 1}]', [User(1)]),
        (dict[str, User], b'{"a": {"id": 1}}', {"a": User(1)}),
        (User | None, b"null", None),
        (Cat | Dog, b'{"type": "Dog", "name": "x"}', Dog("x")),
        (Literal["a", 1], b"1", 1),
        (Colour, b'"red"', Colour.RED),
        (str, b'"a"', "a"),
        (int, b"1", 1),
        (float, b"1", 1.0),
        (bool, b"true", True),
        (None, b"null", None),
        (Any, b"[1]", [1]),
        (object, b"[1]", [1]),
        (uuid.UUID, f'"{UUID_TEXT}"'.encode(), uuid.UUID(UUID_TEXT)),
        (datetime.date, b'"2020-01-01"', datetime.date(2020, 1, 1)),
        (datetime.time, b'"10:00:00"', datetime.time(10)),
        (datetime.datetime, b'"2020-01-01T00:00:00"', datetime.datetime(2020, 1, 1)),
        (datetime.timedelta, b'"P1D"', datetime.timedelta(days=1)),
        (decimal.Decimal, b"1.10", decimal.Decimal("1.10")),
        (bytes, b'"aGk="', b"hi"),
        (Annotated[int, Meta(ge=1)], b"1", 1),
        (list[User], b"\xef\xbb\xbf[]", []),
        (User, b'{"id": 1, "id": 2}', User(2)),
    ],
)
def test_json_is_decoded_and_validated(tp: object, data: bytes, value: object) -> None:
    schema = schema_for(tp)

    assert schema.vendor == "msgspec"
    assert schema.validate_json(data, part="body") == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"NaN",
        b'{"id": NaN}',
        b'{"id": 1, "skipped": NaN}',
        b'{"id": 1, "skipped": "\xff"}',
        b'{"id": 1, "\xff": 1}',
        b'{"id": 1, "skipped": "\\ud800"}',
        b'{"id": "x", "skipped": "\\ud800"}',
        b'{"id": 1, "skipped": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id": "x", "skipped": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id": "x"',
        b'{"id": "x"} 1',
    ],
)
def test_bytes_that_are_not_json_are_malformed_also_where_nobody_looks(data: bytes) -> None:
    with pytest.raises(MalformedJSONError):
        schema_for(User).validate_json(data, part="body")


class Refusing:
    """A class that msgspec knows nothing about."""


class Nested(Struct):
    inner: "list[Refusing]"


class Undefined(Struct):
    other: "NobodyKnows"  # type: ignore[name-defined]  # noqa: F821 # pyright: ignore[reportUndefinedVariable]


@pytest.mark.parametrize(
    ("tp", "words"),
    [
        (Refusing, "`Refusing` is not supported"),
        (list[Refusing], "`Refusing` is not supported"),
        (Nested, "`Nested` cannot be validated: `Refusing` is not supported"),
        (complex, "`complex` is not supported"),
        (Callable[[int], int], "`Callable` is not supported"),
        (Iterable[int], "`Iterable` is not supported"),
        (list[int] | set[int], "more than one array-like"),
        (dict[str, int] | User, "more than one dict-like"),
        (5, "`5` cannot be validated"),
        (Undefined, "`Undefined` names something that is not defined: name 'NobodyKnows'"),
    ],
)
def test_an_unsupported_type_is_named_with_what_is_supported(tp: object, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        schema_for(tp)

    assert words in str(caught.value)


def test_a_schema_is_made_once_for_equal_types() -> None:
    assert schema_for(list[User]) is schema_for(list[User])
    assert schema_for(User | None) is schema_for(None | User)


def test_a_type_that_is_not_hashable_has_a_schema_too() -> None:
    tp = Annotated[int, Meta(ge=1, extra_json_schema={"examples": [1]})]

    assert schema_for(tp).validate(1, part="body") == 1


class Temperature:
    """A class with its own schema."""

    def __init__(self, degrees: float) -> None:
        self.degrees = degrees

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Temperature) and other.degrees == self.degrees

    def __hash__(self) -> int:
        return hash(self.degrees)

    @staticmethod
    def __schema_adapter__(tp: type) -> Schema:
        return TemperatureSchema()


class TemperatureSchema:
    vendor = "thermometer"

    def __init__(self) -> None:
        self.inner = MsgspecSchema(Annotated[float, Meta(ge=-273.15)])

    def validate(self, value: object, *, part: str, coerce: bool = False) -> Any:
        return Temperature(self.inner.validate(value, part=part, coerce=coerce))

    def validate_json(self, data: bytes, *, part: str) -> Any:
        return Temperature(self.inner.validate_json(data, part=part))

    def validate_strings(self, pairs: Iterable[tuple[str, object]], *, part: str) -> Any:
        raise NotImplementedError

    def dump_json(self, value: Any) -> bytes:
        return self.inner.dump_json(value.degrees)

    def json_schema(self, ref_template: str, mode: Mode) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"type": "number", "x-mode": mode}, {"Kelvin": {"type": "number"}}


class Weather(Struct):
    temperature: Temperature
    others: list[Temperature] = []
    count: int = 0


def test_a_class_brings_its_own_adapter_also_inside_other_types() -> None:
    schema = schema_for(Weather)

    assert schema_for(Temperature).vendor == "thermometer"
    assert adapter_for(Temperature) is schema_for(Temperature)
    weather = schema.validate_json(b'{"temperature": 20, "others": [1]}', part="body")
    assert weather == Weather(Temperature(20), [Temperature(1)])
    assert schema.dump_json(weather) == b'{"temperature":20.0,"others":[1.0],"count":0}'
    assert schema.validate(weather, part="body") == weather


def test_the_faults_of_an_inner_adapter_have_their_place_in_the_whole() -> None:
    with pytest.raises(SchemaError) as caught:
        schema_for(Weather).validate_json(
            b'{"temperature": -300, "others": [1, "x"], "count": "y"}', part="body"
        )

    assert [(fault.pointer, fault.expected) for fault in caught.value.faults] == [
        ("/temperature", "a number of at least -273.15"),
        ("/others/1", "a number of at least -273.15"),
        ("/count", "an integer"),
    ]


def test_an_inner_adapter_gives_its_own_json_schema_and_components() -> None:
    schema, components = schema_for(Weather).json_schema("#/c/{name}", "validation")

    assert schema == {"$ref": "#/c/Weather"}
    assert sorted(components) == ["Kelvin", "Weather"]
    assert components["Weather"]["properties"]["temperature"] == {
        "type": "number",
        "x-mode": "validation",
    }


@pytest.fixture
def registry() -> Iterator[None]:
    from portico import _schema

    registered = list(_schema._registered)  # pyright: ignore[reportPrivateUsage]
    yield
    _schema._registered[:] = registered  # pyright: ignore[reportPrivateUsage]
    _schema._schemas.clear()  # pyright: ignore[reportPrivateUsage]


@pytest.mark.usefixtures("registry")
def test_a_registered_predicate_decides_before_msgspec_and_the_last_one_wins() -> None:
    assert schema_for(User).vendor == "msgspec"
    register_schema(lambda tp: tp is User, lambda tp: MsgspecSchema(int))
    register_schema(lambda tp: tp is User, lambda tp: TemperatureSchema())

    assert schema_for(User).vendor == "thermometer"
    assert schema_for(Person).vendor == "msgspec"


class Adapted(Struct):
    id: int

    @classmethod
    def __schema_adapter__(cls, tp: object) -> Schema:
        return MsgspecSchema(tp)


class Holder(Struct):
    inner: Adapted


@pytest.mark.parametrize("tp", [list[Adapted], Holder, dict[str, Adapted | None]])
def test_an_adapter_that_would_not_be_asked_is_an_error(tp: object) -> None:
    assert schema_for(Adapted).validate_json(b'{"id":1}', part="body") == Adapted(1)
    with pytest.raises(DefinitionError, match="`Adapted` in it has a schema adapter of its own"):
        schema_for(tp)


class Query(Struct):
    page: int = 1
    tags: list[str] = []
    exact: bool = False
    ratio: float | None = None
    day: datetime.date | None = None
    price: decimal.Decimal = decimal.Decimal(0)
    colour: Colour = Colour.RED
    numbers: set[int] = field(default_factory=set[int])
    user: User | None = None
    users: list[User] = []
    text: str = "?"
    note: str | UnsetType = UNSET


def test_names_and_texts_are_read_as_an_object() -> None:
    pairs = [
        ("page", "1"),
        ("page", "2"),
        ("tags", "a"),
        ("tags", "b"),
        ("exact", "on"),
        ("ratio", "1e3"),
        ("day", "2020-01-01"),
        ("price", "1.10"),
        ("colour", "red"),
        ("numbers", "1"),
        ("numbers", "1"),
        ("user", '{"id": 1}'),
        ("users", '{"id": 2}'),
        ("text", "null"),
        ("note", ""),
        ("unknown", "x"),
    ]

    assert schema_for(Query).validate_strings(pairs, part="query") == Query(
        page=2,
        tags=["a", "b"],
        exact=True,
        ratio=1000.0,
        day=datetime.date(2020, 1, 1),
        price=decimal.Decimal("1.10"),
        numbers={1},
        user=User(1),
        users=[User(2)],
        text="null",
        note="",
    )


def test_an_empty_text_means_the_default_but_for_texts() -> None:
    names = ["page", "exact", "ratio", "day", "price", "colour", "numbers", "user", "text"]
    pairs = [(name, "") for name in names]

    assert schema_for(Query).validate_strings(pairs, part="query") == Query(text="")


def test_every_fault_of_names_and_texts_is_reported() -> None:
    pairs = [
        ("page", "1e3"),
        ("exact", "yes"),
        ("ratio", "nan"),
        ("day", "1577836800"),
        ("price", "Infinity"),
        ("colour", "blue"),
        ("numbers", "1"),
        ("numbers", "x"),
        ("user", '{"id": "1"}'),
        ("users", "[1"),
    ]

    with pytest.raises(SchemaError) as caught:
        schema_for(Query).validate_strings(pairs, part="query")

    assert [(f.pointer, f.expected, f.found) for f in caught.value.faults] == [
        ("/page", "an integer", "1e3"),
        ("/exact", "a boolean", "yes"),
        ("/ratio", "a number or null", "nan"),
        ("/day", "a date (YYYY-MM-DD) or null", "1577836800"),
        ("/price", "a decimal number", "Infinity"),
        ("/colour", "'red'", "blue"),
        ("/numbers/1", "an integer", "x"),
        ("/user/id", "an integer", "1"),
        ("/users/0", "an object", "[1"),
    ]


class Required(Struct, forbid_unknown_fields=True):
    id: int
    limit: int | None
    tags: list[str]


def test_what_is_required_forbidden_or_empty_is_told_apart() -> None:
    with pytest.raises(SchemaError) as caught:
        schema_for(Required).validate_strings(
            [("id", ""), ("limit", ""), ("other", "x")], part="query"
        )

    assert [(f.pointer, f.expected, f.found) for f in caught.value.faults] == [
        ("/id", "an integer", ""),
        ("/tags", "an array (required)", MISSING),
        ("/other", "no member of this name", MISSING),
    ]


class Headers(Struct, forbid_unknown_fields=True):
    x_token: str
    accept: list[str]
    x_count: int = 0


def test_header_fields_map_underscores_and_repeated_fields_are_one() -> None:
    pairs = [
        ("X-Token", "a"),
        ("x-token", "b"),
        ("Accept", 'text/html, application/json;x="1,2",'),
        ("accept", " , */*"),
        ("user-agent", "curl"),
        ("x_count", "7"),
    ]

    assert schema_for(Headers).validate_strings(pairs, part="headers") == Headers(
        "a, b", ["text/html", 'application/json;x="1,2"', "*/*"]
    )


def test_the_faults_of_headers_name_the_fields_of_the_wire() -> None:
    with pytest.raises(SchemaError) as caught:
        schema_for(Headers).validate_strings([("accept", '"'), ("x-count", "on")], part="headers")

    assert [fault.pointer for fault in caught.value.faults] == ["/x-token", "/x-count"]


def test_a_long_header_of_quotes_is_split_in_no_time() -> None:
    pairs = [("x-token", ""), ("accept", '"\\' * 50_000 + ",")]

    assert schema_for(Headers).validate_strings(pairs, part="headers").accept


@pytest.mark.parametrize(
    ("tp", "value"),
    [
        (Person, Person(1, "x")),
        (Item, Item(1)),
        (Record, {"id": 1}),
        (Pair, Pair(1, "x")),
        (Row, Row(1, ["x"])),
        (User | None, User(1, "x")),
        (dict[str, str], {"id": "1", "name": "x"}),
        (dict[str, list[str]], {"id": ["1"], "name": ["x"]}),
    ],
)
def test_every_kind_of_object_is_read_from_names_and_texts(tp: object, value: object) -> None:
    pairs = [("id", "1"), ("name", "x")]

    assert schema_for(tp).validate_strings(pairs, part="cookies") == value


def test_a_named_tuple_takes_its_default_and_reports_by_name() -> None:
    schema = schema_for(Pair)

    assert schema.validate_strings([("id", "1")], part="path") == Pair(1)
    with pytest.raises(SchemaError) as caught:
        schema.validate_strings([("id", "x")], part="path")
    assert [fault.pointer for fault in caught.value.faults] == ["/id"]


class Upload(Struct):
    title: str
    file: File
    more: list[File] = []


def test_a_form_with_files_is_read_as_an_object() -> None:
    schema = schema_for(Upload)
    file = File([b"x"], "a.txt")

    upload = schema.validate_strings([("title", "t"), ("file", file), ("more", file)], part="body")

    assert (upload.title, upload.file, upload.more) == ("t", file, [file])
    with pytest.raises(SchemaError) as caught:
        schema.validate_strings([("title", file), ("file", "x"), ("more", "")], part="body")
    assert [(f.pointer, f.expected) for f in caught.value.faults] == [
        ("/title", "a string"),
        ("/file", "a file"),
    ]
    assert schema.json_schema("#/c/{name}", "validation")[1]["Upload"]["required"] == [
        "title",
        "file",
    ]


@pytest.mark.parametrize("tp", [int, list[int], Any])
def test_a_type_without_named_fields_cannot_be_read_from_names_and_texts(tp: object) -> None:
    with pytest.raises(DefinitionError, match="cannot be read from query"):
        schema_for(tp).validate_strings([], part="query")


def test_python_values_are_validated_strictly_unless_texts_are_to_be_read() -> None:
    schema = schema_for(dict[str, list[User] | int])
    value = {"a": [{"id": "1"}], "b": "2", "c": "1e3"}

    assert schema.validate({"a": [User(1)]}, part="body") == {"a": [User(1)]}
    with pytest.raises(SchemaError) as strict:
        schema.validate(value, part="body")
    with pytest.raises(SchemaError) as coerced:
        schema.validate(value, part="body", coerce=True)
    assert [fault.pointer for fault in strict.value.faults] == ["/a/0/id", "/b", "/c"]
    assert [(f.pointer, f.found) for f in coerced.value.faults] == [("/c", "1e3")]
    del value["c"]
    assert schema.validate(value, part="body", coerce=True) == {"a": [User(1)], "b": 2}


def test_a_value_that_contains_itself_is_a_fault() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(SchemaError):
        schema_for(list[list[int]]).validate([value], part="body")


def test_the_json_schema_refers_to_components() -> None:
    schema, components = schema_for(list[User]).json_schema("#/c/{name}", "serialization")

    assert schema == {"type": "array", "items": {"$ref": "#/c/User"}}
    assert components["User"]["required"] == ["id"]


def test_pydantic_models_are_first_class_where_pydantic_is_there() -> None:
    pydantic: Any = pytest.importorskip("pydantic")
    model: Any = pydantic.create_model("Model", id=(int, ...), tags=(list[str], []))
    schema = schema_for(model)
    box: Any = schema_for(dict[str, model])

    assert schema.vendor == "pydantic"
    assert schema.validate_json(b'{"id": 1}', part="body").id == 1
    pairs = [("id", "1"), ("tags", "a"), ("tags", "b")]
    assert schema.validate_strings(pairs, part="query").tags == ["a", "b"]
    assert schema.dump_json(model(id=1)) == b'{"id":1,"tags":[]}'
    assert box.validate_json(b'{"a": {"id": 1}}', part="body")["a"].id == 1
    assert box.dump_json({"a": model(id=1)}) == b'{"a":{"id":1,"tags":[]}}'
    with pytest.raises(SchemaError) as caught:
        box.validate_json(b'{"a": {"id": "x"}, "b": {}}', part="body")
    assert [fault.pointer for fault in caught.value.faults] == ["/a/id", "/b/id"]
    assert schema.json_schema("#/c/{name}", "validation")[0]["required"] == ["id"]


@pytest.mark.parametrize("part", ["query", "headers", "cookies", "path", "body"])
def test_a_tag_chooses_the_struct_of_a_union_in_every_part(part: str) -> None:
    schema = schema_for(Cat | Dog)

    assert schema.validate_strings([("type", "Cat"), ("lives", "9")], part=part) == Cat(9)
    assert schema.validate_strings([("type", "Dog"), ("name", "x")], part=part) == Dog("x")
    for pairs, pointer in [
        ([("type", "Cow")], "/type"),
        ([], "/type"),
        ([("type", "Cat"), ("lives", "1.0")], "/lives"),
    ]:
        with pytest.raises(SchemaError) as caught:
            schema.validate_strings(pairs, part=part)
        assert [fault.pointer for fault in caught.value.faults] == [pointer]


class One(Struct, tag=1, tag_field="the_kind", forbid_unknown_fields=True):
    a: int = 0


class Two(Struct, tag=2, tag_field="the_kind"):
    b: int = 0


def test_a_tag_may_be_a_number_and_is_no_unknown_name() -> None:
    schema = schema_for(One | Two | None)

    assert schema.validate_strings([("the_kind", "1"), ("a", "2")], part="query") == One(2)
    assert schema.validate_strings([("The-Kind", "2")], part="headers") == Two()
    assert schema_for(One).validate_strings([("the_kind", "1")], part="query") == One()
    assert schema_for(One).validate_strings([], part="query") == One()
    with pytest.raises(SchemaError) as caught:
        schema_for(One).validate_strings([("the_kind", "2"), ("c", "1")], part="query")
    assert [fault.pointer for fault in caught.value.faults] == ["/the_kind", "/c"]
