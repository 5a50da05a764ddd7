"""Whatever hooks do, and wherever they run, a request has the same answer."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from event_platforms import LoopPlatform, ThreadPlatform, ask
from portico import Request
from portico_conformance.application import app
from portico_conformance.application._lifecycle_acts import ACTS

HOOKS = [
    "request-1",
    "request-2",
    "before_parse-1",
    "before_parse-2",
    "parse-1",
    "parse-2",
    "transform-1",
    "transform-2",
    "derive",
    "before_handle-1",
    "before_handle-2",
    "resolve",
    "handle",
    "after_handle-1",
    "after_handle-2",
    "map_response-1",
    "map_response-2",
    "error-class",
    "error-401",
    "error-404",
    "error-422",
    "error-any",
    "app-error",
    "app-error-405",
    "app-map_response",
]
told = st.dictionaries(st.sampled_from(HOOKS), st.sampled_from(sorted(ACTS)), max_size=5)
requests = st.tuples(
    st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
    st.sampled_from(["/", "/?limit=3", "/?limit=x", "/value", "/nothing"]),
    st.sampled_from([b'{"n":1}', b'{"n":"x"}', b"{", None]),
)

Outcome = tuple[int, bytes, list[tuple[str, str]], bool]


def outcome(
    kind: type[LoopPlatform],
    colour: str,
    acts: dict[str, str],
    method: str,
    path: str,
    body: bytes | None,
) -> Outcome:
    """What a request has for an answer, without what is new each time or names a colour."""
    headers = {
        "content-type": "application/json",
        "x-do": "; ".join(f"{hook}={act}" for hook, act in acts.items()),
    }
    request = Request(
        f"http://app.test/{colour}/life{path}",
        method=method,
        headers=headers,
        body=body if method in ("POST", "PUT") else None,
    )
    answer = ask(app, kind(), request)
    text = re.sub(rb'"id":"[0-9a-f]+"', b'"id":"..."', answer.body)
    left_out = ("content-length", "x-mapped")
    fields = [pair for pair in answer.headers.items() if pair[0] not in left_out]
    return answer.status, text.replace(b"/async/", b"/sync/"), fields, bool(answer.reports)


@settings(max_examples=150, deadline=None)
@given(acts=told, request=requests)
def test_an_answer_does_not_depend_on_where_hooks_run(
    acts: dict[str, str], request: tuple[str, str, bytes | None]
) -> None:
    outcomes = [
        outcome(kind, colour, acts, *request)
        for kind in (ThreadPlatform, LoopPlatform)
        for colour in ("async", "sync")
    ]

    assert all(each == outcomes[0] for each in outcomes)


@settings(max_examples=150, deadline=None)
@given(acts=told, request=requests)
def test_an_answer_of_500_is_reported_and_shows_nothing(
    acts: dict[str, str], request: tuple[str, str, bytes | None]
) -> None:
    status, body, fields, reported = outcome(ThreadPlatform, "sync", acts, *request)

    assert 200 <= status <= 599
    assert b"secret" not in body
    assert not [value for _, value in fields if "secret" in value]
    if status == 500:
        assert reported
