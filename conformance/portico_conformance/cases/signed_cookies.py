"""Signed cookies: what their signatures are, and what reads as absent."""

import hmac
from base64 import urlsafe_b64encode
from typing import Final
from urllib.parse import quote

from portico_conformance._case import Client, case
from portico_conformance.application import COOKIE_SECRET, ENVIRONMENT
from portico_conformance.cases._reading import json_of
from portico_conformance.cases.cookie_changes import PLAIN, lines_of, with_cookies

OLD_SECRET: Final = ENVIRONMENT[1]


def signature(value: str, secret: str = COOKIE_SECRET, name: str = "signed") -> str:
    """A signature, made by the format that `CookieOptions` promises."""
    code = hmac.digest(secret.encode(), f"cookie:{name}={value}".encode(), "sha256")
    return urlsafe_b64encode(code).rstrip(b"=").decode()


def pair(value: str, secret: str = COOKIE_SECRET, name: str = "signed") -> str:
    """The cookie `signed` as it comes back, or one with the signature of another."""
    return f"signed={quote(value)}.{signature(value, secret, name)}"


VALUES: list[tuple[str, str]] = [
    ("text", "alice"),
    ("empty", ""),
    ("dots", "a.b..c."),
    ("non-ascii", "Zoë 🍪"),
    ("json", '{"user":"alice","roles":["a","b"]}'),
    ("quotes", '"quoted"'),
    ("separators", "a=b; c, d%20"),
    ("line-break", "a\r\nSet-Cookie: x=1"),
    ("signed-already", f"alice.{signature('alice')}"),
]


@case("cookies", each=VALUES)
def a_signed_cookie_comes_back_as_it_was_set(client: Client, value: str) -> None:
    answer = client.request("GET", f"/async/cookie/assign-signed?value={quote(value)}")
    (line,) = answer.get_all("set-cookie")
    came = line.partition(";")[0]

    back = client.request("GET", "/sync/cookie/read", [("Cookie", came)])

    assert came.rpartition(".")[2] == signature(value)
    assert json_of(back) == {"signed": value}
    assert back.get_all("set-cookie") == []


GOOD: Final = signature("alice")

# Cookies that somebody else has made, or has changed on the way.
FORGED: list[tuple[str, str]] = [
    ("unsigned", "signed=alice"),
    ("unsigned-empty", "signed="),
    ("only-dot", "signed=."),
    ("empty-signature", "signed=alice."),
    ("other-value", f"signed=mallory.{GOOD}"),
    ("longer-value", f"signed=alice2.{GOOD}"),
    ("other-case", f"signed=Alice.{GOOD}"),
    ("cut-signature", f"signed=alice.{GOOD[:-1]}"),
    ("longer-signature", f"signed=alice.{GOOD}A"),
    ("padded-signature", f"signed=alice.{GOOD}="),
    ("space-in-signature", f"signed=alice.{GOOD}%20"),
    ("non-ascii-signature", "signed=alice.%C3%A9"),
    ("undecodable", "signed=%FF.%FE"),
    ("other-secret", pair("alice", "a secret that nobody has given it")),
    ("other-name", pair("alice", name="signed-too")),
    ("no-name-in-it", f"signed=alice.{signature('alice', name='')}"),
    ("signature-alone", f"signed={GOOD}"),
]


@case("cookies", each=FORGED)
def a_cookie_with_a_bad_signature_reads_as_absent(client: Client, cookies: str) -> None:
    for colour in ("async", "sync"):
        answer = client.request("GET", f"/{colour}/cookie/read", with_cookies(f"{cookies}; c=v"))

        assert json_of(answer) == {"c": "v"}
        assert answer.get_all("set-cookie") == []


@case("cookies", each=FORGED)
def a_cookie_with_a_bad_signature_is_not_bound(client: Client, cookies: str) -> None:
    fields = with_cookies(f"{cookies}; visits=2")

    answer = client.request("GET", "/bound/signed", fields)

    assert json_of(answer) == {"signed": None, "visits": 2}
    assert json_of(client.request("GET", "/bound/all-cookies", fields)) == {"visits": "2"}


@case("cookies", each=[("new", COOKIE_SECRET), ("old", OLD_SECRET)])
def the_verified_value_is_bound_and_nothing_is_sent(client: Client, secret: str) -> None:
    fields = with_cookies(f"{pair('al.ice', secret)}; visits=2")

    answer = client.request("GET", "/bound/signed", fields)

    assert json_of(answer) == {"signed": "al.ice", "visits": 2}
    assert answer.get_all("set-cookie") == []


LINE: Final = f"{pair('alice')}{PLAIN}"
REMOVED: Final = f"signed=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT{PLAIN}"

# What is done to a cookie, which secret signed it, and what is sent.
ROTATION: list[tuple[str, str, str | None]] = [
    ("read", COOKIE_SECRET, None),
    ("read", OLD_SECRET, None),
    ("iterate", OLD_SECRET, None),
    ("assign-again", COOKIE_SECRET, None),
    ("assign-again", OLD_SECRET, LINE),
    ("refresh-signed", COOKIE_SECRET, LINE),
    ("refresh-signed", OLD_SECRET, LINE),
    ("remove-signed", OLD_SECRET, REMOVED),
]


@case(
    "cookies",
    each=[
        (f"{record[0]}-{'new' if record[1] == COOKIE_SECRET else 'old'}", record)
        for record in ROTATION
    ],
)
def a_cookie_of_an_old_secret_is_signed_anew_where_it_is_set(
    client: Client, record: tuple[str, str, str | None]
) -> None:
    change, secret, line = record
    answer = client.request("GET", f"/async/cookie/{change}", with_cookies(pair("alice", secret)))

    assert json_of(answer) == {"signed": "alice"}
    assert lines_of(answer) == ([] if line is None else [line])


@case("cookies")
def a_cookie_with_a_bad_signature_can_be_set_and_removed(client: Client) -> None:
    forged = with_cookies("signed=mallory.x")

    answer = client.request("GET", "/async/cookie/assign-signed?value=alice", forged)
    assert lines_of(answer) == [LINE]

    assert lines_of(client.request("GET", "/async/cookie/remove-signed", forged)) == [REMOVED]


@case("cookies")
def a_cookie_with_a_bad_signature_cannot_be_refreshed(client: Client) -> None:
    answer = client.request("GET", "/async/cookie/refresh-signed", with_cookies("signed=m.x"))

    assert answer.get_all("set-cookie") == []
