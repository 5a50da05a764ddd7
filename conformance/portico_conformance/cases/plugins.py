"""Plugins, groups, guards and macros: what runs where, in which order, and how often."""

from typing import Any

from portico_conformance._case import Client, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import TEXT, json_of, problem_of, text_of


def ran(answer: WireResponse) -> list[str]:
    """What told that it ran, in order."""
    return [name.strip() for value in answer.get_all("x-ran") for name in value.split(",")]


def expect(client: Client, path: str, names: list[str]) -> None:
    answer = client.request("GET", f"/plugins{path}")
    assert answer.status == 200, answer.body
    assert ran(answer) == names


ORDERS: list[tuple[str, list[str]]] = [
    ("/diamond/left", ["plugin"]),
    ("/diamond/right", ["plugin"]),
    ("/diamond/top", ["plugin"]),
    ("/same-seed", ["plugin"]),
    ("/other-seed", ["plugin", "plugin"]),
    ("/unhashable-seed", ["plugin"]),
    ("/unnamed", ["plugin", "plugin"]),
    ("/the-same-unnamed", ["plugin", "plugin"]),
    ("/deep/x/one/two/y/three/four/z/five", ["/one", "/two/{b}", "/three", "/four/{d}"]),
    ("/by-function/function", ["function"]),
    ("/by-function/made", ["made"]),
    ("/by-name/here", []),
    ("/groups/before", []),
    ("/groups/in/early", ["option", "second"]),
    ("/groups/in/late", ["option", "second", "later", "own"]),
    ("/groups/in/side/x", ["option", "second", "later", "hooks"]),
    ("/groups/in/after-side", ["option", "second", "later"]),
    ("/groups/after", []),
    ("/lazy/x/greeting", ["lazy"]),
    ("/lazy/x/deep", ["lazy"]),
    ("/beside-lazy", []),
]


@case("plugins", each=[(path.replace("/", "-")[1:], (path, names)) for path, names in ORDERS])
def hooks_run_from_the_outside_in_and_as_often_as_they_are_there(
    client: Client, record: tuple[str, list[str]]
) -> None:
    expect(client, *record)


@case("plugins")
def keys_of_two_plugins_of_one_name_have_one_value(client: Client) -> None:
    answer = client.request("GET", "/plugins/twin-keys")

    assert answer.body == b"true"
    assert ran(answer) == ["counted"]


@case("plugins")
def the_parameters_of_every_prefix_are_there(client: Client) -> None:
    answer = client.request("GET", "/plugins/deep/1/one/two/2/three/four/4/five/end/5")

    assert json_of(answer) == {"a": "1", "b": "2", "d": "4", "e": "5"}


@case("plugins", each=[("bare", ""), ("slash", "/")])
def the_root_of_a_prefix_is_there_with_and_without_a_slash(client: Client, end: str) -> None:
    answer = client.request("GET", f"/plugins/deep/1/one/two/2/three/four/4/five{end}")

    assert text_of(answer) == "five"


@case("plugins")
def a_lazy_plugin_answers_under_its_prefix(client: Client) -> None:
    assert text_of(client.request("GET", "/plugins/lazy/x/greeting")) == "Hello from afar"

    answer = client.request("POST", "/plugins/lazy/y/items/7", [TEXT], b"twelve bytes")
    assert json_of(answer) == {"item": 7, "size": 12}


@case("plugins")
def a_lazy_plugin_of_a_lazy_plugin_sees_its_keys(client: Client) -> None:
    assert text_of(client.request("GET", "/plugins/lazy/x/deep")) == "HELLO FROM AFAR"


@case("plugins")
def what_a_lazy_plugin_does_not_have_is_a_404_or_405(client: Client) -> None:
    problem_of(client.request("GET", "/plugins/lazy/x/nowhere"), 404)
    assert client.request("POST", "/plugins/lazy/x/greeting").get("allow") == "GET, HEAD, OPTIONS"


QUERIES: list[tuple[str, str, list[str]]] = [
    ("/guarded", "", ["page"]),
    ("/guarded", "?page=1", []),
    ("/guarded", "?page=x", ["page"]),
    ("/overridden", "", ["size"]),
    ("/overridden", "?size=1", []),
    ("/overridden-by-guard", "?page=1", ["size"]),
    ("/overridden-by-guard", "?size=1", []),
    ("/both", "", ["page", "size"]),
    ("/both", "?size=1", ["page"]),
    ("/both", "?page=1&size=1", []),
    ("/both-by-hooks", "", ["page", "size"]),
    ("/both-by-hooks", "?page=1&size=1", []),
    ("/own", "?page=1", ["size"]),
    ("/own", "?size=1", []),
]


@case("plugins", each=[(f"{path[1:]}{query}", (path, query, x)) for path, query, x in QUERIES])
def an_inner_schema_overrides_and_a_standalone_one_adds(
    client: Client, record: tuple[str, str, list[str]]
) -> None:
    path, query, missing = record

    answer = client.request("GET", f"/plugins/groups{path}{query}")

    if not missing:
        assert answer.status == 200, answer.body
        return
    errors: list[dict[str, Any]] = problem_of(answer, 422)["errors"]
    assert sorted(error["pointer"] for error in errors) == [f"/{name}" for name in missing]


ROLES: list[tuple[str, str, int, list[str]]] = [
    ("/owner", "", 401, ["role owner"]),
    ("/owner", "boss", 403, ["role owner"]),
    ("/owner", "owner", 200, ["role owner"]),
    ("/order", "owner", 200, ["option", "role owner"]),
    ("/once", "owner", 200, ["role owner"]),
    ("/twice", "owner", 403, ["role owner", "role boss"]),
    ("/twice", "boss", 403, ["role owner"]),
]


@case("plugins", each=[(f"{p[1:]}-{role}", (p, role, s, names)) for p, role, s, names in ROLES])
def a_macro_runs_once_for_each_of_its_arguments(
    client: Client, record: tuple[str, str, int, list[str]]
) -> None:
    path, role, status, names = record

    headers = [("X-Role", role)] if role else []
    answer = client.request("GET", f"/plugins/macros{path}", headers)

    assert answer.status == status
    assert ran(answer) == names


@case("plugins")
def a_macro_brings_a_key_a_schema_hooks_and_other_macros(client: Client) -> None:
    headers = [("X-Role", "reader"), ("X-Visitor", "somebody")]

    answer = client.request("GET", "/plugins/macros/paged?page=1&size=2", headers)

    assert text_of(answer) == "som"
    assert sorted(ran(answer)) == ["role reader", "visitor"]
    errors = problem_of(client.request("GET", "/plugins/macros/paged", headers), 422)["errors"]
    assert sorted(error["pointer"] for error in errors) == ["/page", "/size"]
