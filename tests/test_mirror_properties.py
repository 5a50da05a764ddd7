"""For random values of random types a mirror writes what a plain, slow reading of them says."""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, defstruct
from typing_extensions import TypedDict

from portico._json import to_json
from portico._mirror_build import mirror_of

SECRET = "SECRET"


class Case(NamedTuple):
    """A type, a value of it in which anything may be a subclass, and what may leave of it."""

    type: Any
    value: Any
    shown: Any


def scalars() -> st.SearchStrategy[Case]:
    return st.one_of(
        st.integers(-(2**53), 2**53).map(lambda n: Case(int, n, n)),
        st.text(max_size=5).map(lambda s: Case(str, s, s)),
        st.booleans().map(lambda b: Case(bool, b, b)),
        st.just(Case(None, None, None)),
        st.floats(allow_nan=False, allow_infinity=False).map(lambda x: Case(float, x, x)),
    )


def lists(case: Case) -> Case:
    return Case(list[case.type], [case.value] * 2, [case.shown] * 2)  # type: ignore[name-defined]


def tuples(case: Case) -> Case:
    return Case(tuple[int, case.type], (1, case.value), [1, case.shown])  # type: ignore[name-defined]


def dicts(case: Case) -> Case:
    return Case(dict[str, case.type], {"a": case.value}, {"a": case.shown})  # type: ignore[name-defined]


def optionals(case: Case) -> Case:
    return Case(case.type | None if case.type is not None else None, case.value, case.shown)


class Stranger(Struct):
    """Another member of every union, which no value belongs to."""

    stranger: int


def unions(case: Case) -> Case:
    tp: Any = case.type
    return Case(Stranger | tp if tp is not None else None, case.value, case.shown)


def structs(case: Case, *, more: bool, rename: bool) -> Case:
    base = defstruct("Base", [("the_field", case.type)], rename="camel" if rename else None)
    cls = defstruct("More", [("password_hash", str, SECRET)], bases=(base,)) if more else base
    name = "theField" if rename else "the_field"
    return Case(base, cls(case.value), {name: case.shown})


def post_init_structs(case: Case, *, more: bool) -> Case:
    def count(self: Any) -> None:
        self.count += 1

    fields: list[Any] = [("inner", case.type), ("count", int, 0)]
    base = defstruct("Base", fields, namespace={"__post_init__": count})
    cls = defstruct("More", [("password_hash", str, SECRET)], bases=(base,)) if more else base
    return Case(base, cls(case.value), {"inner": case.shown, "count": 1})


def dataclasses(case: Case, *, more: bool) -> Case:
    @dataclass
    class Base:
        inner: case.type  # type: ignore[name-defined]

    @dataclass
    class More(Base):
        password_hash: str = SECRET

    return Case(Base, (More if more else Base)(case.value), {"inner": case.shown})


def typed_dicts(case: Case, *, more: bool) -> Case:
    class Base(TypedDict):
        inner: case.type  # type: ignore[name-defined]

    secret = {"password_hash": SECRET} if more else {}
    return Case(Base, {"inner": case.value, **secret}, {"inner": case.shown})


def named_tuples(case: Case) -> Case:
    class Base(NamedTuple):
        inner: case.type  # type: ignore[name-defined]
        n: int

    return Case(Base, Base(case.value, 1), [case.shown, 1])


def around(inner: st.SearchStrategy[Case]) -> st.SearchStrategy[Case]:
    more = st.booleans()
    return st.one_of(
        inner.map(lists),
        inner.map(tuples),
        inner.map(dicts),
        inner.map(optionals),
        inner.map(unions),
        inner.map(named_tuples),
        st.builds(structs, inner, more=more, rename=st.booleans()),
        st.builds(post_init_structs, inner, more=more),
        st.builds(dataclasses, inner, more=more),
        st.builds(typed_dicts, inner, more=more),
    )


CASES = st.recursive(scalars(), around, max_leaves=8)


@given(CASES, st.booleans())
def test_a_mirror_writes_what_is_declared_and_nothing_more(case: Case, strict: bool) -> None:
    before = to_json(case.value)

    mirror = mirror_of(case.type, strict=strict)
    got = mirror(case.value)

    assert json.loads(to_json(got)) == case.shown
    assert SECRET.encode() not in to_json(got)
    assert to_json(case.value) == before
    assert mirror(got) is got
