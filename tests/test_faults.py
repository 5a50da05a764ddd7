"""The collector: every fault, each at its true place, and never none for what msgspec refuses."""

import copy
import datetime
import decimal
import enum
import pickle
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypedDict

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from portico._collect import MAX_VISITS
from portico._fault import Fault
from portico._faults import MAX_FAULTS, MISSING, SchemaError, pointer_to
from portico._schema_msgspec import MsgspecSchema


class Colour(enum.Enum):
    RED = "red"


class Address(Struct, rename="camel"):
    zip_code: Annotated[str, Meta(min_length=5, max_length=5)]
    city: str


class Closed(Struct, forbid_unknown_fields=True):
    a: int = 0


class Cat(Struct, tag=True):
    lives: int


class Dog(Struct, tag=True):
    name: str


class Row(Struct, array_like=True):
    a: int
    b: str = ""


class TaggedRow(Struct, array_like=True, tag=True):
    a: int


class ClosedRow(Struct, array_like=True, tag=True, forbid_unknown_fields=True):
    a: str


class Even(Struct):
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("an even number")


@dataclass
class Size:
    width: int
    depth: Even | None = None

    def __post_init__(self) -> None:
        if self.width < 0:
            raise ValueError("a width that is not negative")


@attrs.define
class Weight:
    grams: int = attrs.field(validator=attrs.validators.ge(0))


class Options(TypedDict, total=False):
    verbose: bool
    level: Literal[1, 2]


class Pair(NamedTuple):
    left: int
    right: str = ""


class Tree(Struct):
    value: int
    children: "list[Tree]" = []


class Login(Struct):
    name: str
    password: Annotated[str, Meta(min_length=8, extra={"secret": True})]
    pin: Annotated[int, Meta(extra={"secret": True})] = 0


Found: TypeAlias = list[tuple[str, str, object]]


def faults_of(tp: object, data: bytes, part: str = "body") -> Found:
    with pytest.raises(SchemaError) as caught:
        MsgspecSchema(tp).validate_json(data, part=part)
    assert all(fault.part == part for fault in caught.value.faults)
    return [(fault.pointer, fault.expected, fault.found) for fault in caught.value.faults]


CASES: list[tuple[Any, bytes, Found]] = [
    (int, b'"x"', [("", "an integer", "x")]),
    (int, b"1.0", [("", "an integer", 1.0)]),
    (int, b"true", [("", "an integer", True)]),
    (int | None, b'"x"', [("", "an integer or null", "x")]),
    (Colour, b'"blue"', [("", "'red'", "blue")]),
    (Colour, b"[]", [("", "'red'", [])]),
    (Literal["a", "b"], b"1", [("", "one of 'a', 'b'", 1)]),
    (uuid.UUID, b'"x"', [("", "a UUID", "x")]),
    (datetime.datetime, b"5", [("", "a date and time (RFC 3339)", 5)]),
    (
        Annotated[datetime.datetime, Meta(tz=True)],
        b'"2020-01-01T00:00:00"',
        [("", "a date and time (RFC 3339) with a time zone", "2020-01-01T00:00:00")],
    ),
    (decimal.Decimal, b'"x"', [("", "a decimal number", "x")]),
    (float, b"1e999", [("", "a number", "1e999")]),
    (
        list[float | decimal.Decimal | None],
        b'["x"]',
        [("/0", "a number or a decimal number or null", "x")],
    ),
    (tuple[decimal.Decimal, int], b'[1e999, "x"]', [("/1", "an integer", "x")]),
    (
        tuple[Any, int],
        b'[1e999, "x"]',
        [("/0", "any value", "1e999"), ("/1", "an integer", "x")],
    ),
    (list[int], b'[1, "x", null]', [("/1", "an integer", "x"), ("/2", "an integer", None)]),
    (
        Annotated[list[int], Meta(max_length=1)],
        b'[1, "x"]',
        [("", "an array of at most 1 item", [1, "x"]), ("/1", "an integer", "x")],
    ),
    (tuple[int, str], b"[1]", [("", "an array of 2 items", [1])]),
    (tuple[int, ...], b'["x"]', [("/0", "an integer", "x")]),
    (frozenset[int], b'["x"]', [("/0", "an integer", "x")]),
    (
        dict[str, int],
        b'{"a/b": "x", "~": "y", "": "z"}',
        [
            ("/a~1b", "an integer", "x"),
            ("/~0", "an integer", "y"),
            ("/", "an integer", "z"),
        ],
    ),
    (
        dict[int, list[int]],
        b'{"1": ["x"], "k": []}',
        [("/1/0", "an integer", "x"), ("/k", "a member name that is an integer", "k")],
    ),
    (
        Annotated[dict[str, int], Meta(min_length=2)],
        b'{"a": 1}',
        [("", "an object of at least 2 members", {"a": 1})],
    ),
    (
        Address,
        b'{"zipCode": "1", "zip_code": "12345"}',
        [
            ("/zipCode", "a string of 5 characters", "1"),
            ("/city", "a string (required)", MISSING),
        ],
    ),
    (Address, b"[]", [("", "an object", [])]),
    (
        Closed,
        b'{"a": "x", "b": 1}',
        [("/a", "an integer", "x"), ("/b", "no member of this name", MISSING)],
    ),
    (Cat | Dog, b'{"type": "Cow"}', [("/type", "one of 'Cat', 'Dog'", "Cow")]),
    (Cat | Dog, b'{"type": 1}', [("/type", "one of 'Cat', 'Dog'", 1)]),
    (Cat | Dog, b"{}", [("/type", "one of 'Cat', 'Dog'", MISSING)]),
    (Cat | Dog, b'{"type": "Cat"}', [("/lives", "an integer (required)", MISSING)]),
    (Cat, b'{"type": "Dog", "lives": 1}', [("/type", "'Cat'", "Dog")]),
    (Cat | Dog | int, b'"x"', [("", "an object or an integer", "x")]),
    (Row, b'["x", 1]', [("/0", "an integer", "x"), ("/1", "a string", 1)]),
    (Row, b"[]", [("", "an array of at least 1 item", [])]),
    (Row | None, b"[null]", [("/0", "an integer", None)]),
    (TaggedRow, b'["TaggedRow", "x"]', [("/1", "an integer", "x")]),
    (TaggedRow, b'["Row", 1]', [("/0", "'TaggedRow'", "Row")]),
    (
        TaggedRow,
        b"[]",
        [
            ("/0", "'TaggedRow'", MISSING),
            ("", "an array of at least 2 items", []),
        ],
    ),
    (TaggedRow | ClosedRow, b'["ClosedRow", 1]', [("/1", "a string", 1)]),
    (TaggedRow | ClosedRow, b'["Row", 1]', [("/0", "one of 'TaggedRow', 'ClosedRow'", "Row")]),
    (
        ClosedRow,
        b'["ClosedRow", "a", 1]',
        [
            ("", "an array of 2 items", ["ClosedRow", "a", 1]),
        ],
    ),
    (
        Pair,
        b'["x", 1, 2]',
        [
            ("", "an array of 1 to 2 items", ["x", 1, 2]),
            ("/0", "an integer", "x"),
            ("/1", "a string", 1),
        ],
    ),
    (Even, b'{"number": 1}', [("", "an even number", {"number": 1})]),
    (Even, b'{"number": "x"}', [("/number", "an integer", "x")]),
    (
        list[Size],
        b'[{"width": -1}, {"width": 1, "depth": {"number": 3}}, {"width": "x"}]',
        [
            ("/0", "a width that is not negative", {"width": -1}),
            ("/1/depth", "an even number", {"number": 3}),
            ("/2/width", "an integer", "x"),
        ],
    ),
    (Weight, b'{"grams": -1}', [("", "'grams' must be >= 0: -1", {"grams": -1})]),
    (Weight, b'{"grams": "x"}', [("/grams", "an integer", "x")]),
    (
        Options,
        b'{"verbose": 1, "level": 3}',
        [("/level", "one of 1, 2", 3), ("/verbose", "a boolean", 1)],
    ),
    (
        Tree,
        b'{"value": 1, "children": [{"value": "x", "children": [{}]}]}',
        [
            ("/children/0/value", "an integer", "x"),
            ("/children/0/children/0/value", "an integer (required)", MISSING),
        ],
    ),
    (
        Tree | None,
        b'{"value": "x"}',
        [("/value", "an integer", "x")],
    ),
    (
        dict[str, int] | list[int],
        b'{"a": "x"}',
        [("/a", "an integer", "x")],
    ),
    (dict[str, int] | list[int], b'["x"]', [("/0", "an integer", "x")]),
    (dict[str, int] | None, b"[1]", [("", "an object or null", [1])]),
    (
        Login,
        b'{"name": 1, "password": "short", "pin": "x"}',
        [
            ("/name", "a string", 1),
            ("/password", "a string of at least 8 characters", MISSING),
            ("/pin", "an integer", MISSING),
        ],
    ),
]


@pytest.mark.parametrize(("tp", "data", "faults"), CASES)
def test_every_fault_is_found_at_its_place(tp: object, data: bytes, faults: Found) -> None:
    assert faults_of(tp, data) == faults


def test_an_integer_without_end_is_one_fault() -> None:
    assert faults_of(list[int], b"[" + b"9" * 5000 + b"]") == [("/0", "a smaller integer", MISSING)]


def test_the_faults_of_a_huge_body_are_limited() -> None:
    data = b"[" + b",".join([b'"x"'] * 10_000) + b"]"

    assert len(faults_of(list[int], data)) == MAX_FAULTS


def test_beyond_so_many_values_the_first_fault_in_the_words_of_the_decoder_must_do() -> None:
    data = b"[" + b"1," * MAX_VISITS + b'"x"]'

    assert faults_of(list[int], data) == [(f"/{MAX_VISITS}", "int", MISSING)]


def test_a_fault_below_hundreds_of_levels_is_reported() -> None:
    depth = 300
    data = b'{"value":1,"children":[' * depth + b'{"value":"x"}' + b"]}" * depth

    with pytest.raises(SchemaError) as caught:
        MsgspecSchema(Tree).validate_json(data, part="body")

    assert [fault.pointer for fault in caught.value.faults] == ["/children/0" * depth + "/value"]


def test_a_class_is_asked_once_for_each_object_however_deep() -> None:
    asked: list[int] = []

    class Link(Struct):
        number: int
        next: "Link | None" = None

        def __post_init__(self) -> None:
            asked.append(self.number)

    Link.__annotations__["next"] = Link | None
    schema = MsgspecSchema(Link)
    depth = 50
    data = b'{"number":1,"next":' * depth + b'{"number":1}' + b"}" * depth

    with pytest.raises(SchemaError):
        schema.validate_json(b'{"number":"x","next":' + data + b"}", part="body")

    assert len(asked) <= 2 * (depth + 1)


@pytest.mark.parametrize(
    ("fault", "members"),
    [
        (Fault("body", "/a", "an integer", "x"), {"found": "x"}),
        (Fault("body", "/a", "an integer", None), {"found": None}),
        (Fault("body", "/a", "an integer"), {}),
        (Fault("headers", "/a", "an integer", "x"), {}),
        (Fault("cookies", "/a", "an integer", "x"), {}),
        (Fault("query", "/a", "an integer", "x" * 300), {"found": "x" * 200 + "..."}),
        (Fault("body", "/a", "an integer", {"password": "p"}), {"found": "an object"}),
        (Fault("body", "/a", "an integer", ["p"]), {"found": "an array"}),
        (Fault("body", "/a", "an integer", 10**4000), {"found": "a very large integer"}),
        (Fault("body", "/a", "an integer", object()), {"found": "a value of type object"}),
    ],
)
def test_what_was_found_is_shown_in_debug_but_never_a_secret(
    fault: Fault, members: dict[str, object]
) -> None:
    always = {"in": fault.part, "pointer": "/a", "expected": "an integer"}

    assert fault.describe() == always
    assert fault.describe(debug=True) == always | members


def test_an_error_reads_as_its_faults() -> None:
    error = SchemaError([Fault("body", "/a", "an integer", "secret"), Fault("query", "", "null")])

    assert str(error) == "body/a: expected an integer; query: expected null"


def test_a_pointer_escapes_what_it_names() -> None:
    assert pointer_to("", "a/b", 0, "~1") == "/a~1b/0/~01"


# What follows generates types together with values in which mistakes were planted.

Planted: TypeAlias = tuple[Any, list[str]]
Shape: TypeAlias = tuple[Any, st.SearchStrategy[Planted]]


def leaf(tp: Any, good: st.SearchStrategy[Any], bad: st.SearchStrategy[Any]) -> Shape:
    def right(value: Any) -> Planted:
        return value, []

    def wrong(value: Any) -> Planted:
        return value, [""]

    return tp, st.one_of(good.map(right), good.map(right), bad.map(wrong))


TEXT = st.text("ab/~ é", max_size=4)
LEAVES: list[Shape] = [
    leaf(int, st.integers(-5, 5), st.sampled_from(["x", None, 1.0, True, [], {}])),
    leaf(str, TEXT, st.sampled_from([1, None, [], {"a": 1}])),
    leaf(bool, st.booleans(), st.sampled_from([0, "true", None])),
    leaf(float, st.sampled_from([1, 0.5]), st.sampled_from(["1", None, False])),
    leaf(int | None, st.sampled_from([1, None]), st.sampled_from(["x", [1], {}])),
    leaf(int | str, st.sampled_from([1, "x"]), st.sampled_from([None, 0.5])),
    leaf(Annotated[int, Meta(ge=0, le=3)], st.integers(0, 3), st.sampled_from([-1, 4, "x"])),
    leaf(Annotated[str, Meta(min_length=2)], st.just("ab"), st.sampled_from(["", "a", 0])),
    leaf(Colour, st.just("red"), st.sampled_from(["RED", 1, None])),
    leaf(Literal["a", 1], st.sampled_from(["a", 1]), st.sampled_from(["b", 2, None])),
    leaf(uuid.UUID, st.just(str(uuid.UUID(int=1))), st.sampled_from(["x", 1])),
    leaf(datetime.date, st.just("2020-01-01"), st.sampled_from(["2020", 5, None])),
    leaf(decimal.Decimal, st.sampled_from(["1.5", 2, 0.5]), st.sampled_from(["x", None])),
]


def below(step: str | int, planted: Planted) -> list[str]:
    return [pointer_to("", step) + pointer for pointer in planted[1]]


def generic(tp: Any, arguments: Any) -> Any:
    return tp[arguments]


def array_of(shape: Shape) -> Shape:
    def join(items: list[Planted]) -> Planted:
        places = [place for index, item in enumerate(items) for place in below(index, item)]
        return [value for value, _ in items], places

    return generic(list, shape[0]), st.lists(shape[1], max_size=3).map(join)


def mapping_of(shape: Shape) -> Shape:
    def join(members: dict[str, Planted]) -> Planted:
        places = [place for name, item in members.items() for place in below(name, item)]
        return {name: value for name, (value, _) in members.items()}, places

    return generic(dict, (str, shape[0])), st.dictionaries(TEXT, shape[1], max_size=3).map(join)


def struct_of(shapes: list[Shape]) -> Shape:
    names = [f"f{index}" for index in range(len(shapes))]
    fields = [(name, shape[0]) for name, shape in zip(names, shapes, strict=True)]
    tp = msgspec.defstruct("Generated", fields, forbid_unknown_fields=True)

    @st.composite
    def members(draw: st.DrawFn) -> Planted:
        value: dict[str, Any] = {}
        places: list[str] = []
        for name, shape in zip(names, shapes, strict=True):
            if draw(st.integers(0, 5)) == 0:
                places.append(f"/{name}")  # left out
                continue
            member = draw(shape[1])
            value[name] = member[0]
            places += below(name, member)
        if draw(st.integers(0, 5)) == 0:
            value["extra"] = 1
            places.append("/extra")
        return value, places

    return tp, members()


SHAPES: st.SearchStrategy[Shape] = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        inner.map(array_of),
        inner.map(mapping_of),
        st.lists(inner, min_size=1, max_size=4).map(struct_of),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_as_many_faults_are_reported_as_mistakes_were_planted(data: st.DataObject) -> None:
    tp, values = data.draw(SHAPES)
    value, places = data.draw(values)
    schema = MsgspecSchema(tp)
    encoded = msgspec.json.encode(value)

    for validate in checks(schema, encoded, value):
        try:
            validate()
            found: list[str] = []
        except SchemaError as error:
            found = [fault.pointer for fault in error.faults]
        assert sorted(found) == sorted(places)


def checks(schema: MsgspecSchema, encoded: bytes, value: object) -> list[Callable[[], object]]:
    return [
        lambda: schema.validate_json(encoded, part="body"),
        lambda: schema.validate(value, part="body"),
    ]


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "type", "number", "width"]), inner, max_size=3)
    ),
    max_leaves=6,
)
TYPES: list[Any] = [
    Address,
    Closed,
    Cat | Dog | int | None,
    Row,
    TaggedRow | ClosedRow,
    Even,
    Size,
    Weight,
    Options,
    Pair,
    Tree,
    list[Even | None],
    dict[Colour, int],
    dict[str, list[Size]],
    set[int],
    tuple[int, str],
    datetime.timedelta | float | None,
    Any,
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TYPES), JSON_VALUES)
def test_there_are_faults_exactly_where_msgspec_refuses(tp: Any, value: object) -> None:
    encoded = msgspec.json.encode(value)
    try:
        msgspec.json.decode(encoded, type=tp)
        refused = False
    except msgspec.ValidationError:
        refused = True

    try:
        MsgspecSchema(tp).validate_json(encoded, part="body")
        reported = False
    except SchemaError as error:
        reported = bool(error.faults)

    assert reported == refused


class Secrets(Struct):
    plain: Annotated[int, Meta(extra={"secret": True})] = 0
    optional: Annotated[int, Meta(extra={"secret": True})] | None = None
    listed: list[Annotated[int, Meta(extra={"secret": True})]] = []


class SecretTuple(NamedTuple):
    plain: Annotated[int, Meta(extra={"secret": True})] = 0


def test_a_secret_of_a_named_tuple_is_not_shown() -> None:
    schema = MsgspecSchema(SecretTuple)
    with pytest.raises(SchemaError) as caught:
        schema.validate_strings([("plain", "hush")], part="query")

    assert "found" not in caught.value.faults[0].describe(debug=True)


@pytest.mark.parametrize("name", ["plain", "optional", "listed"])
def test_a_secret_is_not_shown_wherever_it_stands(name: str) -> None:
    schema = MsgspecSchema(Secrets)
    json = f'{{"{name}": {["hush"] if name == "listed" else "hush"!r}}}'.replace("'", '"')
    with pytest.raises(SchemaError) as from_json:
        schema.validate_json(json.encode(), part="body")
    with pytest.raises(SchemaError) as from_text:
        schema.validate_strings([(name, "hush")], part="query")

    for caught in (from_json, from_text):
        (fault,) = caught.value.faults
        assert "found" not in fault.describe(debug=True)


def pickled(value: object) -> object:
    return pickle.loads(pickle.dumps(value))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_what_is_missing_is_missing_in_every_copy(copied: Callable[[object], object]) -> None:
    assert copied(MISSING) is MISSING
