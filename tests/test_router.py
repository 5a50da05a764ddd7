"""Which route answers which path."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import PeerError
from portico._path import canonical_path, parameter_value
from portico._pattern import Form, Parameter, Pattern
from portico._router import Router

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

    assert match == (target, params)


@pytest.mark.parametrize(
    "path", ["/nope", "/users/7/nope", "/users//posts", "/files", "//users", "//"]
)
def test_a_path_without_a_route_has_no_methods(path: str) -> None:
    assert router(*PATTERNS).find("GET", path) == frozenset()


def test_a_less_specific_route_answers_a_method_that_the_more_specific_one_lacks() -> None:
    made = router("/users/me")
    made.add("POST", Pattern("/users/{id}"), "post")

    match = made.find("POST", "/users/me")

    assert match == ("post", {"id": "me"})


def test_a_path_without_the_method_tells_every_method_that_it_has() -> None:
    made = router("/users/me")
    made.add("POST", Pattern("/users/{id}"), "post")
    made.add("DELETE", Pattern("/{rest:path}"), "delete")

    assert made.find("PUT", "/users/me") == frozenset({"GET", "POST", "DELETE"})


def test_the_last_registration_of_a_method_and_pattern_wins() -> None:
    made = router("/a/{x}")
    made.add("GET", Pattern("/a/{y}"), "second")

    match = made.find("GET", "/a/1")

    assert match == ("second", {"y": "1"})


def test_any_method_gives_way_to_a_method_of_its_own() -> None:
    made: Router[str] = Router()
    made.add("*", Pattern("/a"), "any")
    made.add("GET", Pattern("/a"), "get")

    found = [made.find(method, "/a") for method in ("GET", "PURGE")]

    assert found == [("get", {}), ("any", {})]


def test_a_strict_router_tells_a_trailing_slash() -> None:
    made = router("/a", "/b/", "/c/{x}", strict=True)

    hits = {p: isinstance(made.find("GET", p), tuple) for p in ("/a", "/a/", "/b", "/b/", "/c/1/")}

    assert hits == {"/a": True, "/a/": False, "/b": False, "/b/": True, "/c/1/": False}


def test_a_path_with_a_slash_at_its_end_is_the_one_without_before_it_is_one_with_two() -> None:
    made = router("/{x}", "/{y}//")

    assert made.find("GET", "/1/") == ("/{x}", {"x": "1"})
    assert made.find("GET", "/1//") == ("/{y}//", {"y": "1"})


def test_every_method_of_every_route_is_known() -> None:
    made = router("/a")
    made.add("POST", Pattern("/b/{x}/c"), "post")
    made.add("PUT", Pattern("/d/{x:path}"), "put")

    assert made.methods() == {"GET", "POST", "PUT"}


def test_a_strict_router_tells_the_methods_of_the_root_without_its_optional_parameter() -> None:
    made = router("/{name?}", strict=True)

    assert [made.find(method, "/") for method in ("GET", "HEAD", "PUT")] == [
        ("/{name?}", {}),
        ("/{name?}", {}),
        frozenset({"GET"}),
    ]


def test_the_parameters_of_a_request_are_its_own() -> None:
    made = router("/a", "/b/{x}")

    for path in ("/a", "/b/1"):
        first, second = made.find("GET", path), made.find("GET", path)
        assert isinstance(first, tuple)
        assert isinstance(second, tuple)
        assert first[1] is not second[1]


@pytest.mark.parametrize("text", ["/a\0b", "/a/\ud800"])
def test_a_pattern_that_no_canonical_path_equals_is_not_in_the_table_of_static_paths(
    text: str,
) -> None:
    made = router("/a", text)

    assert set(made.static["GET"]) == {"/a", "/a/"}


# The router against a model that tries every form of every pattern

Table = Sequence[tuple[str, str]]


def written(segments: list[str], last: str) -> str:
    return "/" + "/".join([*segments, last])


_segments = st.sampled_from(["a", "b", "é", "", "{x}", "{y?}", "{z?}"])
_patterns = st.builds(
    written,
    st.lists(_segments, max_size=3, unique=True),
    st.sampled_from(["a", "b", "é", "{w}", "{w?}", "{w:path}", "a/", "{w}//"]),
)
_tables = st.lists(
    st.tuples(st.sampled_from(["GET", "HEAD", "POST", "*"]), _patterns), min_size=1, max_size=8
)
_paths = st.lists(st.sampled_from(["a", "b", "é", "", "1", "c%2Fd", "..%2F", "%25"]), max_size=5)


@given(_tables, _paths, st.sampled_from(["GET", "HEAD", "POST", "PURGE"]), st.booleans())
def test_the_router_finds_what_trying_every_pattern_finds(
    table: Table, segments: list[str], method: str, strict: bool
) -> None:
    path = "/" + "/".join(segments)
    made: Router[int] = Router(strict=strict)
    for target, (each, text) in enumerate(table):
        made.add(each, Pattern(text), target)

    assert found(made, method, path) == tried(table, method, path, strict=strict)


@given(_tables, st.booleans())
def test_every_static_path_is_its_own_canonical_form(table: Table, strict: bool) -> None:
    made: Router[int] = Router(strict=strict)
    for target, (method, text) in enumerate(table):
        made.add(method, Pattern(text), target)

    for method, targets in made.static.items():
        for path, target in targets.items():
            assert canonical_path(path) == path
            assert made.find(method, path) == (target, {})


def found(made: Router[int], method: str, path: str) -> object:
    """What a router finds, or why it refuses the path."""
    try:
        return made.find(method, path)
    except PeerError as error:
        return str(error)


def tried(table: Table, method: str, path: str, *, strict: bool) -> object:
    """What a router must find."""
    # By how specific it is, the shape of a pattern and its targets, the last of a method.
    shapes: dict[tuple[int, ...], dict[str, tuple[int, dict[str, str]]]] = {}
    for target, (each, text) in enumerate(table):
        for form in Pattern(text).forms:
            matched = match(form, path[1:].split("/"), strict=strict)
            if matched is not None:
                rank, params = matched
                shapes.setdefault(rank, {})[each] = target, params
    following = {"HEAD": ("HEAD", "GET", "*")}.get(method, (method, "*"))
    for _, targets in sorted(shapes.items()):
        for each in following:
            if each in targets:
                target, params = targets[each]
                try:
                    return target, {name: parameter_value(params[name]) for name in params}
                except PeerError as error:
                    return str(error)
    return frozenset(each for targets in shapes.values() for each in targets)


def match(
    form: Form, segments: list[str], *, strict: bool
) -> tuple[tuple[int, ...], dict[str, str]] | None:
    """How specific a form matches, a number for each segment, and with which parameters."""
    if strict:
        form = form or ("",)
    else:
        form = form[:-1] if form[-1:] == ("",) else form
        is_rest = bool(form) and isinstance(form[-1], Parameter) and form[-1].is_rest
        if len(segments) == len(form) + 1 and segments[-1] == "" and not is_rest:
            segments = segments[:-1]
    rank: list[int] = []
    params: dict[str, str] = {}
    for position, part in enumerate(form):
        if position >= len(segments):
            return None
        if isinstance(part, str):
            if part != segments[position]:
                return None
            rank.append(0)
        elif part.is_rest:
            params[part.name] = "/".join(segments[position:])
            return (*rank, 2), params
        else:
            if not segments[position]:
                return None
            params[part.name] = segments[position]
            rank.append(1)
    return (tuple(rank), params) if len(rank) == len(segments) else None
