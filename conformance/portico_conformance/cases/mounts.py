"""Mounted applications: what they see, what they answer, and what runs around them."""

import json
from typing import Any

from portico.contract import Capability
from portico_conformance._case import Client, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import (
    COLOURS,
    JSON,
    TEXT,
    json_of,
    problem_of,
    seen,
    text_of,
)
from portico_conformance.cases._signalling import count_of, new_name

PLACES = [
    ("plain", ("/mounted", "/mounted")),
    ("with-hooks", ("/mounts/in", "/mounts/in")),
    ("parameter", ("/mounts/of/acme", "/mounts/of/acme")),
    ("encoded-parameter", ("/mounts/of/a%20b", "/mounts/of/a%20b")),
    ("nested", ("/mounts/middle/deep/1", "/mounts/middle/deep/1")),
]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE")


def root_of(client: Client, members: dict[str, Any]) -> str:
    """The root path that the mounted application saw, without that of the row."""
    row: str = seen(client, "GET", "/async/seen/x")["root_path"]
    root: str = members["root_path"]
    assert root.startswith(row)
    return root.removeprefix(row)


def ran(answer: WireResponse) -> list[str]:
    """What told that it ran, in order."""
    return [name.strip() for value in answer.get_all("x-ran") for name in value.split(",")]


@case("mounts", each=PLACES)
def the_prefix_is_removed_from_the_path_and_added_to_the_root_path(
    client: Client, place: tuple[str, str]
) -> None:
    prefix, root = place

    members = seen(client, "GET", f"{prefix}/async/seen/a/b?q=1")

    assert members["path"] == "/async/seen/a/b"
    assert members["raw_path"] == "/async/seen/a/b"
    assert members["route"] == "/async/seen/{rest:path}"
    assert members["params"] == {"rest": "a/b"}
    assert members["raw_query"] == "q=1"
    assert root_of(client, members) == root


@case("mounts", each=PLACES)
def the_url_is_the_whole_one(client: Client, place: tuple[str, str]) -> None:
    prefix, _ = place

    members = seen(client, "GET", f"{prefix}/async/seen/a?q=1")

    assert members["url"].endswith(f"{prefix}/async/seen/a?q=1")
    assert members["url"].startswith(f"{members['scheme']}://{members['host']}/")


@case("mounts", each=[("bare", ""), ("slash", "/")])
def the_prefix_alone_is_the_root(client: Client, end: str) -> None:
    members = seen(client, "GET", f"/mounts/in{end}")

    assert members["path"] == "/"
    assert root_of(client, members) == "/mounts/in"


@case("mounts")
def a_path_that_only_begins_with_the_same_letters_is_not_below(client: Client) -> None:
    problem = problem_of(client.request("GET", "/mountedx"), 404)

    assert "/mountedx" in problem["detail"]


@case("mounts")
def dot_segments_neither_lead_out_nor_in(client: Client) -> None:
    members = seen(client, "GET", "/mounts/in/x/%2e%2e/async/seen/./a")
    assert members["raw_path"] == "/async/seen/a"

    members = seen(client, "GET", "/x/../mounted/async/seen/a")
    assert members["raw_path"] == "/async/seen/a"

    assert text_of(client.request("GET", "/mounted/../text")) == "Hello, World!"


@case("mounts")
def empty_segments_stay(client: Client) -> None:
    members = seen(client, "GET", "/mounted/async/seen//a//")

    assert members["raw_path"] == "/async/seen//a//"


@case("mounts")
def percent_escapes_stay_as_they_came(client: Client) -> None:
    if not client.row.has(Capability.RAW_PATH):
        members = seen(client, "GET", "/mounted/async/seen/caf%C3%A9")
        assert members["path"] == "/async/seen/café"
        return

    members = seen(client, "GET", "/mounted/async/seen/caf%C3%A9%2F%41?x=%41")

    assert members["raw_path"] == "/async/seen/caf%C3%A9%2F%41"
    assert members["path"] == "/async/seen/café%2FA"
    assert members["params"] == {"rest": "café/A"}


@case("mounts", each=[(method.lower(), method) for method in METHODS])
def every_method_is_the_mounted_applications(client: Client, method: str) -> None:
    members = seen(client, method, "/mounts/in/sync/seen/x")

    assert members["method"] == method


@case("mounts")
def a_head_answer_is_that_of_get_without_its_body(client: Client) -> None:
    whole = client.request("GET", "/mounts/in/lives")
    head = client.request("HEAD", "/mounts/in/lives")

    assert head.status == 200
    assert head.body == b""
    assert head.get("content-length") == whole.get("content-length")


@case("mounts")
def the_mounted_application_says_which_methods_there_are(client: Client) -> None:
    answer = client.request("POST", "/mounted/lives")

    problem_of(answer, 405)
    assert answer.get("allow") == "GET, HEAD, OPTIONS"
    assert client.request("OPTIONS", "/mounted/lives").get("allow") == "GET, HEAD, OPTIONS"


@case("mounts", each=[("plain", "/mounted"), ("hooks", "/mounts/in"), ("deep", "/mounts/middle")])
def a_path_that_is_not_there_is_the_mounted_applications_404(client: Client, prefix: str) -> None:
    problem = problem_of(client.request("GET", f"{prefix}/nowhere"), 404)

    assert "'/nowhere'" in problem["detail"]


@case("mounts", each=COLOURS)
def a_mounted_application_answers_its_own_errors(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/mounts/in/{colour}/fails")

    assert (answer.status, answer.body) == (409, b"answered inside")


@case("mounts")
def an_error_inside_that_nobody_expects_is_a_500_that_tells_nothing(client: Client) -> None:
    answer = client.request("GET", "/mounts/in/breaks")

    problem_of(answer, 500)
    assert b"secret" not in answer.body


@case("mounts")
def the_hooks_around_a_mount_run_around_it(client: Client) -> None:
    answer = client.request("GET", "/mounts/in/lives")

    assert json_of(answer) == ["entered"]
    # The fields of the mounted application's own answer come first, and win over others' names.
    assert ran(answer) == ["inner"]
    assert ran(client.request("GET", "/mounts/bare/a")) == ["outer", "taken Response"]


@case("mounts")
def a_hook_answers_in_front_of_a_mount(client: Client) -> None:
    answer = client.request("GET", "/mounts/in/lives?refused")

    problem_of(answer, 401)
    assert "inner" not in ran(answer)


@case("mounts")
def a_hook_replaces_the_answer_of_a_mount(client: Client) -> None:
    assert text_of(client.request("GET", "/mounts/in/lives?replaced")) == "replaced"


@case("mounts")
def a_hook_that_answers_with_the_body_leaves_none_for_the_mount(client: Client) -> None:
    answer = client.request("POST", "/mounts/in/sync/json?read", [TEXT], b"read outside")

    assert text_of(answer) == "read outside"


@case("mounts")
def a_guard_in_front_of_a_mount_is_held_to(client: Client) -> None:
    problem_of(client.request("GET", "/mounts/guarded/lives"), 422)

    assert json_of(client.request("GET", "/mounts/guarded/lives", [("X-Key", "k")])) == ["entered"]


@case("mounts")
def cookies_of_both_applications_are_sent(client: Client) -> None:
    answer = client.request("GET", "/mounts/in/cookies")

    names = {line.partition("=")[0] for line in answer.get_all("set-cookie")}
    if client.row.has(Capability.MULTIPLE_SET_COOKIE):
        assert names == {"inside", "outside"}


@case("mounts", each=COLOURS)
def a_stream_passes_through_a_mount_in_both_directions(client: Client, colour: str) -> None:
    body = bytes(range(256)) * 1024

    answer = client.request("POST", f"/mounts/in/{colour}/echo", [TEXT], body)

    assert answer.status == 200
    assert answer.body == body


def the_body_arrives_whole(client: Client) -> None:
    answer = client.request("POST", "/mounts/in/async/echo", [TEXT], b"onetwo")
    assert answer.body == b"onetwo"


@case("mounts", needs=Capability.STREAM_REQUEST, otherwise=the_body_arrives_whole)
def the_body_is_not_read_before_the_mounted_application_reads_it(client: Client) -> None:
    if not client.row.has(Capability.STREAM_RESPONSE):
        the_body_arrives_whole(client)
        return
    with client.open("POST", "/mounts/in/async/echo", [TEXT]) as exchange:
        exchange.send(b"one")
        assert exchange.head().status == 200
        assert exchange.receive() == b"one"
        exchange.send(b"two")
        assert exchange.receive() == b"two"
        exchange.end()
        assert exchange.receive() == b""


@case("mounts", each=COLOURS)
def a_body_is_the_mounted_applications_to_read(client: Client, colour: str) -> None:
    answer = client.request(
        "POST", f"/mounts/in/{colour}/json", [JSON], json.dumps({"a": 1}).encode()
    )

    assert json_of(answer) == {"a": 1}


@case("mounts", each=COLOURS)
def a_body_that_is_too_large_is_refused_inside_too(client: Client, colour: str) -> None:
    answer = client.request("POST", f"/mounted/{colour}/json", [JSON], b" " * 300_000 + b"{}")

    assert answer.status == 413


@case("mounts")
def a_resource_of_a_mounted_application_lives(client: Client) -> None:
    for prefix in ("/mounted", "/mounts/in", "/mounts/of/x", "/mounts/middle/deep/1"):
        assert json_of(client.request("GET", f"{prefix}/lives")) == ["entered"]


@case("mounts")
def work_after_the_answer_of_a_mounted_application_is_done_once(client: Client) -> None:
    name = new_name()

    client.request("GET", f"/mounts/middle/deep/1/later?name={name}")

    assert count_of(client, name) == 1


@case("mounts")
def a_route_of_the_application_itself_goes_before_the_mount(client: Client) -> None:
    assert text_of(client.request("GET", "/mounts/in/beside")) == "beside the mount"
    assert text_of(client.request("GET", "/mounts/middle/own")) == "of the middle"


@case("mounts")
def anything_that_keeps_the_contract_can_be_mounted(client: Client) -> None:
    answer = text_of(client.request("GET", "/mounts/bare/a/b"))

    assert answer.endswith("/mounts/bare /a/b")


@case("mounts")
def what_a_mounted_application_raises_is_answered_around_it(client: Client) -> None:
    answer = client.request("GET", "/mounts/bare/raises")

    assert (answer.status, answer.body) == (502, b"answered outside")
    assert problem_of(client.request("GET", "/mounts/bare/refuses"), 403)["detail"] == "not here"
