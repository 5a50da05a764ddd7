"""Cookies that came, and those that the answer sets."""

import pytest

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
def test_what_browsers_refuse_without_secure_has_it(same_site: None, partitioned: bool) -> None:
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
