"""Header fields: an ordered multi-map with the rules of HTTP and of the Fetch Standard."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import Headers


def test_fields_keep_their_order_and_their_duplicates() -> None:
    headers = Headers([("A", "1"), ("b", "2"), ("a", "3")])

    assert list(headers) == [("a", "1"), ("b", "2"), ("a", "3")]
    assert headers.items() == list(headers)
    assert headers.values() == ["1", "2", "3"]
    assert headers.keys() == ["a", "b"]
    assert len(headers) == 3


@pytest.mark.parametrize("name", ["accept", "Accept", "ACCEPT"])
def test_names_are_found_in_any_case(name: str) -> None:
    headers = Headers({"Accept": "*/*"})

    assert headers.get(name) == "*/*"
    assert headers[name] == "*/*"
    assert headers.has(name)
    assert name in headers
    assert headers.get_all(name) == ["*/*"]


def test_a_repeated_field_reads_as_one_value() -> None:
    headers = Headers([("accept", "a"), ("accept", "b")])

    assert headers.get("accept") == "a, b"
    assert headers["accept"] == "a, b"
    assert headers.get_all("accept") == ["a", "b"]


def test_cookies_that_are_set_are_never_joined() -> None:
    headers = Headers([("set-cookie", "a=1"), ("Set-Cookie", "b=2; Expires=Thu, 01 Jan 1970")])

    assert headers.get_set_cookie() == ["a=1", "b=2; Expires=Thu, 01 Jan 1970"]
    assert headers.get("set-cookie") == "a=1"
    assert headers.to_wire() == [
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2; Expires=Thu, 01 Jan 1970"),
    ]


def test_a_field_that_is_not_there_is_the_default_or_a_key_error() -> None:
    headers = Headers()

    assert headers.get("x") is None
    assert headers.get("x", "y") == "y"
    assert headers.get_all("x") == []
    assert not headers
    with pytest.raises(KeyError, match="x"):
        headers["x"]


def test_setting_replaces_every_field_of_the_name_at_the_place_of_the_first() -> None:
    headers = Headers([("a", "1"), ("b", "2"), ("A", "3"), ("c", "4")])

    headers.set("A", "5")
    headers["d"] = "6"

    assert list(headers) == [("a", "5"), ("b", "2"), ("c", "4"), ("d", "6")]


def test_a_default_is_set_only_where_nothing_is() -> None:
    headers = Headers({"a": "1"})

    headers.set_default("A", "2")
    headers.set_default("b", "3")

    assert list(headers) == [("a", "1"), ("b", "3")]


def test_deleting_removes_every_field_of_the_name() -> None:
    headers = Headers([("a", "1"), ("b", "2"), ("a", "3")])

    headers.delete("A")
    del headers["nothing"]

    assert list(headers) == [("b", "2")]


@pytest.mark.parametrize(
    "init",
    [{"a": "1", "b": "2"}, [("a", "1"), ("b", "2")], Headers({"a": "1", "b": "2"})],
    ids=["mapping", "pairs", "headers"],
)
def test_fields_come_from_a_mapping_pairs_or_other_headers(init: Any) -> None:
    assert list(Headers(init)) == [("a", "1"), ("b", "2")]


def test_a_copy_is_independent() -> None:
    first = Headers({"a": "1"})
    second = Headers(first)

    second.set("a", "2")

    assert first["a"] == "1"


def test_iteration_stands_apart_from_changes() -> None:
    headers = Headers({"a": "1", "b": "2"})

    for name, _ in headers:
        headers.delete(name)

    assert not headers


def test_every_byte_that_is_allowed_goes_round_unchanged() -> None:
    value = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)]).strip()
    headers = Headers.from_wire([(b"X-Bytes", value)])

    assert headers.to_wire() == [(b"x-bytes", value)]
    assert Headers(list(headers)).to_wire() == [(b"x-bytes", value)]


def test_white_space_around_a_value_does_not_count() -> None:
    assert Headers({"a": " \t\r\n1 2\r\n"})["a"] == "1 2"


@pytest.mark.parametrize(
    "value",
    ["a\r\nSet-Cookie: b=1", "a\nb", "a\rb", "a\0b", "a\x7fb", "a\x1fb", "a\u0100", "a\ud800"],
)
def test_a_value_that_would_end_the_field_is_refused_and_named(value: str) -> None:
    with pytest.raises(ValueError, match=r"'x-a'.*U\+[0-9A-F]{4} at position 1"):
        Headers().append("x-a", value)


@pytest.mark.parametrize("name", ["", " a", "a b", "a:", "a\r\n", "a\0", "ä", "a,b", '"a"', "(a)"])
def test_a_name_that_is_no_token_is_refused_and_named(name: str) -> None:
    headers = Headers()

    for change in (headers.append, headers.set, headers.set_default):
        with pytest.raises(ValueError, match="header name"):
            change(name, "1")
    assert not headers


@pytest.mark.parametrize("value", [1, None, b"1", ["1"]])
def test_a_value_that_is_no_text_is_refused_with_its_type(value: Any) -> None:
    with pytest.raises(TypeError, match=rf"'x-a'.*{type(value).__name__}.*Expected a text"):
        Headers({"x-a": value})


def test_a_representation_shows_names_and_no_secrets() -> None:
    assert repr(Headers({"Authorization": "secret"})) == "Headers(authorization)"


def test_equal_fields_are_equal_and_have_no_hash() -> None:
    assert Headers({"A": "1"}) == Headers([("a", "1")])
    assert Headers({"A": "1"}) != Headers({"a": "2"})
    assert Headers() != []
    with pytest.raises(TypeError):
        hash(Headers())


def test_a_thousand_names_of_a_hostile_peer_do_not_spoil_those_of_others() -> None:
    for number in range(1000):
        assert Headers({f"X-{number}": "1"}).keys() == [f"x-{number}"]

    assert Headers({"X-Late": "1"}).keys() == ["x-late"]


_NAMES = st.sampled_from(["a", "A", "b", "set-cookie", "x-other"])
_VALUES = st.text(st.sampled_from(' \t\r\n\0\x0b\x1f\x7f\x80\xa0\xff\u0100 aZ~!;,="%'), max_size=6)


@given(_VALUES)
def test_a_value_is_stripped_and_checked_whatever_it_is_made_of(value: str) -> None:
    stripped = value.strip(" \t\r\n")
    allowed = all(
        char == "\t" or " " <= char <= "~" or "\x80" <= char <= "\xff" for char in stripped
    )
    headers = Headers()
    try:
        headers["a"] = value
    except ValueError:
        assert not allowed
    else:
        assert allowed
        assert headers.items() == [("a", stripped)]


@given(st.lists(st.tuples(_NAMES, st.sampled_from("123"))), _NAMES)
def test_one_value_stands_where_the_first_of_many_stood(
    pairs: list[tuple[str, str]], name: str
) -> None:
    headers = Headers(pairs)
    found = [value for key, value in headers if key == name.lower()]

    expected = found[0] if found and name == "set-cookie" else ", ".join(found) or None
    assert headers.get(name) == expected

    headers[name] = "new"

    kept = [pair for pair in Headers(pairs) if pair[0] != name.lower()]
    at = next((i for i, pair in enumerate(Headers(pairs)) if pair[0] == name.lower()), len(pairs))
    assert headers.items() == [*kept[:at], (name.lower(), "new"), *kept[at:]]
