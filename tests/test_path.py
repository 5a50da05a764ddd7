"""The canonical path, and the patterns that are matched against it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import DefinitionError, PeerError
from portico._path import canonical_path, parameter_value
from portico._pattern import Parameter, Pattern, build_path

CANONICAL = [
    ("/", "/"),
    ("/a/b", "/a/b"),
    ("/caf%C3%A9", "/café"),
    ("/caf%c3%a9", "/café"),
    ("/café", "/café"),
    ("/a%20b", "/a b"),
    ("/a%2fb", "/a%2Fb"),
    ("/a%2Fb", "/a%2Fb"),
    ("/100%25", "/100%25"),
    ("/%252F", "/%252F"),
    ("/%252e%252e/a", "/%252e%252e/a"),
    ("/a/./b", "/a/b"),
    ("/a/../b", "/b"),
    ("/a/%2e%2e/b", "/b"),
    ("/a/%2E./b", "/b"),
    ("/../../a", "/a"),
    ("/a/..", "/"),
    ("/a/b/.", "/a/b/"),
    ("/a/b/..", "/a/"),
    ("//evil.example", "//evil.example"),
    ("/a//b", "/a//b"),
    ("/.well-known/x", "/.well-known/x"),
    ("/a/...", "/a/..."),
    ("/a%5Cb", "/a\\b"),
]


@pytest.mark.parametrize(("raw", "expected"), CANONICAL)
def test_a_path_has_one_canonical_form(raw: str, expected: str) -> None:
    assert canonical_path(raw) == expected


@pytest.mark.parametrize(
    "raw", ["/%", "/%z", "/%4", "/a%2", "/%gg", "/%FF", "/%C3", "/%00", "/a\0"]
)
def test_a_malformed_path_is_refused(raw: str) -> None:
    with pytest.raises(PeerError) as caught:
        canonical_path(raw)

    assert caught.value.status == 400


@given(st.text(alphabet=st.sampled_from("/.%2eEfF5a\\c3A9 ")))
def test_a_canonical_path_is_its_own_canonical_form_but_for_spelled_out_escapes(text: str) -> None:
    try:
        path = canonical_path("/" + text)
    except PeerError:
        return

    escaped = path.replace("%2F", "%2f")
    assert canonical_path(escaped) == path


@given(
    st.text().map(lambda text: text.replace("\0", "")).filter(lambda t: t not in ("", ".", ".."))
)
def test_a_parameter_survives_the_way_into_a_path_and_out_again(value: str) -> None:
    if not {".", ".."}.isdisjoint(value.replace("\\", "/").split("/")):
        return
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    path = build_path(Pattern("/x/{name}"), {"name": value})

    assert path is not None
    assert parameter_value(canonical_path(path).removeprefix("/x/")) == value


def test_optional_parameters_give_every_form_of_a_pattern() -> None:
    a, b = Parameter("a"), Parameter("b")

    forms = Pattern("/x/{a?}/{b?}").forms

    assert set(forms) == {("x", a, b), ("x", b), ("x", a), ("x",)}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("users", "does not start with a slash"),
        ("/a/{id", "whole segment"),
        ("/a/{id}.json", "whole segment"),
        ("/a/{}", "'{}'"),
        ("/a/{1d}", "'{1d}'"),
        ("/a/{id:int}", "'{id:int}'"),
        ("/{p:path}/more", "comes last"),
        ("/{id}/{id}", "twice"),
        ("/{body}", "names a part of the request"),
        ("/a%20b", "written as a URL"),
        ("/a?b=1", "written as a URL"),
        ("/a/../b", "'..'"),
        ("/a/:id", "as other frameworks write"),
        ("/a/<id>", "as other frameworks write"),
        ("/a/*", "as other frameworks write"),
    ],
)
def test_a_wrong_pattern_is_refused_with_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(DefinitionError, match=problem.replace("{", "[{]").replace("?", "[?]")):
        Pattern(text)


@pytest.mark.parametrize(
    ("pattern", "params", "expected"),
    [
        ("/", {}, "/"),
        ("/users/{id}", {"id": 7}, "/users/7"),
        ("/users/{id}", {"id": "a/b c"}, "/users/a%2Fb%20c"),
        ("/f/{rest:path}", {"rest": "a/b c"}, "/f/a/b%20c"),
        ("/y/{year?}", {}, "/y"),
        ("/y/{year?}", {"year": 2026}, "/y/2026"),
        ("/users/{id}", {}, None),
        ("/users/{id}", {"id": 1, "more": 2}, None),
    ],
)
def test_a_path_is_built_from_its_parameters(
    pattern: str, params: dict[str, object], expected: str | None
) -> None:
    assert build_path(Pattern(pattern), params) == expected


@pytest.mark.parametrize("segment", ["..%2Fa", "a%2F..", "a%2F.%2Fb", "..%2F..%2Fetc"])
def test_a_dot_segment_behind_an_encoded_slash_is_refused(segment: str) -> None:
    with pytest.raises(PeerError):
        parameter_value(segment)


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_parameter_that_no_path_can_carry_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="which no path has"):
        build_path(Pattern("/{name}"), {"name": value})
