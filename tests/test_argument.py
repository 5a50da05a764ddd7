"""Reading the arguments of a function in one pass gives what reading each of them alone gives."""

from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Meta

from portico import Context, InvalidInputError, Request
from portico._argument import GENERAL, plain_caller_of
from portico._argument_source import texts_caller
from portico._binding import Plan, plan, query_pairs
from portico._coerce import TextParameter
from portico._fault import Fault
from portico._faults import SchemaError
from portico._signature import Signature
from portico._url_search_params import last_values


class Colour(Enum):
    RED = "red"
    NONE = ""


def take(
    a: int,
    b: str,
    c: bool = True,
    d: int | None = None,
    e: list[str] = [],  # noqa: B006
    f: Annotated[int, Meta(ge=3)] = 9,
    *,
    g: float = 0.5,
    h: Colour = Colour.RED,
) -> tuple[object, ...]:
    """What it was called with."""
    return (a, b, c, d, e, f, g, h)


TAKEN = plan(Signature(take), ["a", "b"])


def take_texts(
    a: int,
    b: str,
    c: bool = True,
    d: int | None = None,
    f: Annotated[int, Meta(ge=3)] = 9,
    *,
    g: float = 0.5,
    h: Colour = Colour.RED,
    e: str = "e",
) -> tuple[object, ...]:
    """What it was called with."""
    return (a, b, c, d, f, g, h, e)


def take_numbers(a: int, b: int, c: int, d: int = 4, *, e: int) -> tuple[object, ...]:
    """What it was called with."""
    return (a, b, c, d, e)


def take_of_path(b: str, *, a: bool) -> tuple[object, ...]:
    """What it was called with."""
    return (b, a)


FUNCTIONS: list[Callable[..., tuple[object, ...]]] = [
    take,
    take_texts,
    take_numbers,
    take_of_path,
]

_NAMES = st.sampled_from("cdefgh")
_TEXTS = st.sampled_from(
    [
        "",
        "1",
        "-2",
        "on",
        "true",
        "x",
        "red",
        "3",
        "1e3",
        "%31",
        "+",
        " 1",
        "\u0661",
        "\ud800",
        "=",
        "9" * 400,
    ]
)
_FIELDS = st.one_of(
    st.tuples(_NAMES, _TEXTS).map("=".join),
    _NAMES,
    st.sampled_from(["", "=", "%63=1", "=1", "é=1", "?f=7", "??f=7"]),
)
_QUERIES = st.lists(_FIELDS, max_size=6).map("&".join)
_PARAMS = st.dictionaries(st.sampled_from("ab"), _TEXTS)


def context(query: str, params: dict[str, str]) -> Context:
    request = Request("http://localhost/")
    request.raw_query = query
    nothing: Any = None
    return Context(request, nothing, nothing, "", params, "/")


def read_one_by_one(found: Plan, ctx: Context) -> tuple[dict[str, object], list[Fault]]:
    values: dict[str, object] = {}
    faults: list[Fault] = []
    for argument in found.arguments:
        try:
            values[argument.name] = argument.read(ctx)
        except SchemaError as error:
            faults += error.faults
    return values, faults


@given(_QUERIES, _PARAMS, st.sampled_from(FUNCTIONS))
@example("?f=7", {"a": "1", "b": "x"}, take)
@example("c=1&c=2&e=3", {"a": "1", "b": "2"}, take_numbers)
@example("c=1&e=-3&d=", {"a": "1", "b": "2"}, take_numbers)
@example("", {"a": "1", "b": ""}, take_of_path)
def test_a_call_has_the_values_and_the_faults_of_its_arguments(
    query: str, params: dict[str, str], function: Callable[..., tuple[object, ...]]
) -> None:
    found = plan(Signature(cast("Any", function)), ["a", "b"])
    values, faults = read_one_by_one(found, context(query, params))

    call = found.caller(function)
    if faults:
        with pytest.raises(InvalidInputError) as caught:
            call(context(query, params))
        assert list(caught.value.faults) == faults
        return
    given = call(context(query, params))
    assert given == tuple(values.values())
    assert [type(value) for value in given] == [type(value) for value in values.values()]


@given(_QUERIES, _PARAMS)
def test_what_is_collected_ahead_of_a_call_is_the_same(query: str, params: dict[str, str]) -> None:
    values, faults = read_one_by_one(TAKEN, context(query, params))
    found: list[Fault] = []

    collected = TAKEN.collect(context(query, params), found)

    assert found == faults
    wrong = {fault.pointer.split("/")[1] for fault in faults}
    names = [argument.name for argument in TAKEN.arguments]
    assert collected == [None if name in wrong else values[name] for name in names]


@given(_QUERIES)
def test_the_pairs_of_a_query_are_those_that_the_context_gives(query: str) -> None:
    changed = context(query, {})
    changed.query.append("h", "1")

    assert query_pairs(context(query, {})) == context(query, {}).query.items()
    assert query_pairs(changed) == changed.query.items()


def test_texts_alone_are_read_without_the_general_way_where_they_are_plain() -> None:
    arguments = plan(Signature(cast("Any", take_numbers)), ["a", "b"]).arguments
    call = plain_caller_of(arguments, take_numbers)
    assert call is not None
    params = {"a": "1", "b": "2"}

    assert call(params, "c=3&e=5") == (1, 2, 3, 4, 5)
    assert call(params, "c=3") is GENERAL
    assert call(params, "c=x&e=5") is GENERAL


def test_a_function_of_very_many_texts_is_called_the_general_way() -> None:
    names = [f"p{number}" for number in range(40)]
    texts = [(TextParameter(name, int), False) for name in names]

    assert texts_caller(texts, take_numbers, last_values) is None
    for count in (1, 16, 17, 40):
        source = f"def f({', '.join(f'{name}: int' for name in names[:count])}): return {count}"
        made: dict[str, Any] = {}
        exec(source, made)
        query = "&".join(f"{name}=1" for name in names)
        assert plan(Signature(made["f"]), []).caller(made["f"])(context(query, {})) == count


def test_what_a_hook_made_of_the_query_is_what_is_bound() -> None:
    ctx = context("f=5&g=1", {"a": "1", "b": "x"})
    ctx.query["f"] = "7"
    ctx.query.append("g", "2")

    assert TAKEN.caller(take)(ctx) == (1, "x", True, None, [], 7, 2.0, Colour.RED)


def test_an_error_of_the_function_itself_is_no_fault_of_its_arguments() -> None:
    raised = SchemaError([Fault("body", "", "a fault")])

    def fail(a: int) -> None:
        raise raised

    def fail_with_body(body: bytes) -> None:
        raise raised

    ctx = context("", {"a": "1"})
    ctx.body = b""
    for function in (fail, fail_with_body):
        call = plan(Signature(cast("Any", function)), ["a"]).caller(function)
        with pytest.raises(SchemaError) as caught:
            call(ctx)
        assert caught.value is raised
