"""What is known of a type without asking msgspec is what msgspec would say."""

import operator
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta, Struct
from msgspec import inspect as mi

from portico._described import Described
from portico._expected import expectation
from portico._faults import SchemaError
from portico._schema import schema_for

KINDS: list[Any] = [
    str,
    bool,
    int,
    float,
    Annotated[str, Meta(min_length=1)],
    Annotated[int, Meta(ge=0)],
    Annotated[float, Meta(le=1)],
    str | None,
    bytes,
    None,
]
VALUES: list[Any] = ["", "1", "true", "1.5", True, False, 0, 1, 10**30, 0.0, 1.5, None, [], [1], {}]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_matches_never_is_converted_by_no_rule(kind: Any, value: Any) -> None:
    node = mi.type_info(kind)
    while isinstance(node, mi.Metadata):
        node = node.type
    if type(value) not in Described().facts(node).never:
        return

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, kind)


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize(
    "value", [*VALUES, 10**400, -0.0, 2.0, "é"], ids=lambda value: repr(value)[:20]
)
def test_what_is_known_to_be_right_or_wrong_is_so_for_msgspec(kind: Any, value: Any) -> None:
    node = mi.type_info(kind)
    if isinstance(node, mi.Metadata | mi.UnionType):
        assert not Described().facts(node).same
        return
    facts = Described().facts(node)
    if type(value) in facts.same:
        converted = msgspec.convert(value, kind)
        assert (converted, type(converted)) == (value, type(value))
    if facts.is_whole and type(value) is float and not value.is_integer():
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, kind)


def test_the_kinds_of_json_that_a_scalar_never_takes_are_known() -> None:
    facts = [Described().facts(mi.type_info(kind)) for kind in (str, bool, int, float)]
    never = {each.annotation.__name__: sum(type(v) in each.never for v in VALUES) for each in facts}

    assert never == {"str": 11, "bool": 13, "int": 10, "float": 10}


class Inner(Struct):
    count: Annotated[int, Meta(ge=1)]
    word: Annotated[str, Meta(extra={"secret": True})]


class Outer(Struct):
    inner: Inner
    many: list[Inner] = []


def test_what_is_found_out_is_kept_for_each_type_of_a_description() -> None:
    node = mi.type_info(Outer)
    known = Described()
    assert isinstance(node, mi.StructType)
    first = [known.members(node), known.facts(node)]

    assert all(map(operator.is_, [known.members(node), known.facts(node)], first))
    assert known.facts(node).annotation is Outer
    assert known.facts(node.fields[1].type).expectation == expectation(node.fields[1].type)
    assert [name for name, *_ in known.members(node)] == ["inner", "many"]


def test_a_second_refused_value_has_faults_of_its_own() -> None:
    schema = schema_for(Outer)
    found: list[Any] = []
    for data in (
        b'{"inner": {"count": 0}}',
        b'{"inner": {"count": "a", "word": 1}, "many": [1]}',
    ) * 2:
        with pytest.raises(SchemaError) as caught:
            schema.validate_json(data, part="body")
        found.append([(f.pointer, f.expected, f.found) for f in caught.value.faults])

    assert found[:2] == found[2:]
    assert [pointer for pointer, *_ in found[0]] == ["/inner/count", "/inner/word"]
    assert [pointer for pointer, *_ in found[1]] == ["/inner/count", "/inner/word", "/many/0"]
    assert repr(found[1][1][2]) == "MISSING"
