"""What an application's cookies have in common: attributes, signatures, and their secrets."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from portico import Context, CookieOptions, DefinitionError, Portico, Request, Response
from portico._cookie_signature import signed, verified
from portico._cookies import CookieJar, parse_cookies
from portico.contract import Platform

FIRST = "secret-number-one"
SECOND = "secret-number-two"
THIRD = "secret-of-nobody-here"

SIGNS_A = CookieOptions(secrets=FIRST, sign="a")
ROTATED = CookieOptions(secrets=[SECOND, FIRST], sign=["a"])
MIGRATING = CookieOptions(secrets=[FIRST, None], sign=["a"])

PLAIN = "; Path=/; HttpOnly; SameSite=Lax"


def jar(options: CookieOptions, *fields: str) -> CookieJar:
    return CookieJar(parse_cookies(fields), secure=False, options=options)


define: Any = CookieOptions


def sent(options: CookieOptions, value: str, name: str = "a") -> str:
    """The cookie as the peer keeps it, and sends it back."""
    cookies = jar(options)
    cookies[name].value = value
    (line,) = cookies.set_cookie_lines()
    return line.partition("; ")[0]


# Attributes


def test_attributes_are_those_of_the_options() -> None:
    options = CookieOptions(
        path="/app",
        domain="app.test",
        max_age=60,
        secure=True,
        http_only=False,
        same_site="strict",
        partitioned=True,
        priority="low",
    )
    cookies = jar(options, "b=1")

    cookies["a"].value = "1"
    cookies["b"].value = "1"

    (line,) = cookies.set_cookie_lines()
    assert line.split("; ") == [
        *("a=1", "Max-Age=60", "Domain=app.test", "Path=/app", "Secure", "SameSite=Strict"),
        *("Partitioned", "Priority=Low"),
    ]


def test_set_puts_back_the_attributes_of_the_options() -> None:
    cookies = jar(CookieOptions(path="/app", same_site=None))
    cookies["a"].update(path="/x", same_site="strict")

    cookies["a"].set("1")

    assert cookies.set_cookie_lines() == ["a=1; Path=/app; HttpOnly"]


def test_a_cookie_is_removed_with_the_path_and_the_domain_of_the_options() -> None:
    cookies = jar(CookieOptions(path="/app", domain="app.test", max_age=60))

    cookies["a"].remove()

    (line,) = cookies.set_cookie_lines()
    assert line.endswith("GMT; Domain=app.test; Path=/app; HttpOnly; SameSite=Lax")
    assert line.count("Max-Age") == 1


@pytest.mark.parametrize("https", [True, False])
@pytest.mark.parametrize(("secure", "expected"), [(True, True), (False, False), (None, None)])
def test_secure_is_as_the_options_say_and_else_as_the_connection_is(
    https: bool, secure: bool | None, expected: bool | None
) -> None:
    cookies = CookieJar({}, secure=https, options=CookieOptions(secure=secure))

    cookies["a"].value = "1"

    assert cookies["a"].secure is (https if expected is None else expected)


def test_a_request_does_not_change_the_options() -> None:
    options = CookieOptions()
    jar(options)["a"].update(path="/x")

    cookies = jar(options)
    cookies["a"].value = "1"

    assert cookies.set_cookie_lines() == [f"a=1{PLAIN}"]


# Definition


def from_environment(env: Mapping[str, str]) -> str:
    return env["KEYS"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"secrets": "too short"}, "has 9 characters"),
        ({"secrets": ["", FIRST]}, "Secret 0 .* has 0 characters"),
        ({"secrets": [FIRST, "x" * 15]}, "Secret 1 .* has 15 characters"),
        ({"secrets": []}, "no secrets"),
        ({"secrets": [None]}, "None as the first secret"),
        ({"secrets": [None, FIRST]}, "None as the first secret"),
        ({"secrets": [FIRST.encode()]}, "Secret 0 .* is bytes"),
        ({"secrets": FIRST, "sign": []}, "no cookie to sign"),
        ({"secrets": FIRST, "sign": False}, "no cookie to sign"),
        ({"secrets": from_environment, "sign": False}, "no cookie to sign"),
        ({"secrets": None}, "without `secrets`"),
        ({"secrets": None, "sign": True}, "without `secrets`"),
        ({"secrets": FIRST, "sign": ["a b"]}, "sign 'a b'"),
        ({"secrets": FIRST, "sign": ["a", ""]}, "sign ''"),
        ({"secrets": FIRST, "sign": ""}, "sign ''"),
        ({"secrets": FIRST, "path": "x"}, "path is 'x'"),
        ({"secrets": FIRST, "domain": "x; Secure"}, "domain is 'x; Secure'"),
        ({"secrets": FIRST, "same_site": "Lax"}, "same_site is 'Lax'"),
        ({"secrets": FIRST, "max_age": "1"}, "max_age is '1'"),
    ],
)
def test_options_that_cannot_work_are_refused_and_show_no_secret(
    arguments: dict[str, Any], problem: str
) -> None:
    with pytest.raises(DefinitionError, match=problem) as caught:
        define(**{"sign": ["a"], **arguments})

    assert FIRST not in str(caught.value)
    assert "too short" not in str(caught.value)


def test_options_do_not_show_their_secrets() -> None:
    assert FIRST not in repr(SIGNS_A)
    assert FIRST not in repr(jar(SIGNS_A)["a"])


# Signatures


def test_a_signature_is_the_one_that_other_languages_make() -> None:
    # printf 'cookie:a=1' | openssl dgst -sha256 -hmac "$secret" -binary | basenc --base64url
    assert sent(SIGNS_A, "1") == "a=1.9RPaHnSO4tIjUhykWxhJpOG--AwwwEokCpa7mG0SNXE"


def test_only_the_named_cookies_are_signed() -> None:
    assert sent(SIGNS_A, "1", "b") == "b=1"
    assert jar(SIGNS_A, "a=1; b=1").came() == [("b", "1")]


def test_all_cookies_are_signed_where_the_options_say_so() -> None:
    options = CookieOptions(secrets=FIRST, sign=True)

    assert sent(options, "1", "b") == f"b={signed('b', '1', FIRST)}"
    assert jar(options, "a=1; b=1").came() == []


@given(st.text(max_size=100))
@example("")
@example(".")
@example('"')
@example("a.b")
@example('{"a": [1]}')
def test_any_value_comes_back_verified_and_is_not_sent_again(value: str) -> None:
    cookies = jar(SIGNS_A, sent(SIGNS_A, value))

    assert cookies["a"].value == value
    assert cookies.came() == [("a", value)]
    assert list(cookies) == ["a"]
    cookies["a"].value = value
    assert cookies.set_cookie_lines() == []


@given(st.text(max_size=20), st.integers(min_value=0), st.characters(codec="latin-1"))
def test_a_change_of_any_character_reads_as_absent(value: str, at: int, char: str) -> None:
    text = signed("a", value, FIRST)
    at %= len(text)
    changed = f"{text[:at]}{char}{text[at + 1 :]}"
    assume(changed != text)

    assert verified("a", changed, [FIRST]) == (None, False)


@given(st.text(max_size=20), st.integers(min_value=0), st.characters(codec="latin-1"))
def test_no_change_on_the_wire_makes_another_value(value: str, at: int, char: str) -> None:
    # Some changes leave the value as it is, such as that of a letter in a percent escape.
    pair = sent(SIGNS_A, value)
    at %= len(pair)

    cookies = jar(SIGNS_A, f"{pair[:at]}{char}{pair[at + 1 :]}")

    assert cookies["a"].value in (None, value)


@given(st.text())
def test_a_text_that_nobody_signed_reads_as_absent(text: str) -> None:
    cookies = CookieJar({"a": text}, secure=False, options=SIGNS_A)

    assert cookies["a"].value is None
    assert cookies.get("a", "none") == "none"
    assert "a" not in cookies
    assert len(cookies) == 0


def test_text_that_no_encoding_has_reads_as_absent() -> None:
    cookies = CookieJar({"a": "\ud800.\udfff"}, secure=False, options=SIGNS_A)

    assert cookies["a"].value is None


@pytest.mark.parametrize(
    ("value", "name"), [("1", "b"), ("1", "A"), ("=1", "a"), ("1", "a="), ("a=1", "")]
)
def test_a_signature_counts_for_its_name_alone(value: str, name: str) -> None:
    text = signed(name, value, FIRST)

    assert verified(name, text, [FIRST]) == (value, True)
    assert verified("a", text, [FIRST]) == ((value, True) if name == "a" else (None, False))


def test_what_an_old_secret_signed_is_read_and_nothing_is_sent() -> None:
    cookies = jar(ROTATED, sent(SIGNS_A, "1"))

    assert cookies["a"].value == "1"
    assert cookies.set_cookie_lines() == []


@pytest.mark.parametrize("change", ["value", "set", "refresh", "update"])
def test_what_an_old_secret_signed_is_signed_by_the_first_where_it_is_set(change: str) -> None:
    cookie = (cookies := jar(ROTATED, sent(SIGNS_A, "1")))["a"]

    match change:
        case "value":
            cookie.value = "1"
        case "set":
            cookie.set("1")
        case "refresh":
            cookie.refresh()
        case _:
            cookie.update(max_age=1)

    (line,) = cookies.set_cookie_lines()
    assert line.startswith(f"a={signed('a', '1', SECOND)};")


def test_what_no_secret_signed_is_refused_and_can_be_replaced() -> None:
    forged = f"a={signed('a', '1', THIRD)}"
    cookies = jar(ROTATED, forged)
    assert cookies["a"].value is None

    cookies["a"].value = "1"

    assert cookies.set_cookie_lines() == [f"a={signed('a', '1', SECOND)}{PLAIN}"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", "1"), ("", ""), ("a.b", "a.b"), (signed("a", "1", FIRST), "1")],
)
def test_none_among_the_secrets_admits_what_is_not_signed(text: str, value: str) -> None:
    cookies = jar(MIGRATING, f"a={text}")

    assert cookies["a"].value == value
    assert cookies.set_cookie_lines() == []


def test_a_cookie_that_was_not_signed_is_signed_where_it_is_set() -> None:
    cookies = jar(MIGRATING, "a=1")

    cookies["a"].value = "1"

    assert cookies.set_cookie_lines() == [f"a={signed('a', '1', FIRST)}{PLAIN}"]


def test_a_cookie_is_removed_without_a_signature() -> None:
    cookies = jar(SIGNS_A, sent(SIGNS_A, "1"))

    cookies["a"].remove()

    assert cookies.set_cookie_lines()[0].startswith("a=; Max-Age=0; ")


def test_a_signature_counts_towards_the_size() -> None:
    cookies = jar(SIGNS_A)
    cookies["a"].value = "x" * 4060

    with pytest.raises(ValueError, match="4138 bytes"):
        cookies.set_cookie_lines()


# The application


class Env(Platform):
    """A runtime with a variable."""

    def __init__(self, **variables: str) -> None:
        super().__init__()
        self.variables = variables

    @property
    def env(self) -> Mapping[str, str]:
        return self.variables


def answer(app: Portico, platform: Platform, cookie: str = "") -> Response:
    headers = {"cookie": cookie} if cookie else {}
    running = app.start(platform)
    response = app.handle(Request("http://app.test/", headers=headers), platform, running)
    assert isinstance(response, Response)
    return response


def copying(cookies: CookieOptions) -> Portico:
    """An application that gives the value of `b` to `a`."""
    app = Portico(cookies=cookies)

    @app.get("/")
    def copy(ctx: Context) -> str:
        ctx.cookies["a"].value = ctx.cookies.get("b", "") or ""
        return ctx.cookies.get("a", "") or ""

    return app


def test_an_application_signs_as_its_options_say() -> None:
    got = answer(copying(SIGNS_A), Platform(), "b=1")

    assert got.headers.get_set_cookie() == [f"a={signed('a', '1', FIRST)}{PLAIN}"]


def test_secrets_come_from_the_environment_that_the_application_starts_in() -> None:
    app = copying(CookieOptions(secrets=lambda env: env["KEYS"].split(","), sign="a"))

    for secret in (FIRST, SECOND):
        got = answer(app, Env(KEYS=f"{secret},{THIRD}"), "b=1")

        assert got.headers.get_set_cookie() == [f"a={signed('a', '1', secret)}{PLAIN}"]


@pytest.mark.parametrize("keys", ["", "short"])
def test_secrets_of_the_environment_that_are_no_good_stop_the_start(keys: str) -> None:
    app = Portico(cookies=CookieOptions(secrets=from_environment, sign=True))

    with pytest.raises(DefinitionError, match="characters, which can be guessed"):
        app.start(Env(KEYS=keys))


def test_secrets_that_need_an_environment_sign_nothing_without_one() -> None:
    options = CookieOptions(secrets=from_environment, sign=True)

    with pytest.raises(DefinitionError, match="was not started"):
        jar(options)["a"]


def test_the_request_has_the_cookies_as_they_came() -> None:
    app = Portico(cookies=SIGNS_A)
    text = signed("a", "1", FIRST)

    @app.get("/")
    def show(ctx: Context, cookies: dict[str, str]) -> list[dict[str, str]]:
        return [dict(ctx.request.cookies), cookies]

    got = answer(app, Platform(), f"a={text}; b=2")

    assert got.content == f'[{{"a":"{text}","b":"2"}},{{"a":"1","b":"2"}}]'.encode()
