"""`URLSearchParams` and the parser and serializer of `application/x-www-form-urlencoded`."""

import json
from pathlib import Path
from typing import TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico._url_search_params import (
    URLSearchParams,
    last_values,
    parse_urlencoded,
    serialize_urlencoded,
)

WPT = Path(__file__).parent / "data" / "wpt"


class UrlencodedTest(TypedDict):
    input: str
    output: list[list[str]]


def read_tests() -> list[UrlencodedTest]:
    tests: list[UrlencodedTest] = json.loads(
        (WPT / "urlencoded-parser-data.json").read_text("utf-8")
    )
    return tests


def test_all_35_records_of_the_web_platform_tests_pass() -> None:
    tests = read_tests()
    passed = [
        test
        for test in tests
        if parse_urlencoded(test["input"])
        == parse_urlencoded(test["input"].encode())
        == URLSearchParams(test["input"]).items()
        == [(name, value) for name, value in test["output"]]
    ]

    assert [test["input"] for test in tests if test not in passed] == []
    assert len(passed) == 35


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a=\xff", [("a", "\ufffd")]),
        (b"a=\xc3%A9", [("a", "é")]),
        (b"a=%C3\xa9&b=1", [("a", "é"), ("b", "1")]),
        (b"=\xff&&\xff+=%", [("", "\ufffd"), ("\ufffd ", "%")]),
        ("a=\ud800", [("a", "\ufffd")]),
        ("a=%f", [("a", "%f")]),
        ("a=%zz%20%", [("a", "%zz %")]),
        ("a=%+1", [("a", "% 1")]),
        ("a=%2B+b", [("a", "+ b")]),
        ("a=b=c", [("a", "b=c")]),
        ("?a=b", [("?a", "b")]),
    ],
)
def test_parsing_accepts_everything_and_replaces_what_is_no_utf_8(
    text: str | bytes, expected: list[tuple[str, str]]
) -> None:
    assert parse_urlencoded(text) == expected


@settings(deadline=None)
@given(st.binary() | st.text("&=%+aé0\x80").map(str.encode))
def test_text_and_its_bytes_parse_alike(data: bytes) -> None:
    text = data.decode("utf-8", "replace")

    assert parse_urlencoded(text) == parse_urlencoded(text.encode())
    assert len(parse_urlencoded(data)) == len(parse_urlencoded(text))


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text())))
def test_what_was_serialized_parses_to_the_same_pairs(pairs: list[tuple[str, str]]) -> None:
    text = serialize_urlencoded(pairs)

    assert text.isascii()
    assert parse_urlencoded(text) == pairs


def test_serializing_escapes_all_but_letters_digits_and_four_marks() -> None:
    printable = "".join(map(chr, range(0x20, 0x7F)))

    text = serialize_urlencoded([(printable, "é")])

    assert text == (
        "+%21%22%23%24%25%26%27%28%29*%2B%2C-.%2F0123456789%3A%3B%3C%3D%3E%3F%40"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D%7E=%C3%A9"
    )


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (URLSearchParams(), ""),
        (URLSearchParams("a=1&b=2"), "a=1&b=2"),
        (URLSearchParams("?a=1"), "a=1"),
        (URLSearchParams("??a=1"), "%3Fa=1"),
        (URLSearchParams({"a": "1", "?b": "x y"}), "a=1&%3Fb=x+y"),
        (URLSearchParams([("a", "1"), ("a", "2")]), "a=1&a=2"),
        (URLSearchParams(iter([("a", "1")])), "a=1"),
        (URLSearchParams(URLSearchParams("a=1&a=2")), "a=1&a=2"),
        (URLSearchParams([("\ud800", "\udc00\ud83d\ude00")]), "%EF%BF%BD=%EF%BF%BD%F0%9F%98%80"),
    ],
)
def test_they_are_made_of_a_query_a_mapping_or_pairs(
    params: URLSearchParams, expected: str
) -> None:
    assert str(params) == expected


def test_the_first_value_of_a_name_is_the_one_that_is_read() -> None:
    params = URLSearchParams("a=1&b=2&a=3")

    assert (params.get("a"), params["a"], params.get_all("a")) == ("1", "1", ["1", "3"])


def test_a_name_that_is_not_there_is_none_a_default_or_a_key_error() -> None:
    params = URLSearchParams("a=1")

    assert (params.get("b"), params.get("b", "x"), params.get_all("b")) == (None, "x", [])
    with pytest.raises(KeyError):
        params["b"]


def test_names_are_case_sensitive() -> None:
    params = URLSearchParams("a=1")

    assert "a" in params
    assert "A" not in params


def test_has_and_delete_may_ask_for_the_value_too() -> None:
    params = URLSearchParams("a=1&a=2&b=1")

    params.delete("a", "1")

    assert str(params) == "a=2&b=1"
    assert (params.has("a"), params.has("a", "1"), params.has("a", "2")) == (True, False, True)


def test_deleting_a_name_removes_all_its_pairs_and_a_missing_one_is_no_error() -> None:
    params = URLSearchParams("a=1&b=2&a=3")

    params.delete("a")
    del params["c"]

    assert str(params) == "b=2"


@pytest.mark.parametrize(
    ("query", "expected"),
    [("a=1&b=2&a=3", "a=x&b=2"), ("b=2&a=1&a=2", "b=2&a=x"), ("b=2", "b=2&a=x"), ("", "a=x")],
)
def test_setting_a_name_keeps_the_place_of_its_first_pair(query: str, expected: str) -> None:
    params = URLSearchParams(query)

    params["a"] = "x"

    assert str(params) == expected


def test_sorting_is_by_utf_16_code_units_and_keeps_the_order_of_one_name() -> None:
    params = URLSearchParams([("\ufffd", "1"), ("b", "2"), ("\U0001f308", "3"), ("b", "1")])

    params.sort()

    # U+1F308 is above U+FFFD, but its first code unit, 0xD83C, is below.
    assert params.keys() == ["b", "b", "\U0001f308", "\ufffd"]
    assert params.get_all("b") == ["2", "1"]


def test_iterating_gives_the_pairs_as_they_were_at_the_start() -> None:
    params = URLSearchParams("a=1&b=2")

    for name, _ in params:
        params.delete(name)

    assert (len(params), params.size, str(params)) == (0, 0, "")


def test_keys_values_and_items_keep_repeated_names() -> None:
    params = URLSearchParams("a=1&a=2")

    assert (params.keys(), params.values()) == (["a", "a"], ["1", "2"])
    assert params.items() == list(params) == [("a", "1"), ("a", "2")]


def test_items_are_a_copy() -> None:
    params = URLSearchParams("a=1")

    params.items().clear()

    assert len(params) == 1


def test_params_are_equal_when_their_pairs_are_in_the_same_order() -> None:
    assert URLSearchParams("a=1&b=2") == URLSearchParams({"a": "1", "b": "2"})
    assert URLSearchParams("a=1&b=2") != URLSearchParams("b=2&a=1")
    assert URLSearchParams("a=1") != "a=1"


def test_params_show_their_query() -> None:
    assert repr(URLSearchParams({"a": "x y"})) == "URLSearchParams('a=x+y')"


@given(st.text(st.sampled_from("ab=&%2+;?#é\ud800 "), max_size=12))
def test_the_last_values_of_a_query_are_those_that_its_pairs_end_with(query: str) -> None:
    assert last_values(query) == dict(URLSearchParams(query).items())
