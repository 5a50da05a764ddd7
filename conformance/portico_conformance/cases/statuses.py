"""Statuses (RFC 9110 section 15), answers without a body, and redirects."""

from urllib.parse import quote

from portico_conformance._case import Client, case
from portico_conformance.cases._reading import COLOURS, is_alive, media_type, problem_of
from portico_conformance.cases._signalling import count_of, new_name

WITH_BODY = (
    200,
    201,
    202,
    203,
    206,
    300,
    400,
    401,
    403,
    404,
    409,
    418,
    422,
    429,
    451,
    499,
    500,
    503,
    599,
)
BODILESS = (204, 205, 304)
REDIRECTS = (301, 302, 303, 307, 308)


@case("statuses", each=COLOURS)
def any_status_goes_out_with_its_body(client: Client, colour: str) -> None:
    for status in WITH_BODY:
        answer = client.request("GET", f"/{colour}/status/{status}")

        assert answer.status == status
        assert answer.body == f"status {status}".encode()


@case("statuses", each=[(str(status), status) for status in BODILESS])
def a_status_without_a_body_has_none(client: Client, status: int) -> None:
    for colour in ("async", "sync"):
        answer = client.request("GET", f"/{colour}/status/{status}")

        assert answer.status == status
        assert answer.body == b""
        # RFC 9110 section 8.6 forbids it in a 204; RFC 9112 section 6.3 wants one of a 205.
        if status != 304:
            assert answer.get("content-length") in ((None, "0") if status == 205 else (None,))
    is_alive(client)


@case(
    "statuses",
    each=[
        (f"{colour}-{status}", (colour, status))
        for colour in ("async", "sync")
        for status in BODILESS
    ],
)
def a_stream_under_a_status_without_a_body_is_closed_unsent(
    client: Client, record: tuple[str, int]
) -> None:
    colour, status = record
    name = new_name()

    answer = client.request("GET", f"/{colour}/bodiless/{status}/{name}")

    assert answer.status == status
    assert answer.body == b""
    assert count_of(client, name) == 1


@case("statuses")
def a_304_keeps_its_validators(client: Client) -> None:
    answer = client.request("GET", "/not-modified")

    assert answer.status == 304
    assert answer.get("etag") == '"one"'
    assert answer.get("cache-control") == "max-age=60"
    assert answer.body == b""


@case("statuses")
def a_handler_declared_to_return_none_answers_204(client: Client) -> None:
    answer = client.request("GET", "/none")

    assert answer.status == 204
    assert answer.get("content-type") is None


@case("statuses")
def a_handler_that_returns_none_answers_an_empty_200(client: Client) -> None:
    answer = client.request("GET", "/empty")

    assert answer.status == 200
    assert answer.get("content-length") == "0"
    assert answer.body == b""


@case("statuses")
def a_status_can_be_set_beside_the_value(client: Client) -> None:
    answer = client.request("GET", "/set-status/202")

    assert answer.status == 202
    assert answer.body == b"set"


@case("statuses")
def a_status_out_of_range_is_a_500(client: Client) -> None:
    problem_of(client.request("GET", "/async/status/799"), 500)
    problem_of(client.request("GET", "/async/status/101"), 500)


@case("statuses", each=[(str(status), status) for status in REDIRECTS])
def a_redirect_has_its_status_and_location(client: Client, status: int) -> None:
    answer = client.request("GET", f"/redirect/{status}?to=/text")

    assert answer.status == status
    assert answer.get("location") == "/text"
    assert answer.body == b""


@case(
    "statuses",
    each=[
        ("query", ("/a?b=c&d=e", "/a?b=c&d=e")),
        ("fragment", ("/a#b", "/a#b")),
        ("relative", ("next", "next")),
        ("query-alone", ("?page=2", "?page=2")),
        ("non-ascii", ("/café", "/caf%C3%A9")),
        ("escaped", ("/a%2Fb", "/a%2Fb")),
    ],
)
def a_redirect_within_the_origin_is_admitted(client: Client, record: tuple[str, str]) -> None:
    to, location = record

    answer = client.request("GET", f"/redirect/302?to={quote(to, safe='')}")

    assert answer.status == 302
    assert answer.get("location") == location


@case(
    "statuses",
    each=[
        ("scheme", "https://evil.example/"),
        ("no-scheme", "//evil.example/"),
        ("backslash", "/\\evil.example"),
        ("backslashes", "\\\\evil.example"),
        ("tab", "/\t/evil.example"),
        ("leading-space", " //evil.example"),
        ("script", "javascript:alert(1)"),
        ("scheme-without-slashes", "https:evil.example"),
        ("line-break", "/a\r\nSet-Cookie: injected=1"),
        ("nothing", ""),
    ],
)
def a_redirect_that_may_leave_the_origin_is_refused(client: Client, to: str) -> None:
    answer = client.request("GET", f"/redirect/302?to={quote(to, safe='')}")

    problem_of(answer, 400)
    assert answer.get("location") is None
    assert answer.get("set-cookie") is None


@case("statuses")
def a_redirect_that_is_declared_external_leaves(client: Client) -> None:
    to = "https://elsewhere.example/a?b=c"

    answer = client.request("GET", f"/redirect-external?to={quote(to, safe='')}")

    assert answer.status == 302
    assert answer.get("location") == to


@case("statuses")
def an_unknown_path_is_a_404(client: Client) -> None:
    problem = problem_of(client.request("GET", "/nothing"), 404)

    assert problem["title"] == "Not Found"
    assert "/nothing" in problem["detail"]


@case("statuses")
def a_status_of_its_own_is_not_replaced_by_the_phrase_of_another(client: Client) -> None:
    answer = client.request("GET", "/async/answer/reply-text")

    assert answer.status == 418
    assert answer.body == b"short and stout"


@case("statuses")
def html_goes_out_byte_for_byte(client: Client) -> None:
    for _ in range(2):
        answer = client.request("GET", "/html")

        assert answer.body == "<p>Grüße</p>".encode()
        assert media_type(answer) == "text/html"
