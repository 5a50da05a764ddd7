"""`status()` and `redirect()`."""

import re
from typing import Any, Literal

import pytest

from portico import Headers, HTTPError, PeerError, Problem, Reply, Response, redirect, status
from portico._reply import ALIASES, PHRASES, phrase


@pytest.mark.parametrize("code", [200, 204, 299, 404, 599])
def test_a_status_goes_with_a_value_and_fields(code: int) -> None:
    fields = Headers({"x": "1"})
    reply = status(code, "a", headers=fields)

    assert (reply.code, reply.value) == (code, "a")
    assert reply.headers == fields
    assert reply.headers is not fields
    assert repr(reply) == f"Reply({code}, 'a')"


def test_a_status_alone_has_no_value_and_no_fields() -> None:
    reply = status(404)

    assert isinstance(reply, Reply)
    assert reply.value is None
    assert reply.headers is None


def test_every_named_status_is_one_of_the_registry_under_its_own_phrase() -> None:
    import portico

    named = {code: PHRASES[code] for code in ALIASES}

    assert {code: re.sub(r"[ '-]", "", text).lower() for code, text in named.items()} == {
        code: name.lower() for code, name in ALIASES.items()
    }
    reply: Any = Reply
    for code, name in ALIASES.items():
        assert getattr(portico, name)[str] == reply[Literal[code], str]
        assert name in portico.__all__


@pytest.mark.parametrize("headers", [None, {"www-authenticate": "Basic"}])
@pytest.mark.parametrize("value", [None, "no", {"a": 1}, Problem("no")])
def test_an_error_stands_for_the_reply_with_its_parts(value: Any, headers: Any) -> None:
    error = HTTPError(401, value, headers=headers)

    reply = error.reply

    assert (reply.code, reply.value) == (401, value)
    assert (None if reply.headers is None else dict(reply.headers.items())) == headers


@pytest.mark.parametrize("code", [0, 99, 100, 199, 600, -200])
def test_a_status_that_no_answer_has_is_refused(code: int) -> None:
    with pytest.raises(ValueError, match=str(code)):
        status(code, "a")


def test_a_field_that_would_add_another_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="'x'"):
        status(200, "a", headers={"x": "1\r\nset-cookie: a=1"})


def test_a_problem_shows_its_detail() -> None:
    problem = Problem("no such user", user=7)

    assert problem.extensions == {"user": 7}
    assert repr(problem) == "Problem('no such user')"


OWN = [
    "/",
    "/login",
    "/a//b",
    "/a:b",
    "login",
    "login/a:b",
    "./a",
    "../a",
    "?next=//evil.example",
    "?a:b",
    "#a:b",
    "/?u=https://evil.example",
    "/%5Cevil.example",
    "/%09/evil.example",
]
FOREIGN = [
    "",
    "//evil.example",
    "///evil.example",
    "https://evil.example",
    "HTTPS:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "\\\\evil.example",
    "/\\evil.example",
    "/a\\b",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "/\n/evil.example",
    "/\x00/evil.example",
    "/\x7f",
    "a:b",
]


@pytest.mark.parametrize("url", OWN)
def test_a_path_of_this_origin_is_a_target(url: str) -> None:
    response = redirect(url)

    assert (response.status, response.headers.items()) == (302, [("location", url)])


@pytest.mark.parametrize("url", FOREIGN)
def test_a_target_that_a_browser_may_take_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(PeerError, match=r"another origin.*external=True") as caught:
        redirect(url)

    assert caught.value.status == 400


@pytest.mark.parametrize("url", ["https://example.com/a", "//example.com", "/a"])
def test_a_trusted_target_may_be_anywhere(url: str) -> None:
    assert redirect(url, external=True).headers["location"] == url


@pytest.mark.parametrize("external", [True, False])
def test_a_target_cannot_add_a_field(external: bool) -> None:
    with pytest.raises((ValueError, PeerError), match=r"another origin|location"):
        redirect("/\r\nset-cookie: a=1", external=external)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("/é", "/%C3%A9"),
        ("/%C3%A9", "/%C3%A9"),
        ("/🦆?a=ü", "/%F0%9F%A6%86?a=%C3%BC"),
        ("/\u3002", "/%E3%80%82"),
    ],
)
def test_a_location_is_ascii(url: str, location: str) -> None:
    assert redirect(url).headers["location"] == location


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_has_one_of_five_statuses(code: Any) -> None:
    response = redirect("/", code)

    assert isinstance(response, Response)
    assert response.status == code


@pytest.mark.parametrize("code", [200, 300, 304, 404])
def test_a_redirect_has_no_other_status(code: Any) -> None:
    with pytest.raises(ValueError, match=str(code)):
        redirect("/", code)


def test_phrases_are_those_of_the_registry() -> None:
    from http import HTTPStatus

    renamed = {413: "Content Too Large", 422: "Unprocessable Content", 418: "I'm a Teapot"}
    renamed |= {414: "URI Too Long", 416: "Range Not Satisfiable"}

    differ = {
        code: text
        for code, text in PHRASES.items()
        if code in set(HTTPStatus) and text != HTTPStatus(code).phrase and code not in renamed
    }

    assert differ == {}
    assert {code: PHRASES[code] for code in renamed} == renamed
    assert phrase(299) == ""
