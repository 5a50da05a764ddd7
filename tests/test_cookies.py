"""Cookies that came, and those that the answer sets."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico._cookie_line import CookieAttributes, CookieDefaults, write_cookie, write_default
from portico._cookies import CookieJar, parse_cookies


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], {}),
        (["a=1"], {"a": "1"}),
        (["a=1; b=2"], {"a": "1", "b": "2"}),
        (["a=1;b=2", "c=3"], {"a": "1", "b": "2", "c": "3"}),
        (["a=1; a=2"], {"a": "1"}),
        (["a=1", "a=2"], {"a": "1"}),
        (["a=b=c"], {"a": "b=c"}),
        (["a="], {"a": ""}),
        (["a"], {}),
        (["=a; ; b = 2 "], {"b": "2"}),
        (['a="1 2"'], {"a": "1 2"}),
        (['a="'], {"a": '"'}),
        (["a=%C3%A9%20x"], {"a": "é x"}),
        (["a=%FF"], {"a": "%FF"}),
        (["a=%2"], {"a": "%2"}),
        (["a=100%"], {"a": "100%"}),
        (["a=\xe9"], {"a": "\xe9"}),
        (["a=\xc3%A9"], {"a": "é"}),
    ],
)
def test_what_came_is_read_as_leniently_as_browsers_write(
    fields: list[str], expected: dict[str, str]
) -> None:
    assert parse_cookies(fields) == expected


def jar(**came: str) -> CookieJar:
    return CookieJar(came, secure=False)


def test_a_jar_gives_what_came_and_a_cookie_for_any_name() -> None:
    cookies = jar(a="1", b="2")

    assert cookies["a"].value == "1"
    assert cookies["c"].value is None
    assert cookies.get("a") == "1"
    assert cookies.get("c") is None
    assert cookies.get("c", "x") == "x"
    assert list(cookies) == ["a", "b"]
    assert len(cookies) == 2
    assert "a" in cookies
    assert "c" not in cookies
    assert cookies.set_cookie_lines() == []


def test_a_value_that_is_set_goes_out_with_safe_attributes() -> None:
    cookies = jar()

    cookies["a"].value = "1"

    assert cookies.set_cookie_lines() == ["a=1; Path=/; HttpOnly; SameSite=Lax"]
    assert cookies["a"].value == "1"
    assert cookies.get("a") == "1"


def test_a_cookie_of_an_encrypted_connection_is_secure() -> None:
    cookies = CookieJar({}, secure=True)

    cookies["a"].value = "1"

    assert cookies.set_cookie_lines() == ["a=1; Path=/; Secure; HttpOnly; SameSite=Lax"]


def test_setting_what_came_sends_nothing_but_set_always_sends() -> None:
    cookies = jar(a="1", b="1")

    cookies["a"].value = "1"
    cookies["b"].set("1")

    assert cookies.set_cookie_lines() == ["b=1; Path=/; HttpOnly; SameSite=Lax"]


def test_setting_an_attribute_of_what_came_sends_it_again() -> None:
    cookies = jar(a="1")

    cookies["a"].max_age = 60

    assert cookies.set_cookie_lines() == ["a=1; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"]


def test_setting_an_attribute_of_what_did_not_come_sends_nothing() -> None:
    cookies = jar()

    cookies["a"].max_age = 60

    assert cookies.set_cookie_lines() == []


def test_every_attribute_is_written() -> None:
    cookies = jar()

    cookies["a"].set(
        "1",
        path="/x",
        domain="app.test",
        max_age=5,
        secure=True,
        http_only=False,
        same_site="strict",
        partitioned=True,
    )

    assert cookies.set_cookie_lines() == [
        "a=1; Max-Age=5; Domain=app.test; Path=/x; Secure; SameSite=Strict; Partitioned"
    ]


@pytest.mark.parametrize(("same_site", "partitioned"), [("none", False), (None, True)])
def test_what_browsers_refuse_without_secure_has_it(same_site: Any, partitioned: bool) -> None:
    cookies = jar()

    cookies["a"].set("1", same_site=same_site, partitioned=partitioned)

    assert "; Secure" in cookies.set_cookie_lines()[0]


def test_a_cookie_that_is_removed_expires() -> None:
    cookies = jar(a="1")

    cookies["a"].remove(path="/x", domain="app.test")

    assert cookies["a"].value is None
    (line,) = cookies.set_cookie_lines()
    assert line.split("; ") == [
        "a=",
        "Max-Age=0",
        "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Domain=app.test",
        "Path=/x",
        "HttpOnly",
        "SameSite=Lax",
    ]


def test_a_cookie_that_is_removed_and_set_again_stays() -> None:
    cookies = jar(a="1")

    cookies["a"].remove()
    cookies["a"].value = "2"

    assert cookies.set_cookie_lines() == ["a=2; Path=/; HttpOnly; SameSite=Lax"]


@pytest.mark.parametrize(
    "value", ["a b", "a;b", "a,b", 'a"b', "a\\b", "a%b", "é", "a\r\nb", "\0", "🍪", "%41"]
)
def test_any_value_comes_back_as_it_was_set(value: str) -> None:
    cookies = jar()

    cookies["a"].value = value
    pair = cookies.set_cookie_lines()[0].partition("; ")[0]

    assert pair.isascii()
    assert parse_cookies([pair]) == {"a": value}


@pytest.mark.parametrize("name", ["", "a b", "a;b", "a=b", "é", "a\r\n"])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cookie name"):
        jar()[name]


@pytest.mark.parametrize("attribute", ["path", "domain"])
@pytest.mark.parametrize("value", ["a; Secure", "a\r\nb", "é"])
def test_an_attribute_that_would_add_another_is_refused(attribute: str, value: str) -> None:
    cookies = jar(a="1")
    cookies["a"].value = "2"
    setattr(cookies["a"], attribute, value)

    with pytest.raises(ValueError, match=f"attribute {attribute}"):
        cookies.set_cookie_lines()


def test_a_value_that_changes_back_sends_nothing() -> None:
    cookies = jar(a="1")

    cookies["a"].value = "2"
    cookies["a"].remove()
    cookies["a"].value = "1"

    assert cookies.set_cookie_lines() == []


def test_the_lines_are_the_same_each_time_that_they_are_asked_for() -> None:
    cookies = jar(a="1")
    cookies["b"].value = "1"
    cookies["a"].remove()

    assert cookies.set_cookie_lines() == cookies.set_cookie_lines()
    assert len(cookies.set_cookie_lines()) == 2


def test_an_update_leaves_what_it_does_not_name() -> None:
    cookies = jar(a="1")

    cookies["a"].update(max_age=60, same_site="strict")
    cookies["a"].update(path="/x")

    assert cookies.set_cookie_lines() == ["a=1; Max-Age=60; Path=/x; HttpOnly; SameSite=Strict"]


def test_set_puts_back_what_it_does_not_name() -> None:
    cookies = jar(a="1")

    cookies["a"].update(max_age=60, path="/x", secure=True)
    cookies["a"].set("2", priority="low")

    assert cookies.set_cookie_lines() == ["a=2; Path=/; HttpOnly; SameSite=Lax; Priority=Low"]


@pytest.mark.parametrize("secure", [True, False])
def test_secure_that_is_none_is_what_the_connection_is(secure: bool) -> None:
    cookies = CookieJar({"a": "1"}, secure=secure)

    cookies["a"].update(secure=not secure)
    cookies["a"].update(secure=None)

    assert cookies["a"].secure is secure
    assert cookies.set_cookie_lines() == []


def test_a_cookie_is_refreshed_only_if_there_is_one() -> None:
    cookies = jar(a="1")

    cookies["a"].refresh()
    cookies["b"].refresh()

    assert cookies.set_cookie_lines() == ["a=1; Path=/; HttpOnly; SameSite=Lax"]


@pytest.mark.parametrize("way", ["set", "update"])
def test_an_unknown_attribute_is_refused_by_name(way: str) -> None:
    cookie = jar(a="1")["a"]
    arguments = ("2",) if way == "set" else ()

    with pytest.raises(TypeError, match="no attribute 'httponly'"):
        getattr(cookie, way)(*arguments, httponly=True)


@pytest.mark.parametrize("value", [None, 1, b"1", {"a": 1}, ["a"]])
def test_a_value_that_is_no_text_is_refused_where_it_is_set(value: Any) -> None:
    cookie = jar(a="1")["a"]

    with pytest.raises(TypeError, match=r"cookie 'a'.* is text"):
        cookie.value = value

    assert cookie.value == "1"


def test_text_with_a_lone_surrogate_is_refused() -> None:
    cookies = jar()
    cookies["a"].value = "\ud800"

    with pytest.raises(ValueError, match=r"cookie 'a'.*lone surrogate"):
        cookies.set_cookie_lines()


@pytest.mark.parametrize(
    ("max_age", "expected"),
    [
        (0, "0"),
        (-1, "-1"),
        (60, "60"),
        (timedelta(0), "0"),
        (timedelta(days=1), "86400"),
        (timedelta(milliseconds=1), "1"),
        (timedelta(seconds=1, microseconds=1), "2"),
    ],
)
def test_an_age_is_whole_seconds_and_no_less_than_what_was_said(
    max_age: int | timedelta, expected: str
) -> None:
    cookies = jar()

    cookies["a"].set("1", max_age=max_age)

    assert f"; Max-Age={expected}; " in cookies.set_cookie_lines()[0]


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "Fri, 02 Jan 2026 03:04:05 GMT"),
        (
            datetime(2026, 1, 1, 1, 0, 0, 999, tzinfo=timezone(timedelta(hours=2))),
            "Wed, 31 Dec 2025 23:00:00 GMT",
        ),
        (datetime(1, 1, 1, tzinfo=UTC), "Mon, 01 Jan 0001 00:00:00 GMT"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "Fri, 31 Dec 9999 23:59:59 GMT"),
    ],
)
def test_an_end_is_written_in_gmt(expires: datetime, expected: str) -> None:
    cookies = jar()

    cookies["a"].set("1", expires=expires)

    assert f"; Expires={expected}; " in cookies.set_cookie_lines()[0]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("max_age", "60"),
        ("max_age", 1.5),
        ("expires", datetime(2026, 1, 1)),
        ("expires", "tomorrow"),
        ("same_site", "Lax"),
        ("same_site", "lax; Domain=x"),
        ("priority", "urgent"),
        ("path", ""),
        ("path", "x"),
        ("path", "/" + "x" * 1024),
        ("domain", ""),
    ],
)
def test_an_attribute_that_browsers_would_not_heed_is_refused(attribute: str, value: Any) -> None:
    cookies = jar()
    cookies["a"].set("1")
    setattr(cookies["a"], attribute, value)

    with pytest.raises(ValueError, match=rf"cookie 'a' .* attribute {attribute} is "):
        cookies.set_cookie_lines()


@pytest.mark.parametrize("name", ["__Host-a", "__Secure-a", "__host-a", "__SECURE-a"])
def test_a_name_that_promises_to_be_secure_is(name: str) -> None:
    cookies = jar()

    cookies[name].value = "1"
    assert cookies.set_cookie_lines() == [f"{name}=1; Path=/; Secure; HttpOnly; SameSite=Lax"]

    cookies[name].remove()
    assert "; Secure; " in cookies.set_cookie_lines()[0]


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("__Host-a", {"domain": "app.test"}),
        ("__Host-a", {"path": "/x"}),
        ("__Host-a", {"secure": False}),
        ("__hOST-a", {"path": "/x"}),
        ("__Secure-a", {"secure": False}),
    ],
)
@pytest.mark.parametrize("end", ["set", "remove"])
def test_a_name_whose_promise_is_broken_is_refused(
    name: str, attributes: dict[str, Any], end: str
) -> None:
    cookies = jar()
    cookies[name].set("1", **attributes)
    if end == "remove":
        cookies[name].remove()

    with pytest.raises(ValueError, match=f"cookie '{name}' .* name says that it is"):
        cookies.set_cookie_lines()


@pytest.mark.parametrize("value", ["x" * 4062, "é" * 677])
def test_a_cookie_larger_than_browsers_keep_is_refused_with_its_size(value: str) -> None:
    cookies = jar()
    cookies["a"].value = value
    assert len(cookies.set_cookie_lines()[0]) == 4096

    cookies["a"].value = f"{value}x"

    with pytest.raises(ValueError, match=r"cookie 'a' .* 4097 bytes"):
        cookies.set_cookie_lines()


def test_names_that_are_no_tokens_did_not_come() -> None:
    cookies = CookieJar({"a": "1", "user[id]": "2", "b c": "3", "é": "4"}, secure=False)

    assert list(cookies) == ["a"]
    assert len(cookies) == 1
    assert "user[id]" not in cookies
    assert 1 not in cookies
    assert cookies.came() == [("a", "1"), ("user[id]", "2"), ("b c", "3"), ("é", "4")]


_ATTRIBUTES: list[CookieAttributes] = [
    {},
    {"path": "/", "secure": True, "http_only": True, "same_site": "lax"},
    {"path": "/a", "domain": "app.test", "max_age": 60, "priority": "high"},
    {"expires": datetime(2030, 1, 2, tzinfo=UTC), "same_site": "none", "partitioned": True},
]


def outcome(write: Callable[[str, str, Any], str], name: str, value: str, kind: Any) -> str:
    """The line, or the error in its place."""
    try:
        return write(name, value, kind)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("attributes", _ATTRIBUTES)
@given(
    st.sampled_from(["a", "__Host-a", "__secure-a", "__a", "_a"]),
    st.one_of(st.text('a1%;, "\\é\ud800', max_size=5), st.sampled_from(["a" * 4050, "a" * 5000])),
)
def test_a_cookie_with_the_attributes_of_its_application_is_written_as_any_other(
    attributes: CookieAttributes, name: str, value: str
) -> None:
    defaults = CookieDefaults(attributes)

    quick = outcome(write_default, name, value, defaults)

    assert quick == outcome(write_cookie, name, value, attributes)


def test_an_attribute_of_one_cookie_is_not_that_of_another() -> None:
    cookies = jar(a="1", b="2")

    cookies["a"].path = "/a"
    cookies["b"].update(max_age=5)

    assert (cookies["a"].path, cookies["b"].path, cookies["c"].path) == ("/a", "/", "/")
    assert (cookies["a"].max_age, cookies["b"].max_age, cookies["c"].max_age) == (None, 5, None)
