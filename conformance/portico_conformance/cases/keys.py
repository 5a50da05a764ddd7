"""Context keys: what runs, how often, and that nothing of one request is another's."""

from contextlib import ExitStack
from typing import Any

from portico.contract import Capability
from portico_conformance._case import Client, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import json_of, problem_of, text_of
from portico_conformance.cases._signalling import count_of, new_name

REQUESTS = 50


@case("keys")
def a_constant_is_the_same_for_all(client: Client) -> None:
    assert text_of(client.request("GET", "/keys/constant")) == "a constant"


@case("keys")
def a_state_is_what_the_requests_before_have_set(client: Client) -> None:
    first, second = new_name(), new_name()
    for name in (first, second):
        assert client.request("POST", f"/keys/state/{name}").status == 204

    assert json_of(client.request("GET", "/keys/state"))[-2:] == [first, second]


@case("keys")
def a_lazy_key_that_nothing_asks_for_does_not_run(client: Client) -> None:
    name = new_name()

    client.request("GET", f"/keys/lazy/unasked/{name}")

    assert count_of(client, name, least=0) == 0


@case(
    "keys",
    each=[
        (f"{how}-{colour}", f"{how}-{colour}")
        for how in ("bound", "named", "asked")
        for colour in ("async", "sync")
    ],
)
def a_lazy_key_runs_once_for_a_request(client: Client, how: str) -> None:
    name = new_name()

    first = json_of(client.request("GET", f"/keys/lazy/{how}/{name}"))
    second = json_of(client.request("GET", f"/keys/lazy/{how}/{name}"))

    assert set(first) == {1}
    assert set(second) == {2}
    assert count_of(client, name) == 2


@case("keys")
def a_lazy_key_that_is_asked_for_under_a_condition_runs_only_then(client: Client) -> None:
    name = new_name()
    target = f"/keys/lazy/conditional/{name}?wanted="

    assert text_of(client.request("GET", f"{target}false")) == "0"
    assert count_of(client, name, least=0) == 0
    assert text_of(client.request("GET", f"{target}true")) == "1"


@case("keys")
def eager_keys_run_on_every_route_read_or_not(client: Client) -> None:
    name = new_name()

    assert text_of(client.request("GET", f"/keys/eager/unread/{name}?number=1")) == name

    assert count_of(client, f"{name}-early") == count_of(client, f"{name}-late") == 1


@case("keys")
def keys_have_what_others_made_before_them(client: Client) -> None:
    answer = client.request("GET", f"/keys/eager/read/{new_name()}?number=2")

    assert json_of(answer) == ["early", "early, late with 2"]


@case("keys")
def a_key_that_another_reads_is_made_before_it(client: Client) -> None:
    assert text_of(client.request("GET", "/keys/reading")) == "made, read"


@case("keys", each=[("unread", "unread"), ("read", "read")])
def a_derive_runs_before_validation_and_a_resolve_after_it(client: Client, route: str) -> None:
    name = new_name()

    problem_of(client.request("GET", f"/keys/eager/{route}/{name}?number=x"), 422)

    assert count_of(client, f"{name}-early") == 1
    assert count_of(client, f"{name}-late", least=0) == 0


@case("keys")
def a_key_answers_by_raising(client: Client) -> None:
    name = new_name()

    answer = client.request("GET", f"/keys/eager/unread/{name}?number=1&stranger=1")

    assert problem_of(answer, 401)["detail"] == "who is there?"
    assert count_of(client, f"{name}-late", least=0) == 0


@case("keys")
def a_key_is_bound_where_its_scope_does_not_reach(client: Client) -> None:
    name = new_name()

    answer = client.request("GET", f"/keys/out-of-scope/{name}?number=3")

    assert text_of(answer) == "early, late with 3"
    assert count_of(client, f"{name}-early") == count_of(client, f"{name}-late") == 1


def each_request_has_its_own(client: Client) -> None:
    first, second = (json_of(client.request("GET", "/keys/resources")) for _ in "ab")

    assert first[0] != second[0]
    assert first[1] == second[1]


@case("keys", needs=Capability.SHARED_RESOURCES, otherwise=each_request_has_its_own)
def what_does_io_is_shared_where_requests_may_share_it(client: Client) -> None:
    first, second = (json_of(client.request("GET", "/keys/resources")) for _ in "ab")

    assert first == second


def overlapping(client: Client, name: str) -> list[tuple[str, WireResponse]]:
    """The answers to requests that overlap, where the row answers several at once."""
    sent: list[tuple[str, str, list[tuple[str, str]]]] = []
    for number in range(REQUESTS):
        own = f"{name}-{number}"
        fields = [("X-Sent", own), ("Cookie", f"sent={own}"), ("Content-Length", "0")]
        requests = REQUESTS if client.row.concurrent else 0
        sent.append((own, f"/keys/overlap/{name}/{own}?own={own}&requests={requests}", fields))
    if not client.row.concurrent:
        return [(own, client.request("GET", target, fields)) for own, target, fields in sent]
    answers: list[tuple[str, WireResponse]] = []
    with ExitStack() as stack:
        exchanges = [
            (own, stack.enter_context(client.open("GET", target, fields)))
            for own, target, fields in sent
        ]
        for _, exchange in exchanges:
            exchange.end()
        for own, exchange in exchanges:
            head = exchange.head()
            body = b"".join(iter(exchange.receive, b""))
            answers.append((own, WireResponse(head.status, head.headers, body)))
    return answers


def of_itself(own: str) -> dict[str, object]:
    """What a request sees of itself."""
    return {
        "path": [own, own, own],
        "query": own,
        "header": own,
        "cookie": own,
        "early": f"early {own}",
        "late": f"late {own}",
        "variable": f"variable {own}",
        "is_open": True,
    }


@case("keys")
def overlapping_requests_see_nothing_of_each_other(client: Client) -> None:
    name = new_name()

    answers = overlapping(client, name)

    for own, answer in answers:
        seen: dict[str, Any] = json_of(answer)
        expected = of_itself(own)
        assert {key: seen[key] for key in expected} == expected
        assert answer.get("x-own") == own
        assert (answer.get("set-cookie") or "").startswith(f"own={own};")
    assert count_of(client, f"{name}-left", least=REQUESTS) == REQUESTS
    assert count_of(client, "left-by-another", least=0) == 0


def overlapping_requests_have_resources_of_their_own(client: Client) -> None:
    name = new_name()

    seen = [json_of(answer) for _, answer in overlapping(client, name)]

    assert len({each["serial"] for each in seen}) == REQUESTS
    assert all(len(each["users"]) == 1 for each in seen)
    assert len({each["cache"] for each in seen}) == 1
    for number in range(REQUESTS):
        assert count_of(client, f"{name}-{number}-closed") == 1


@case(
    "keys",
    needs=Capability.SHARED_RESOURCES,
    otherwise=overlapping_requests_have_resources_of_their_own,
)
def overlapping_requests_share_one_resource(client: Client) -> None:
    name = new_name()

    seen = [json_of(answer) for _, answer in overlapping(client, name)]

    assert len({each["serial"] for each in seen}) == 1
    assert len({each["cache"] for each in seen}) == 1
    if client.row.concurrent:
        assert max(len(each["users"]) for each in seen) > 1
    assert count_of(client, f"{name}-0-closed", least=0) == 0
