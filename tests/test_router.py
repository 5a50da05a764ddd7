"""Which route answers which path."""

import pytest

from portico._pattern import Pattern
from portico._router import Match, Router

PATTERNS = [
    "/",
    "/users",
    "/users/me",
    "/users/{id}",
    "/users/{id}/posts",
    "/users/{id}/posts/{post}",
    "/users/me/likes",
    "/files/{path:path}",
    "/files/readme",
    "/year/{year?}",
    "/year/{year?}/{month}",
    "/café/{name}",
]


def router(*patterns: str, strict: bool = False) -> Router[str]:
    made: Router[str] = Router(strict=strict)
    for pattern in patterns:
        made.add("GET", Pattern(pattern), pattern)
    return made


@pytest.mark.parametrize(
    ("path", "target", "params"),
    [
        ("/", "/", {}),
        ("/users", "/users", {}),
        ("/users/", "/users", {}),
        ("/users/me", "/users/me", {}),
        ("/users/me/", "/users/me", {}),
        ("/users/7", "/users/{id}", {"id": "7"}),
        ("/users/a%2Fb", "/users/{id}", {"id": "a/b"}),
        ("/users/100%25", "/users/{id}", {"id": "100%"}),
        ("/users/7/posts", "/users/{id}/posts", {"id": "7"}),
        ("/users/me/posts", "/users/{id}/posts", {"id": "me"}),
        ("/users/me/posts/3", "/users/{id}/posts/{post}", {"id": "me", "post": "3"}),
        ("/users/me/likes", "/users/me/likes", {}),
        ("/files/a", "/files/{path:path}", {"path": "a"}),
        ("/files/a/b/", "/files/{path:path}", {"path": "a/b/"}),
        ("/files/", "/files/{path:path}", {"path": ""}),
        ("/files/readme", "/files/readme", {}),
        ("/files/readme/more", "/files/{path:path}", {"path": "readme/more"}),
        ("/year", "/year/{year?}", {}),
        ("/year/2026/1", "/year/{year?}/{month}", {"year": "2026", "month": "1"}),
        ("/café/crème", "/café/{name}", {"name": "crème"}),
    ],
)
def test_the_most_specific_route_answers(path: str, target: str, params: dict[str, str]) -> None:
    match = router(*PATTERNS).find("GET", path)

    assert isinstance(match, Match)
    assert (match.target, match.params) == (target, params)


@pytest.mark.parametrize(
    "path", ["/nope", "/users/7/nope", "/users//posts", "/files", "//users", "//"]
)
def test_a_path_without_a_route_has_no_methods(path: str) -> None:
    assert router(*PATTERNS).find("GET", path) == frozenset()


def test_a_less_specific_route_answers_a_method_that_the_more_specific_one_lacks() -> None:
    made = router("/users/me")
    made.add("POST", Pattern("/users/{id}"), "post")

    match = made.find("POST", "/users/me")

    assert isinstance(match, Match)
    assert (match.target, match.params) == ("post", {"id": "me"})


def test_a_path_without_the_method_tells_every_method_that_it_has() -> None:
    made = router("/users/me")
    made.add("POST", Pattern("/users/{id}"), "post")
    made.add("DELETE", Pattern("/{rest:path}"), "delete")

    assert made.find("PUT", "/users/me") == frozenset({"GET", "POST", "DELETE"})


def test_the_last_registration_of_a_method_and_pattern_wins() -> None:
    made = router("/a/{x}")
    made.add("GET", Pattern("/a/{y}"), "second")

    match = made.find("GET", "/a/1")

    assert isinstance(match, Match)
    assert (match.target, match.params) == ("second", {"y": "1"})


def test_any_method_gives_way_to_a_method_of_its_own() -> None:
    made: Router[str] = Router()
    made.add("*", Pattern("/a"), "any")
    made.add("GET", Pattern("/a"), "get")

    found = [made.find(method, "/a") for method in ("GET", "PURGE")]

    assert [match.target for match in found if isinstance(match, Match)] == ["get", "any"]


def test_a_strict_router_tells_a_trailing_slash() -> None:
    made = router("/a", "/b/", "/c/{x}", strict=True)

    hits = {p: isinstance(made.find("GET", p), Match) for p in ("/a", "/a/", "/b", "/b/", "/c/1/")}

    assert hits == {"/a": True, "/a/": False, "/b": False, "/b/": True, "/c/1/": False}


def test_every_method_of_every_route_is_known() -> None:
    made = router("/a")
    made.add("POST", Pattern("/b/{x}/c"), "post")
    made.add("PUT", Pattern("/d/{x:path}"), "put")

    assert made.methods() == {"GET", "POST", "PUT"}
