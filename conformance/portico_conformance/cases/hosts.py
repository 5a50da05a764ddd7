"""The Host field (RFC 9112 section 3.2)."""

from portico_conformance._case import Client, case
from portico_conformance.cases._reading import is_alive, refusal, seen, url_seen


@case(
    "hosts",
    each=[
        ("name", "good.example"),
        ("port", "good.example:8080"),
        ("ipv4", "192.0.2.1"),
        ("ipv4-port", "192.0.2.1:81"),
        ("ipv6", "[2001:db8::1]"),
        ("ipv6-port", "[2001:db8::1]:8080"),
        ("one-label", "localhost"),
        ("hyphens", "a--b.c-d.example"),
        ("trailing-dot", "good.example."),
        ("underscore", "a_b.example"),
    ],
)
def a_host_is_seen_as_it_was_sent(client: Client, host: str) -> None:
    members = seen(client, "GET", "/async/seen", [("Host", host)])

    assert members["host"] == host
    assert url_seen(members) == f"{host}/async/seen"


@case("hosts")
def the_host_of_a_url_is_lower_case(client: Client) -> None:
    members = seen(client, "GET", "/async/seen", [("Host", "GOOD.Example")])

    assert members["host"].lower() == "good.example"
    assert url_seen(members) == "good.example/async/seen"


@case(
    "hosts",
    each=[
        ("path", "good.example/evil"),
        ("user", "user@good.example"),
        ("password", "user:secret@good.example"),
        ("space", "good example"),
        ("scheme", "http://good.example"),
        ("query", "good.example?evil"),
        ("fragment", "good.example#evil"),
        ("backslash", "good.example\\evil"),
        ("open-bracket", "[2001:db8::1"),
        ("close-bracket", "2001:db8::1]"),
        ("bare-ipv6", "2001:db8::1"),
        ("port-letters", "good.example:http"),
        ("port-negative", "good.example:-1"),
        ("port-long", "good.example:123456"),
        ("two-ports", "good.example:80:80"),
        ("markup", "<script>"),
        ("quote", 'good"example'),
        ("two-names", "good.example, evil.example"),
        ("tab", "good\texample"),
        ("latin-1", "caf\xe9.example"),
    ],
)
def a_malformed_host_is_a_400(client: Client, host: str) -> None:
    assert refusal(client, "GET", "/async/seen", [("Host", host)]) == 400
    is_alive(client)


@case("hosts")
def two_hosts_are_refused_or_read_as_one(client: Client) -> None:
    headers = [("Host", "good.example"), ("Host", "evil.example")]

    status = refusal(client, "GET", "/async/seen", headers)

    # RFC 9112 section 3.2 has the server answer 400, which not every server does.
    assert status in (200, 400)
    if status == 200:
        assert seen(client, "GET", "/async/seen", headers)["host"] in (
            "good.example",
            "evil.example",
        )
    is_alive(client)


@case("hosts")
def an_empty_host_is_no_error_of_the_server(client: Client) -> None:
    status = refusal(client, "GET", "/async/seen", [("Host", "")])

    assert status == 200 or 400 <= status < 500
    is_alive(client)
