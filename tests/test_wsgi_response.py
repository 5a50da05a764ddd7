"""`Response` to `start_response` and an iterable."""

from collections.abc import Callable, Iterator

import pytest

from portico import Headers, Response
from portico._media import TEXT
from portico.contract import ByteStream
from portico_wsgi._response import STATUS_LINES, Body, StreamBody, send_head

Sent = tuple[str, list[tuple[str, str]]]


def head(response: Response) -> Sent:
    sent: list[Sent] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> None:
        sent.append((status, headers))

    send_head(response, start_response)  # type: ignore[arg-type] # nothing writes
    (only,) = sent
    return only


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (200, "200 OK"),
        (204, "204 No Content"),
        (404, "404 Not Found"),
        (418, "418 I'm a Teapot"),
        (299, "299 Unknown"),
        (599, "599 Unknown"),
    ],
)
def test_the_status_line_has_a_reason(status: int, line: str) -> None:
    assert STATUS_LINES[status] == line


def test_the_header_fields_go_out_as_a_list_of_native_text_in_order() -> None:
    fields = [("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=\xe9")]

    status, headers = head(Response.ready(200, Headers(fields)))

    assert (status, headers, type(headers)) == ("200 OK", fields, list)


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "TE",
        "Trailers",
        "Transfer-Encoding",
        "Upgrade",
    ],
)
def test_fields_of_the_connection_are_left_to_the_server(name: str) -> None:
    _, headers = head(Response("", headers={name: "x"}))

    assert [field for field, _ in headers] == ["content-type"]


def test_a_plain_answer_has_its_type_its_length_and_what_is_added_but_for_the_connection() -> None:
    added = [("proxy-authenticate", "x"), ("x-a", "b"), ("trailers", "y")]
    expected = [("content-type", "text/plain;charset=UTF-8"), ("content-length", "1")]

    assert head(Response.plain(TEXT, b"a"))[1] == expected
    assert head(Response.plain(TEXT, b"a", added=[]))[1] == expected
    assert head(Response.plain(TEXT, b"a", added=added))[1] == [*expected, ("x-a", "b")]


def test_a_type_that_is_not_known_is_said_to_be_unknown() -> None:
    _, headers = head(Response(b"x"))

    assert headers == [("content-type", "application/octet-stream")]


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_content_gets_no_type(status: int) -> None:
    assert head(Response(status=status))[1] == []


class Owner:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.ends: list[bool] = []

    def failed(self, error: Exception) -> None:
        self.failures.append(error)

    def end(self, cut_short: bool) -> None:
        self.ends.append(cut_short)


def chunks(*values: bytes, error: Exception | None = None) -> Iterator[bytes]:
    yield from values
    if error is not None:
        raise error


Make = Callable[..., Body | StreamBody]


def body(owner: Owner, *values: bytes, error: Exception | None = None) -> Body:
    return Body((chunk for chunk in chunks(*values, error=error)), owner)


def of_stream(owner: Owner, *values: bytes, error: Exception | None = None) -> StreamBody:
    return StreamBody(ByteStream(chunks(*values, error=error)), owner)


of_each_kind = pytest.mark.parametrize("made", [body, of_stream])


@of_each_kind
def test_a_body_gives_its_chunks_one_at_a_time(made: Make) -> None:
    assert list(made(Owner(), b"a", b"b")) == [b"a", b"b"]


@of_each_kind
def test_a_body_that_was_read_to_its_end_was_not_cut_short(made: Make) -> None:
    owner = Owner()
    read = made(owner, b"a")
    list(read)

    read.close()

    assert owner.ends == [False]


@of_each_kind
def test_a_body_that_is_closed_early_was_cut_short(made: Make) -> None:
    owner = Owner()
    read = made(owner, b"a", b"b")
    next(read)

    read.close()

    assert owner.ends == [True]


@of_each_kind
def test_a_second_close_does_nothing(made: Make) -> None:
    owner = Owner()
    read = made(owner, b"a")

    read.close()
    read.close()

    assert owner.ends == [True]


@of_each_kind
def test_a_failure_is_told_once_and_goes_on_to_the_server(made: Make) -> None:
    owner = Owner()
    error = LookupError("midway")
    read = made(owner, b"a", error=error)

    assert next(read) == b"a"
    with pytest.raises(LookupError, match="midway"):
        next(read)
    assert list(read) == []
    read.close()

    assert (owner.failures, owner.ends) == ([error], [False])
