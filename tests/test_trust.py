"""Whose word is taken for where a request came from: the option `trust`, behind every adapter."""

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import Context, Portico
from portico.contract import Options, Peer, Platform
from portico_conformance._case import Row
from portico_conformance._lambda_events import to_event
from portico_conformance._wire import WireRequest
from portico_conformance.application import OPTIONS
from portico_conformance.rows import all_rows
from portico_lambda import Lambda, Shape

# Mangum hands a gateway's own entries on like a proxy's, so that there is one hop more behind it,
# which writes no host.
IN_PROCESS = [row for row in all_rows() if not row.on_wire and row.id != "mangum"]
SEEN = Peer("10.0.0.1", 5000, "socket")

# What a client sent, and what the proxy in front of the adapter has added behind it.
FORGED = [
    ("Host", "own.example"),
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Forwarded-For", "203.0.113.9"),
    ("X-Forwarded-Proto", "http, https"),
    ("X-Forwarded-Host", "evil.example, app.example"),
    ("Forwarded", "for=7.7.7.7;proto=http;host=worse.example"),
]


class Seen(NamedTuple):
    address: str | None
    source: str
    scheme: str
    host: str
    url: str


def seen_by(row: Row, headers: list[tuple[str, str]] = FORGED) -> Seen:
    with row.open() as client:
        peer = json.loads(client.request("GET", "/platform", headers).body)["peer"]
        members = json.loads(client.request("GET", "/async/seen", headers).body)
    return Seen(peer["address"], peer["source"], members["scheme"], members["host"], members["url"])


@pytest.mark.parametrize("row", IN_PROCESS, ids=lambda row: row.id)
def test_a_believed_proxy_tells_of_the_client_the_scheme_and_the_host(
    row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPTIONS, "trust", 1)

    seen = seen_by(row)

    assert seen[:4] == ("203.0.113.9", "trusted-header", "https", "app.example")
    assert seen.url.startswith("https://app.example/")


@pytest.mark.parametrize("row", IN_PROCESS, ids=lambda row: row.id)
def test_nobody_is_believed_unless_told(row: Row) -> None:
    seen = seen_by(row)

    assert seen.address not in ("6.6.6.6", "203.0.113.9", "7.7.7.7")
    assert seen.source != "trusted-header"
    assert seen.host == "own.example"


@pytest.mark.parametrize("row", IN_PROCESS, ids=lambda row: row.id)
def test_a_standard_field_is_read_where_it_is_the_one(
    row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPTIONS, "trust", 1)
    monkeypatch.setitem(OPTIONS, "trust_headers", ["forwarded"])
    headers = [
        *FORGED,
        ("Forwarded", 'for="[2001:db8::9]:4711";proto=https;host=app.example'),
    ]

    assert seen_by(row, headers)[:4] == (
        "2001:db8::9",
        "trusted-header",
        "https",
        "app.example",
    )


@pytest.mark.parametrize("row", IN_PROCESS, ids=lambda row: row.id)
def test_the_hosts_that_are_answered_are_those_that_the_proxy_tells_of(
    row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPTIONS, "trust", 1)
    monkeypatch.setitem(OPTIONS, "hosts", ["app.example"])

    def status(*headers: tuple[str, str]) -> int:
        fields = [("X-Forwarded-For", "203.0.113.9"), *headers]
        return client.request("GET", "/text", fields).status

    with row.open() as client:
        assert status(("Host", "inner"), ("X-Forwarded-Host", "app.example")) == 200
        assert status(("Host", "inner"), ("X-Forwarded-Host", "app.example, evil")) == 400
        assert status(("Host", "app.example"), ("X-Forwarded-Host", "a b")) == 400
        assert status(("Host", "inner")) == 400
        assert status(("Host", "app.example")) == 200


@pytest.mark.parametrize("row", IN_PROCESS, ids=lambda row: row.id)
def test_a_cookie_is_secure_where_the_proxy_has_seen_https(
    row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPTIONS, "trust", 1)
    fields = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")]

    with row.open() as client:
        answer = client.request("GET", "/async/cookie/set", fields)

    assert "; Secure" in (answer.get("set-cookie") or "")


# A platform that is given fields, for what is the same behind every adapter


class Given(Platform):
    """A platform of one request with these fields."""

    __slots__ = ("fields", "reads", "seen")

    def __init__(self, seen: Peer, fields: dict[str, str], **options: Any) -> None:
        super().__init__(Options(**options), None)
        self.seen = seen
        self.fields = fields
        self.reads: list[str] = []

    def _read_peer(self) -> Peer:
        return self.seen

    def _read_fields(self) -> Any:
        def values(name: str) -> list[str]:
            self.reads.append(name)
            return [self.fields[name]] if name in self.fields else []

        return values


class Gateway(Given):
    """One that stands behind a gateway."""

    __slots__ = ()

    def _forwarded_by_platform(self) -> frozenset[str]:
        return frozenset({"x-forwarded-proto"})


def peer_of(field: str, trust: Any, seen: Peer = SEEN) -> Peer:
    return Given(seen, {"x-forwarded-for": field}, trust=trust).peer


UNKNOWN = Peer(None, None, "unknown")


def told(address: str, port: int | None = None) -> Peer:
    return Peer(address, port, "trusted-header")


@pytest.mark.parametrize(
    ("field", "trust", "expected"),
    [
        ("1.1.1.1, 2.2.2.2, 3.3.3.3", 1, told("3.3.3.3")),
        ("1.1.1.1, 2.2.2.2, 3.3.3.3", 2, told("2.2.2.2")),
        ("1.1.1.1, 2.2.2.2, 3.3.3.3", 3, told("1.1.1.1")),
        ("1.1.1.1, 2.2.2.2, 3.3.3.3", "*", told("1.1.1.1")),
        # A chain that is shorter than it was said to be is believed as far as it goes.
        ("2.2.2.2", 3, told("2.2.2.2")),
        ("", 3, SEEN),
        ("1.1.1.1, 2.2.2.2", 0, SEEN),
        # Networks: as long as one hop after the other is in them.
        ("1.1.1.1, 2.2.2.2", ["10.0.0.0/8"], told("2.2.2.2")),
        ("1.1.1.1, 10.9.9.9", ["10.0.0.0/8"], told("1.1.1.1")),
        ("10.1.1.1, 10.9.9.9", ["10.0.0.0/8"], told("10.1.1.1")),
        ("1.1.1.1, 10.9.9.9, 2.2.2.2", ["10.0.0.0/8"], told("2.2.2.2")),
        ("1.1.1.1", ["10.0.0.2"], SEEN),
        ("1.1.1.1", [], SEEN),
        # What is no address ends the chain, and is nobody.
        ("1.1.1.1, unknown", 1, UNKNOWN),
        ("1.1.1.1, unknown", ["10.0.0.0/8"], UNKNOWN),
        ("1.1.1.1, , 10.9.9.9", ["10.0.0.0/8"], UNKNOWN),
        ("1.1.1.1,", 1, UNKNOWN),
        ("999.1.1.1", 1, UNKNOWN),
        ("010.0.0.1", 1, UNKNOWN),
        ("<script>", 1, UNKNOWN),
        ("1.1.1.1;2.2.2.2", 1, UNKNOWN),
        ("\u0661.1.1.1", 1, UNKNOWN),
        # The forms of an address.
        ("1.1.1.1:443", 1, told("1.1.1.1", 443)),
        ("1.1.1.1:0", 1, told("1.1.1.1")),
        ("1.1.1.1:99999", 1, told("1.1.1.1")),
        ("2001:DB8::1", 1, told("2001:db8::1")),
        ("[2001:db8::1]", 1, told("2001:db8::1")),
        ("[2001:db8::1]:80", 1, told("2001:db8::1", 80)),
        ("[2001:db8::1", 1, UNKNOWN),
        ("::ffff:1.1.1.1", 1, told("1.1.1.1")),
        ("::ffff:10.0.0.7, 10.0.0.8", ["10.0.0.0/8"], told("10.0.0.7")),
        ("\t 1.1.1.1 \t", 1, told("1.1.1.1")),
    ],
)
def test_the_client_is_whom_the_farthest_believed_hop_names(
    field: str, trust: Any, expected: Peer
) -> None:
    assert peer_of(field, trust) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ("::ffff:10.0.0.1", told("1.1.1.1")),
        ("::1", told("1.1.1.1")),
        ("fe80::1%eth0", None),
        ("11.0.0.1", None),
        (None, None),
    ],
)
def test_a_peer_is_believed_by_its_network(seen: str | None, expected: Peer | None) -> None:
    peer = Peer(seen, None, "socket" if seen else "unknown")

    found = peer_of("1.1.1.1", ["10.0.0.0/8", "::1"], peer)

    assert found == (expected or peer)


@pytest.mark.parametrize(
    ("fields", "options", "scheme", "host"),
    [
        ({"x-forwarded-proto": "https"}, {}, "https", None),
        ({"x-forwarded-proto": "HTTPS"}, {}, "https", None),
        ({"x-forwarded-proto": "wss"}, {}, "https", None),
        ({"x-forwarded-proto": "javascript"}, {}, None, None),
        ({"x-forwarded-proto": ""}, {}, None, None),
        ({"x-forwarded-proto": "https,http"}, {}, "http", None),
        # Two hops, and a field that the nearest of them overwrites.
        ({"x-forwarded-proto": "https"}, {"trust": 2}, "https", None),
        # The same hop for all: the chain has one entry, so the second value is the client's own.
        ({"x-forwarded-proto": "https,http"}, {"trust": 2}, "http", None),
        ({"x-forwarded-host": "a, b"}, {}, None, "b"),
        ({"x-forwarded-host": "a,"}, {}, None, None),
        ({"x-forwarded-host": "b", "x-forwarded-port": "81"}, {}, None, "b"),
        ({"x-forwarded-host": "b"}, {"trust": ["11.0.0.0/8"]}, None, None),
        ({"x-forwarded-host": "b"}, {"trust_headers": ["x-forwarded-for"]}, None, None),
    ],
)
def test_scheme_and_host_are_of_the_hop_that_names_the_client(
    fields: dict[str, str], options: dict[str, Any], scheme: str | None, host: str | None
) -> None:
    platform = Given(SEEN, {"x-forwarded-for": "1.1.1.1", **fields}, **{"trust": 1, **options})

    assert (platform.forwarding.scheme, platform.forwarding.host) == (scheme, host)


@pytest.mark.parametrize(
    ("host", "port", "scheme", "expected"),
    [
        ("a.example", "8443", "https", "a.example:8443"),
        ("a.example", "443", "https", "a.example"),
        ("a.example", "80", "http", "a.example"),
        ("a.example", "443", "http", "a.example:443"),
        ("a.example:1", "8443", "https", "a.example:1"),
        ("[::1]", "8443", "https", "[::1]:8443"),
        ("[::1]:1", "8443", "https", "[::1]:1"),
    ],
)
def test_a_port_completes_a_host_where_proxies_write_one(
    host: str, port: str, scheme: str, expected: str
) -> None:
    fields = {"x-forwarded-host": host, "x-forwarded-port": port, "x-forwarded-proto": scheme}
    names = ["x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"]

    assert Given(SEEN, fields, trust=1, trust_headers=names).forwarding.host == expected


@pytest.mark.parametrize(
    ("field", "trust", "expected"),
    [
        ("for=1.1.1.1;proto=https;host=a", 1, (told("1.1.1.1"), "https", "a")),
        ("For=1.1.1.1 ; Proto=HTTPS", 1, (told("1.1.1.1"), "https", None)),
        ("for=1.1.1.1;host=a, for=2.2.2.2", 1, (told("2.2.2.2"), None, None)),
        ("for=1.1.1.1;host=a, for=2.2.2.2", 2, (told("1.1.1.1"), None, "a")),
        ('for="1.1.1.1:80"', 1, (told("1.1.1.1", 80), None, None)),
        ('for="[2001:db8::1]:80";host="a:81"', 1, (told("2001:db8::1", 80), None, "a:81")),
        ("for=1.1.1.1;host=a:81", 1, (told("1.1.1.1"), None, "a:81")),
        (r'for="\1.1.1.\1"', 1, (told("1.1.1.1"), None, None)),
        (",for=1.1.1.1,,", 1, (told("1.1.1.1"), None, None)),
        ("for=_hidden;proto=https", 1, (UNKNOWN, "https", None)),
        ("for=unknown", 1, (UNKNOWN, None, None)),
        ("proto=https", 1, (UNKNOWN, "https", None)),
        ("", 1, (SEEN, None, None)),
        # A quotation mark that is left open swallows what the proxy has added.
        ('for=", for=1.1.1.1;proto=https', 1, (UNKNOWN, None, None)),
        ('for="6.6.6.6, for="1.1.1.1"', 1, (UNKNOWN, None, None)),
        ("for=1.1.1.1;for=6.6.6.6", 1, (UNKNOWN, None, None)),
        ("for", 1, (UNKNOWN, None, None)),
        ("=1", 1, (UNKNOWN, None, None)),
        ("for=1.1.1.1 proto=https", 1, (UNKNOWN, None, None)),
        ('for="' + "\\" * 9_999, 1, (UNKNOWN, None, None)),
        ("for=6.6.6.6," * 5_000 + "for=1.1.1.1", ["10.0.0.0/8"], (told("1.1.1.1"), None, None)),
    ],
)
def test_an_element_of_the_standard_field_is_the_word_of_one_hop(
    field: str, trust: Any, expected: tuple[Peer, str | None, str | None]
) -> None:
    platform = Given(SEEN, {"forwarded": field}, trust=trust, trust_headers=["forwarded"])

    forwarding = platform.forwarding
    assert (platform.peer, forwarding.scheme, forwarding.host) == expected


@pytest.mark.parametrize(
    ("field", "trust", "expected"),
    [
        # API Gateway has added the address that it tells of.
        ("6.6.6.6, 1.1.1.1, 9.9.9.9", 1, (told("1.1.1.1"), "http")),
        ("6.6.6.6, 1.1.1.1, 9.9.9.9", ["9.9.9.9"], (told("1.1.1.1"), "http")),
        ("6.6.6.6, 1.1.1.1, 9.9.9.9", ["8.8.8.8"], (Peer("9.9.9.9", None, "gateway"), None)),
        # An edge-optimised one, the address of its own CloudFront behind it.
        ("1.1.1.1, 9.9.9.9, 5.5.5.5", 1, (told("1.1.1.1"), "http")),
        # The client has got around the proxy.
        ("9.9.9.9", 1, (Peer("9.9.9.9", None, "gateway"), None)),
    ],
)
def test_a_gateway_is_no_hop_that_is_counted(
    field: str, trust: Any, expected: tuple[Peer, str | None]
) -> None:
    seen = Peer("9.9.9.9", None, "gateway")
    fields = {"x-forwarded-for": field, "x-forwarded-proto": "http, https"}

    platform = Gateway(seen, fields, trust=trust)

    assert (platform.peer, platform.forwarding.scheme) == expected


def test_a_gateways_own_entry_is_known_in_whatever_form_it_is_written() -> None:
    seen = Peer("2001:db8:0:0:0:0:0:1", None, "gateway")

    platform = Gateway(seen, {"x-forwarded-for": "1.1.1.1, 2001:DB8::1"}, trust=1)

    assert platform.peer == told("1.1.1.1")


LATIN_1 = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)


@given(LATIN_1, LATIN_1, st.sampled_from([1, 2, ["10.0.0.0/8"]]))
def test_what_a_client_sends_changes_nothing_that_believed_hops_say(
    forged: str, scheme: str, trust: Any
) -> None:
    honest = {
        "x-forwarded-for": "1.1.1.1, 10.9.9.9",
        "x-forwarded-proto": "https, http",
        "x-forwarded-host": "a, b",
    }
    names = {"x-forwarded-for": forged, "x-forwarded-proto": scheme, "x-forwarded-host": forged}
    sent = {name: f"{value}, {honest[name]}" for name, value in names.items()}

    found, expected = (Given(SEEN, fields, trust=trust) for fields in (sent, honest))

    assert found.peer == expected.peer
    assert found.forwarding.scheme == expected.forwarding.scheme
    assert found.forwarding.host == expected.forwarding.host


@given(LATIN_1 | st.text(alphabet='for=1.",;\\ []:', max_size=40))
def test_what_a_client_sends_as_the_standard_field_can_do_no_more_than_spoil_it(
    forged: str,
) -> None:
    field = f"{forged}, for=1.1.1.1;proto=https"

    platform = Given(SEEN, {"forwarded": field}, trust=1, trust_headers=["forwarded"])

    said = (platform.peer, platform.forwarding.scheme)
    assert said in ((told("1.1.1.1"), "https"), (UNKNOWN, None))


def test_a_long_field_takes_no_longer_than_its_length() -> None:
    for field in (" " * 60_000 + "x", "a" * 60_000, "for=" * 15_000, "\\" * 60_000):
        options: dict[str, Any] = {"trust": 1, "trust_headers": ["forwarded"]}

        assert Given(SEEN, {"forwarded": field}, **options).peer.source == "unknown"
    entries = ", ".join(["1.1.1.1"] * 6_000)
    platform = Given(SEEN, {"x-forwarded-for": entries}, trust=["10.0.0.0/8"])

    assert platform.peer == told("1.1.1.1")


def test_nothing_is_read_before_somebody_asks() -> None:
    platform = Given(SEEN, {"x-forwarded-for": "1.1.1.1"}, trust=1)
    before = list(platform.reads)

    assert platform.peer == platform.peer == told("1.1.1.1")

    assert before == []
    assert platform.reads == ["x-forwarded-for"]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"trust": -1}, ValueError, "number of proxies"),
        ({"trust": True}, TypeError, "number of proxies"),
        ({"trust": "10.0.0.0/8"}, TypeError, "list of their networks"),
        ({"trust": ["10.0.0.1/8"]}, ValueError, "10.0.0.1/8"),
        ({"trust": ["proxy.internal"]}, ValueError, "no network"),
        ({"trust": 1.5}, TypeError, "number of proxies"),
        ({"trust": b"::1"}, TypeError, "list of their networks"),
        ({"trust": [1]}, TypeError, "A network is a text"),
        ({"trust_headers": [1]}, ValueError, "trust_headers has '1'"),
        ({"trust_headers": "forwarded"}, TypeError, "list of header names"),
        ({"trust": 1, "trust_headers": ["x-real-ip"]}, ValueError, "x-real-ip"),
        ({"trust_headers": ["forwarded", "x-forwarded-for"]}, ValueError, "either"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(
    options: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        Options(**options)


@pytest.mark.parametrize("shape", ["rest", "http", "url"])
def test_an_event_that_is_read_at_one_glance_is_believed_no_less(shape: Shape) -> None:
    app = Portico()

    @app.get("/x")
    def seen(ctx: Context) -> str:
        peer = ctx.platform.peer
        return f"{peer.address} {peer.source} {ctx.request.url}"

    handler = Lambda(app, trust=1, trust_headers=["x-forwarded-for", "x-forwarded-host"])
    fields = [
        ("Host", "gateway.example"),
        ("X-Forwarded-For", "6.6.6.6, 203.0.113.9"),
        ("X-Forwarded-Host", "app.example"),
    ]
    event = to_event(shape, WireRequest("GET", "/x", fields))
    root = "/live" if shape == "rest" else ""

    # The first invocation starts the application, and never takes the short way.
    first, second = handler(event), handler(event)

    assert (first["statusCode"], first["body"]) == (second["statusCode"], second["body"])
    assert first["body"] == f"203.0.113.9 trusted-header https://app.example{root}/x"
