"""Cookies that the application changes: what is sent for it, and with which answers."""

from typing import Final

from portico_conformance._case import Client, case
from portico_conformance._wire import WireResponse
from portico_conformance.cases._reading import COLOURS, json_of, problem_of

REMOVED: Final = "c=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
PLAIN: Final = "; Path=/; HttpOnly; SameSite=Lax"
EVERY: Final = (
    "; Max-Age=120; Expires=Mon, 03 Feb 2031 04:05:06 GMT; Domain=app.test; Path=/p"
    "; SameSite=Strict; Partitioned; Priority=High"
)

# What is done, the cookies that come, and the line that is sent for it, without `Secure`, which
# goes with https.
LINES: list[tuple[str, str, str | None]] = [
    ("nothing", "c=v", None),
    ("nothing", "", None),
    ("read", "c=v; signed=bad", None),
    ("read", "", None),
    ("iterate", "c=v; d=w; signed=bad", None),
    ("assign", "", f"c=v{PLAIN}"),
    ("assign", "c=old", f"c=v{PLAIN}"),
    ("assign", "c=v", None),
    ("assign", 'c="v"', None),
    ("assign", "c=%76", None),
    ("assign", "c=v; c=other", None),
    ("assign-empty", "", f"c={PLAIN}"),
    ("assign-empty", "c=v", f"c={PLAIN}"),
    ("assign-empty", "c=", None),
    ("assign-twice", "c=v", None),
    ("assign-twice", "c=old", f"c=v{PLAIN}"),
    ("set", "c=v", f"c=v{PLAIN}"),
    ("set-after-update", "c=v", "c=v; Max-Age=1; Path=/; HttpOnly; SameSite=Lax"),
    ("update", "c=v", "c=v; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"),
    ("update", "", None),
    ("update-same", "c=v", None),
    ("refresh", "c=v", f"c=v{PLAIN}"),
    ("refresh", "", None),
    ("remove", "c=v", f"{REMOVED}{PLAIN}"),
    ("remove", "", f"{REMOVED}{PLAIN}"),
    ("remove-there", "c=v", f"{REMOVED}; Domain=app.test; Path=/p; HttpOnly; SameSite=Lax"),
    ("remove-and-assign", "c=v", None),
    ("remove-and-assign", "c=old", f"c=v{PLAIN}"),
    ("assign-and-remove", "c=v", f"{REMOVED}{PLAIN}"),
    ("every-attribute", "", f"c=v{EVERY}"),
    ("every-attribute-updated", "c=v", f"c=v{EVERY}"),
    ("every-attribute-assigned", "c=v", f"c=v{EVERY}"),
    ("path-assigned", "c=v", "c=v; Path=/p; HttpOnly; SameSite=Lax"),
    ("domain-assigned", "c=v", "c=v; Domain=app.test; Path=/; HttpOnly; SameSite=Lax"),
    ("max_age-assigned", "c=v", "c=v; Max-Age=120; Path=/; HttpOnly; SameSite=Lax"),
    (
        "expires-assigned",
        "c=v",
        "c=v; Expires=Mon, 03 Feb 2031 04:05:06 GMT; Path=/; HttpOnly; SameSite=Lax",
    ),
    ("http_only-assigned", "c=v", "c=v; Path=/; SameSite=Lax"),
    ("same_site-assigned", "c=v", "c=v; Path=/; HttpOnly; SameSite=Strict"),
    ("partitioned-assigned", "c=v", "c=v; Path=/; HttpOnly; SameSite=Lax; Partitioned"),
    ("priority-assigned", "c=v", "c=v; Path=/; HttpOnly; SameSite=Lax; Priority=High"),
    ("same-site-none", "", "c=v; Path=/; HttpOnly; SameSite=None"),
    ("same-site-left-out", "", "c=v; Path=/; HttpOnly"),
    ("host-prefix", "", f"__Host-c=v{PLAIN}"),
    ("secure-prefix", "", "__Secure-c=v; Domain=app.test; Path=/; HttpOnly; SameSite=Lax"),
]


def lines_of(answer: WireResponse) -> list[str]:
    """The cookies that are set, without `Secure`."""
    return [line.replace("; Secure", "") for line in answer.get_all("set-cookie")]


def with_cookies(cookies: str) -> list[tuple[str, str]]:
    """The field, unless there is nothing to say."""
    return [("Cookie", cookies)] if cookies else []


@case(
    "cookies",
    each=[(f"{record[0]}-of-{record[1] or 'none'}", record) for record in LINES],
)
def a_cookie_is_sent_if_it_was_changed(client: Client, record: tuple[str, str, str | None]) -> None:
    change, cookies, line = record
    for colour in ("async", "sync"):
        answer = client.request("GET", f"/{colour}/cookie/{change}", with_cookies(cookies))

        json_of(answer)
        assert lines_of(answer) == ([] if line is None else [line])


@case(
    "cookies",
    each=[
        (change, change)
        for change in (
            "secure-assigned",
            "partitioned-assigned",
            "same-site-none",
            "every-attribute",
            "host-prefix",
            "secure-prefix",
        )
    ],
)
def what_browsers_keep_only_if_it_is_secure_is_secure(client: Client, change: str) -> None:
    (line,) = client.request("GET", f"/sync/cookie/{change}").get_all("set-cookie")

    assert "Secure" in line.split("; ")


@case(
    "cookies",
    each=[
        (change, change)
        for change in (
            "host-prefix-elsewhere",
            "host-prefix-below",
            "secure-prefix-insecure",
            "naive-date",
            "unknown-word",
            "relative-path",
            "line-break",
            "no-text",
        )
    ],
)
def a_cookie_that_browsers_would_drop_or_misread_is_an_error(client: Client, change: str) -> None:
    for colour in ("async", "sync"):
        answer = client.request("GET", f"/{colour}/cookie/{change}")

        problem_of(answer, 500)
        assert answer.get_all("set-cookie") == []


@case("cookies")
def a_cookie_may_be_as_large_as_browsers_keep(client: Client) -> None:
    (line,) = client.request("GET", "/cookie-of-size?size=4096").get_all("set-cookie")

    assert len(line) == 4096


@case("cookies", each=[("by-one", 4097), ("by-far", 100_000)])
def a_cookie_that_is_larger_than_browsers_keep_is_an_error(client: Client, size: int) -> None:
    answer = client.request("GET", f"/cookie-of-size?size={size}")

    problem_of(answer, 500)
    assert answer.get_all("set-cookie") == []


ANSWERS: list[tuple[str, int]] = [
    ("text", 200),
    ("json", 200),
    ("none", 200),
    ("response", 203),
    ("response-204", 204),
    ("response-304", 304),
    ("reply", 201),
    ("reply-error", 409),
    ("redirect", 302),
    ("stream", 200),
    ("raised-401", 401),
    ("raised-422", 422),
    ("raised-503", 503),
    ("exception", 500),
]


@case("cookies", each=[(kind, (kind, status)) for kind, status in ANSWERS])
def a_cookie_goes_out_once_with_every_answer(client: Client, record: tuple[str, int]) -> None:
    kind, status = record
    for colour in ("async", "sync"):
        for method in ("GET", "HEAD"):
            answer = client.request(method, f"/{colour}/with-cookie/{kind}")

            assert answer.status == status
            assert lines_of(answer) == [f"c=v{PLAIN}"]


@case("cookies", each=COLOURS)
def a_cookie_that_is_set_before_the_first_chunk_goes_out(client: Client, colour: str) -> None:
    answer = client.request("GET", f"/{colour}/cookie-in-stream")

    assert answer.body == b"one,two"
    assert lines_of(answer) == [f"c=v{PLAIN}"]
