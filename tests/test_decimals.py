"""Decimals in JSON: Python reads more as one than JSON means."""

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from portico import MalformedJSONError, SchemaError, schema_for
from portico._coerce import is_number
from portico._decimals import may_have_traps


class Line(Struct):
    price: Decimal
    note: str = ""
    ratio: float = 0
    rest: Any = None


class Tree(Struct):
    value: Decimal
    children: "list[Tree]" = []


class Paid(Struct, tag="paid"):
    value: Decimal


class Noted(Struct, tag="noted"):
    value: str


class Pair(NamedTuple):
    first: Decimal
    second: str


class Row(Struct, array_like=True, tag="row"):
    first: Decimal
    second: str


def pointers(tp: object, data: str) -> list[str]:
    with pytest.raises(SchemaError) as caught:
        schema_for(tp).validate_json(data.encode(), part="body")
    assert all("decimal" in fault.expected for fault in caught.value.faults)
    return [fault.pointer for fault in caught.value.faults]


@pytest.mark.parametrize(
    "text",
    [
        '"1.10"', "1.10", "1", '"-0"', '"1e3"', "1E+400", "1e-400", '".5"', '"5."',
        "123456789012345678901234567890", '"1e9999"',
    ],
)  # fmt: skip
def test_a_decimal_is_read_exactly(text: str) -> None:
    line = schema_for(Line).validate_json(f'{{"price":{text}}}'.encode(), part="body")

    assert str(line.price) == str(Decimal(text.strip('"')))


@pytest.mark.parametrize(
    "text",
    [
        '"NaN"', '"sNaN"', '"n_an"', '"nan1"', '"inf"', '"-Infinity"', '"+1"', '" 1"', '"1 "',
        '"1_0"', '"_1"', '"٣"', '"\\u004eaN"', '"\\t1"', '"1\\n"', '"1e10000"', '"1e-10000"',
        "1e10000", "1e-10000", "1e99999999", "1e-99999999", "1E+10000", '"\\u00a01"',
        '"' + "9" * 301 + '"',
    ],
)  # fmt: skip
def test_what_only_python_takes_for_a_decimal_is_a_fault(text: str) -> None:
    assert pointers(Line, f'{{"price":{text}}}') == ["/price"]
    assert pointers(list[Line | None], f'[null,{{"price":{text}}},{{"price":1}}]') == ["/1/price"]


def test_other_fields_may_have_such_texts() -> None:
    data = b'{"price":"1.0","note":"NaN","ratio":1e-10000,"rest":["nan",1e-10000]}'

    line = schema_for(Line).validate_json(data, part="body")

    assert (line.note, line.ratio, line.rest) == ("NaN", 0.0, ["nan", 0.0])
    with pytest.raises(SchemaError) as caught:
        schema_for(Line).validate_json(data.replace(b"1.0", b"inf"), part="body")
    assert [fault.pointer for fault in caught.value.faults] == ["/price"]


def test_such_a_decimal_is_told_together_with_the_other_faults() -> None:
    with pytest.raises(SchemaError) as caught:
        schema_for(Line).validate_json(b'{"price":"NaN","note":1,"ratio":"x"}', part="body")

    assert [fault.pointer for fault in caught.value.faults] == ["/price", "/note", "/ratio"]


@pytest.mark.parametrize(
    ("tp", "data", "pointer"),
    [
        (dict[str, Decimal], '{"a":1,"b":"NaN"}', "/b"),
        (tuple[str, Decimal], '["NaN","NaN"]', "/1"),
        (Paid | Noted, '{"type":"paid","value":"NaN"}', "/value"),
        (list[Annotated[Decimal, Meta(description="d")]], '["1","nan"]', "/1"),
        (Pair, '["NaN","NaN"]', "/0"),
        (Row, '["row","NaN","NaN"]', "/1"),
        (Decimal | None, '"NaN"', ""),
        (Decimal, '"NaN"', ""),
        (Tree, '{"value":1,"children":[{"value":" 1"}]}', "/children/0/value"),
    ],
)
def test_a_decimal_is_found_wherever_it_is(tp: object, data: str, pointer: str) -> None:
    assert pointers(tp, data) == [pointer]


def test_another_member_of_a_union_may_have_a_text_there() -> None:
    data = b'{"type":"noted","value":"NaN"}'

    assert schema_for(Paid | Noted).validate_json(data, part="body") == Noted("NaN")


def test_a_text_of_json_in_a_form_is_held_to_the_same() -> None:
    class Order(Struct):
        line: Line

    with pytest.raises(SchemaError) as caught:
        schema_for(Order).validate_strings([("line", '{"price":"NaN"}')], part="body")
    assert [fault.pointer for fault in caught.value.faults] == ["/line/price"]
    with pytest.raises(SchemaError):
        schema_for(Line).validate({"price": "NaN"}, part="body")
    assert schema_for(Line).validate({"price": Decimal("NaN")}, part="body").price.is_nan()


def outcome(ask: Callable[[], Any]) -> str:
    try:
        ask()
    except (SchemaError, MalformedJSONError):
        return "refused"
    return "read"


@pytest.mark.parametrize("depth", [50, 900, 5000])
@pytest.mark.parametrize("price", ['"1"', '"NaN"'])
def test_depth_is_read_or_refused_but_never_an_accident(depth: int, price: str) -> None:
    tree = '{"value":1,"children":[' * depth + f'{{"value":{price}}}' + "]}" * depth
    schema, pairs = schema_for(Tree), [("value", "1"), ("children", tree)]

    found = {
        outcome(lambda: schema.validate_json(tree.encode(), part="body")),
        outcome(lambda: schema.validate_strings(pairs, part="query")),
    }

    # How deep msgspec reads is for the stack of its interpreter to say.
    expected = {"refused"} if "NaN" in price or depth == 5000 else {"read"}
    assert found == expected or depth == 900


NUMBER_LIKE = st.text(alphabet="0123456789+-._eE nNaAsSiIfFtTyY\t\n\u00a0٣\u2003\x1c", max_size=12)


@settings(max_examples=400)
@given(NUMBER_LIKE)
def test_every_text_that_only_python_takes_is_looked_at(text: str) -> None:
    try:
        Decimal(text)
    except InvalidOperation:
        return
    if is_number(text):
        return
    for ascii_only in (True, False):
        assert may_have_traps(json.dumps({"a": text}, ensure_ascii=ascii_only).encode())
    escaped = "".join(f"\\u{ord(char):04x}" for char in text)
    assert may_have_traps(f'["{escaped}"]'.encode())


@pytest.mark.parametrize(
    "data",
    [b'{"price":"1.10","note":"a word","id":"7f1d"}', b'{"price":1.5e10}', b'[""]', b'["-12.50"]'],
)
def test_common_bodies_are_not_looked_at_twice(data: bytes) -> None:
    assert not may_have_traps(data)


def test_the_search_takes_time_proportional_to_the_body() -> None:
    # Were it quadratic, each would take minutes.
    for piece in (b'"n', b'"\\', b'"1', b'"e', b'" ', b"1e1"):
        may_have_traps(piece * 200_000)
