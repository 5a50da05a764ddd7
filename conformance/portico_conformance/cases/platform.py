"""The runtime as an application sees it, work after the answer, and what requests share."""

from typing import Any

from portico.contract import Capability, Promise, Support
from portico_conformance._case import Client, IncompleteAnswerError, case
from portico_conformance.application import ENVIRONMENT
from portico_conformance.cases._reading import (
    COLOURS,
    is_alive,
    json_of,
    seen,
    text_of,
    url_seen,
)
from portico_conformance.cases._signalling import (
    begin,
    count_of,
    is_raised,
    new_name,
    raise_signal,
    wait_for_signal,
)

PROMISES = {promise.value for promise in Promise}


def platform(client: Client) -> dict[str, Any]:
    members: dict[str, Any] = json_of(client.request("GET", "/platform"))
    return members


@case("platform")
def the_runtime_has_the_name_of_its_adapter(client: Client) -> None:
    assert platform(client)["name"] == client.row.adapter


@case("platform")
def the_runtime_says_who_may_block(client: Client) -> None:
    assert platform(client)["concurrency"] in ("loop", "threads", "serial")


@case("platform")
def every_capability_is_declared(client: Client) -> None:
    declared = platform(client)["capabilities"]

    assert set(declared) == {capability.value for capability in Capability}
    assert set(declared.values()) <= {support.value for support in Support}


@case("platform")
def the_environment_is_that_of_the_platform(client: Client) -> None:
    assert platform(client)["env"] == ENVIRONMENT[1]


@case("platform")
def the_peer_is_an_address_with_its_source_or_unknown(client: Client) -> None:
    peer = platform(client)["peer"]

    assert peer["source"] in ("socket", "gateway", "trusted-header", "unknown")
    if peer["address"] is None:
        assert peer["source"] == "unknown"
    else:
        assert peer["source"] != "unknown"
        assert "." in peer["address"] or ":" in peer["address"]
        assert "," not in peer["address"]
        assert peer["port"] is None or 0 < peer["port"] < 65536


@case("platform")
def a_forged_field_does_not_name_the_peer(client: Client) -> None:
    forged = "6.6.6.6"
    answer = client.request(
        "GET",
        "/platform",
        [("X-Forwarded-For", forged), ("X-Real-IP", forged), ("Forwarded", f"for={forged}")],
    )

    assert json_of(answer)["peer"]["address"] != forged


@case("platform")
def a_forged_field_does_not_name_the_host(client: Client) -> None:
    members = seen(
        client,
        "GET",
        "/async/seen",
        [
            ("Host", "own.example"),
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Port", "6666"),
            ("Forwarded", "host=evil.example"),
        ],
    )

    assert members["host"] == "own.example"
    assert url_seen(members) == "own.example/async/seen"


@case("platform")
def a_forged_field_does_not_change_the_scheme(client: Client) -> None:
    scheme = seen(client, "GET", "/async/seen")["scheme"]
    other = "http" if scheme == "https" else "https"

    members = seen(
        client,
        "GET",
        "/async/seen",
        [("X-Forwarded-Proto", other), ("X-Forwarded-Ssl", "on"), ("Forwarded", f"proto={other}")],
    )

    assert members["scheme"] == scheme


@case("platform")
def the_root_path_is_no_part_of_the_path(client: Client) -> None:
    members = seen(client, "GET", "/async/seen/live")

    # A stage of an API stands before the path; most rows have nothing there.
    assert members["root_path"] == "" or members["root_path"].startswith("/")
    assert members["path"] == members["raw_path"] == "/async/seen/live"


@case("platform")
def the_clocks_go_forward(client: Client) -> None:
    first, second = platform(client), platform(client)

    assert second["monotonic"] >= first["monotonic"]
    assert second["now"] >= first["now"]
    assert first["now"] > 1_700_000_000


def there_is_no_deadline(client: Client) -> None:
    assert platform(client)["deadline"] is None


@case("platform", needs=Capability.DEADLINE, otherwise=there_is_no_deadline)
def the_deadline_lies_ahead(client: Client) -> None:
    members = platform(client)

    assert members["deadline"] > members["monotonic"]


@case("platform")
def a_request_under_way_is_not_aborted(client: Client) -> None:
    assert platform(client)["aborted"] is False


@case("platform")
def early_hints_say_whether_they_were_sent(client: Client) -> None:
    answer = client.request("GET", "/early-hints")

    assert text_of(answer) in ("true", "false")


READS_TRAILERS = [("TE", "trailers")]


def no_trailers_follow_and_the_handler_knows(client: Client, kind: str) -> None:
    answer = client.request("GET", f"/trailers/{kind}", READS_TRAILERS)

    assert text_of(answer) == ("false,end" if kind == "stream" else "false")
    assert answer.get("trailer") is None
    assert answer.trailers == []


@case(
    "platform",
    needs=Capability.TRAILERS,
    otherwise=no_trailers_follow_and_the_handler_knows,
    each=[(kind, kind) for kind in ("stream", "whole")],
)
def trailers_are_announced_and_made_when_the_content_was_sent(client: Client, kind: str) -> None:
    answer = client.request("GET", f"/trailers/{kind}", READS_TRAILERS)

    assert text_of(answer) == ("true,end" if kind == "stream" else "true")
    assert answer.get("trailer") == "x-chunks, x-empty"
    made = {"stream": "3stream", "whole": "0whole"}[kind]
    assert answer.trailers == [("x-chunks", made), ("x-empty", "")]


def no_trailers_follow(client: Client) -> None:
    answer = client.request("GET", "/sync/trailers", READS_TRAILERS)

    assert (text_of(answer), answer.trailers) == ("false", [])


@case("platform", needs=Capability.TRAILERS, otherwise=no_trailers_follow)
def synchronous_code_sends_trailers(client: Client) -> None:
    answer = client.request("GET", "/sync/trailers", READS_TRAILERS)

    assert (text_of(answer), answer.trailers) == ("true", [("x-chunks", "1")])


def the_content_is_complete_and_no_trailer_is_made(client: Client) -> None:
    answer = client.request("GET", "/trailers/fails", READS_TRAILERS)

    assert text_of(answer) == "false,end"


@case(
    "platform",
    needs=Capability.TRAILERS,
    otherwise=the_content_is_complete_and_no_trailer_is_made,
)
def an_answer_whose_trailer_cannot_be_made_never_looks_complete(client: Client) -> None:
    try:
        answer = client.request("GET", "/trailers/fails", READS_TRAILERS)
    except IncompleteAnswerError as error:
        answer = error.partial
    else:
        raise AssertionError(f"the answer looked complete: {answer}")

    assert "secret" not in answer.body.decode()


@case("platform")
def no_trailers_are_sent_to_a_client_that_has_not_asked(client: Client) -> None:
    answer = client.request("GET", "/trailers/stream")

    assert text_of(answer) == "false,end"
    assert answer.trailers == []


@case("platform", each=[("status 204", ("GET", "none", 204)), ("HEAD", ("HEAD", "whole", 200))])
def an_answer_without_content_has_no_trailers(client: Client, record: tuple[str, str, int]) -> None:
    method, kind, status = record

    answer = client.request(method, f"/trailers/{kind}", READS_TRAILERS)

    assert (answer.status, answer.body) == (status, b"")
    assert answer.get("trailer") is None
    assert answer.trailers == []


@case("platform", each=[(name, name) for name in ("content-length", "Set-Cookie", "host", "a b")])
def a_field_that_is_needed_before_the_content_is_refused_as_a_trailer(
    client: Client, name: str
) -> None:
    said = text_of(client.request("GET", f"/trailers-refused/{name.replace(' ', '%20')}"))

    assert repr(name) in said


@case("platform", each=[(kind, kind) for kind in ("async", "sync", "fails")])
def work_after_the_answer_runs_exactly_once(client: Client, kind: str) -> None:
    name = new_name()

    promise = text_of(client.request("GET", f"/wait-until/{name}/{kind}"))

    assert promise in PROMISES
    if promise == Promise.BEFORE_RESPONSE.value:
        assert count_of(client, name, least=0) == 1
    assert count_of(client, name) == 1
    is_alive(client)
    assert count_of(client, name) == 1


@case("platform")
def work_of_synchronous_code_runs_exactly_once(client: Client) -> None:
    name = new_name()

    assert text_of(client.request("GET", f"/sync/wait-until/{name}")) in PROMISES

    assert count_of(client, name) == 1


@case("platform")
def work_of_one_request_runs_in_order(client: Client) -> None:
    name = new_name()

    client.request("GET", f"/wait-until-order/{name}")

    wait_for_signal(client, f"{name}-ordered")
    assert not is_raised(client, f"{name}-reversed")


def app_lived_values_are_made_for_each_request(client: Client) -> None:
    answers = [
        json_of(client.request("GET", f"/{colour}/resources"))
        for colour in ("async", "sync", "async", "sync")
    ]

    # The numbers that they are go up, and no request finds those of another.
    assert all(second == first + 1 for first, second in answers)
    assert len({first for first, _ in answers}) == len(answers)


@case(
    "platform",
    needs=Capability.SHARED_RESOURCES,
    otherwise=app_lived_values_are_made_for_each_request,
)
def app_lived_values_are_made_once(client: Client) -> None:
    answers = [
        json_of(client.request("GET", f"/{colour}/resources"))
        for colour in ("async", "sync", "async", "sync")
    ]

    assert all(answer == answers[0] for answer in answers)
    assert answers[0][1] == answers[0][0] + 1


@case("platform", each=COLOURS)
def a_context_variable_ends_with_its_request(client: Client, colour: str) -> None:
    name = new_name()
    if colour == "async":
        raise_signal(client, name)

    assert json_of(client.request("GET", f"/{colour}/context/{name}")) == ["nobody's", name]

    for other in ("async", "sync"):
        assert text_of(client.request("GET", f"/{other}/context")) == "nobody's"


@case("platform")
def a_context_variable_is_kept_between_the_chunks_of_a_stream(client: Client) -> None:
    name = new_name()

    answer = client.request("GET", f"/context-stream/{name}")

    assert answer.body == f"{name},{name}".encode()
    assert text_of(client.request("GET", "/async/context")) == "nobody's"


@case("platform", each=COLOURS)
def what_a_handler_sets_its_stream_and_its_work_see_and_no_other_request(
    client: Client, colour: str
) -> None:
    name = new_name()

    answer = client.request("GET", f"/{colour}/context-of-all/{name}")

    assert answer.body == f"{name},{name}".encode()
    assert count_of(client, name) == 1
    assert text_of(client.request("GET", "/async/context")) == "nobody's"
    assert text_of(client.request("GET", "/sync/context")) == "nobody's"


@case("platform")
def requests_at_the_same_time_have_context_variables_of_their_own(client: Client) -> None:
    first, second = new_name(), new_name()
    if not client.row.concurrent:
        # One at a time: each finds nothing of the other.
        for name in (first, second):
            raise_signal(client, name)
            answer = client.request("GET", f"/async/context/{name}")
            assert json_of(answer) == ["nobody's", name]
        return
    with (
        begin(client, f"/async/context/{first}") as one,
        begin(client, f"/async/context/{second}") as two,
    ):
        one.end()
        two.end()
        # Both have set the variable, and both are still under way.
        wait_for_signal(client, f"{first}-set")
        wait_for_signal(client, f"{second}-set")
        raise_signal(client, first)
        raise_signal(client, second)
        assert one.head().status == two.head().status == 200
        assert b"".join(iter(one.receive, b"")) == f'["nobody\'s","{first}"]'.encode()
        assert b"".join(iter(two.receive, b"")) == f'["nobody\'s","{second}"]'.encode()


@case("platform")
def synchronous_code_that_does_not_block_is_answered(client: Client) -> None:
    assert text_of(client.request("GET", "/sync/run-here")) == "/sync/run-here"
