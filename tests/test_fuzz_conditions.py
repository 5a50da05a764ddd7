"""Conditions, ranges and what proxies write: any text, and an answer below 500."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st

from event_platforms import LoopPlatform, ask
from fuzz_application import FILE, application
from fuzzing import FIELD_TEXT, bounded, fuzz, made_of
from portico import Headers, Portico, Request
from portico._forwarded_field import read_forwarded, read_node
from portico._forwarding import Forwarding
from portico._trust import Trust, trust_of
from portico.contract import Peer

SIZE = FILE.stat().st_size
DATES = made_of(
    [
        *(
            "Mon",
            ",",
            " ",
            "01",
            "Jan",
            "2024",
            "0001",
            "9999",
            "00:00:00",
            "25:61:61",
            "GMT",
            "-2359",
        ),
        *("Sunday", "06-Nov-94", "+9999", ":", "31", "Feb", "1e9", "9" * 20, "99999999999"),
    ]
) | st.sampled_from(
    [
        *("Thu, 01 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359", "0", "Mon"),
        *(
            "Mon, 01 Jan 2024 00:00:00 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Mon, 01 Jan 24 0:0:0",
        ),
    ]
)
RANGES = (
    made_of(
        [
            "bytes",
            "=",
            "-",
            ",",
            " ",
            "0",
            "1",
            str(SIZE),
            str(SIZE - 1),
            "9" * 30,
            "9" * 5000,
            "+",
            "lines",
        ],
        ["\xb2", "_", "\t"],
    ).map("bytes={}".format)
    | FIELD_TEXT
)
TAGS = made_of(['"', "W/", "*", ",", " ", "a", "\\", "\xff", '"a"'])
CONDITIONS = st.dictionaries(
    st.sampled_from(["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"])
    | st.sampled_from(["if-range", "range", "accept-encoding", "accept"]),
    DATES | TAGS | RANGES | FIELD_TEXT,
    max_size=4,
)


@pytest.fixture(scope="module")
def app() -> Portico:
    return application()


def wire(fields: dict[str, str]) -> Headers:
    """As servers give them, who let more through than may be sent."""
    return Headers.from_pairs(list(fields.items()))


@fuzz(500)
@example({"range": "bytes=" + "9" * 5000 + "-"}).via("a number that int() does not take")
@example({"if-modified-since": "Thu, 01 Jan 0001 00:00:00 +2359"}).via("a date before all")
@example({"if-unmodified-since": "Fri, 31 Dec 9999 23:59:59 -2359"}).via("a date after all")
@given(CONDITIONS | st.fixed_dictionaries({"range": RANGES}))
def test_a_file_is_answered_whatever_the_conditions(app: Portico, fields: dict[str, str]) -> None:
    platform = LoopPlatform()
    answer = ask(app, platform, Request("http://h.example/file", headers=wire(fields)))

    event(f"status {answer.status}")
    assert answer.status in (200, 206, 304, 412, 416)
    assert platform.reports == []
    whole = FILE.read_bytes()
    if answer.status == 206 and "content-range" in answer.headers:
        span, _, size = answer.headers["content-range"].removeprefix("bytes ").partition("/")
        start, _, end = span.partition("-")
        assert int(size) == SIZE
        assert answer.body == whole[int(start) : int(end) + 1]
        assert answer.body
    elif answer.status == 200:
        assert answer.body == whole


NODES = [
    "1.2.3.4",
    "10.0.0.1",
    "[::1]",
    "::1",
    "::ffff:10.0.0.1",
    "unknown",
    "_x",
    ":",
    "9" * 30,
    "%eth0",
]
FORWARDED = made_of(
    [
        "for=",
        "by=",
        "proto=",
        "host=",
        "https",
        '"',
        "\\",
        ";",
        ",",
        " ",
        "=",
        "\xff",
        "\u0660",
        *NODES,
    ]
)
POLICIES: list[Trust] = [
    policy
    for given_ in (1, 2, "*", ["10.0.0.0/8", "::1"])
    for headers in (["x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"], ["forwarded"])
    for policy in [trust_of(given_, headers)]  # type: ignore[arg-type]
    if policy is not None
]


@fuzz(500)
@example(POLICIES[0], "1.2.3.4:99999", "9" * 5000, "gateway")
@given(
    st.sampled_from(POLICIES),
    FORWARDED | FIELD_TEXT,
    FIELD_TEXT | st.sampled_from(["https", "HTTP", ", ,", "wss,", "\u0661"]),
    st.sampled_from(["socket", "gateway", "unknown"]),
)
def test_what_proxies_write_is_read_or_says_nothing(
    policy: Trust, hops: str, said: str, source: Any
) -> None:
    seen = Peer("10.0.0.1", 1, source)

    def read(name: str) -> list[str]:
        return [hops, hops] if name in ("forwarded", "x-forwarded-for") else [said]

    def told() -> tuple[Peer, str | None, str | None]:
        forwarding = Forwarding(policy, seen, read, ("x-forwarded-for",))
        return forwarding.peer(seen), forwarding.scheme, forwarding.host

    peer, scheme, _ = bounded(told, 20 * (len(hops) + len(said)) + 1000)
    assert scheme in (None, "http", "https")
    assert peer.port is None or 0 < peer.port < 1 << 16
    assert peer.source in ("trusted-header", "unknown", source)


@fuzz(300)
@given(FORWARDED | st.text(max_size=30))
def test_any_text_is_a_forwarded_field_and_a_node(text: str) -> None:
    elements = bounded(lambda: read_forwarded(text), len(text))
    node = bounded(lambda: read_node(text), len(text) + 200)

    assert all(name == name.lower() for element in elements for name in element)
    assert node is None or read_node(node[0]) == (node[0], None)
