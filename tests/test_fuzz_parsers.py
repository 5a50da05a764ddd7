"""Any text in a field or a target: a value, or the one error that is declared."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fuzzing import FIELD_TEXT, bounded, fuzz, is_told, made_of
from portico import URL, Headers, PeerError, Request, URLSearchParams
from portico._cookies import CookieJar, cookie_of, parse_cookies
from portico._mime import MimeType, charset, essence
from portico._path import canonical_path, canonical_segments, parameter_value
from portico._url_error import URLError
from portico._url_search_params import last_values, parse_urlencoded, serialize_urlencoded
from portico._wire_headers import WireHeaders
from portico_lambda._event_headers import FieldHeaders
from portico_wsgi._headers import EnvironHeaders

ANY_TEXT = st.text(max_size=40)
URLS = made_of(
    [
        *("http:", "https://", "file:///", "ws:", "blob:", "x:", "//", "/", "\\", "?", "#", "@"),
        *(
            ":",
            "[",
            "]",
            "::1",
            "1.2",
            ".",
            "..",
            "%2e",
            "%",
            "%zz",
            "0x",
            "443",
            "65536",
            "a",
            "C|",
        ),
        *("é", "\ud800", "\t", "\n", " ", "xn--", "\u3002", "\xad", "\x85", "\0", "9" * 30),
    ]
)


@fuzz(300)
@given(URLS | ANY_TEXT, st.none() | URLS)
def test_a_text_is_a_url_or_a_url_error(text: str, base: str | None) -> None:
    try:
        url = bounded(lambda: URL(text, base), len(text) + len(base or ""))
    except URLError:
        return
    parts = (url.origin, url.username, url.password, url.host, url.port, url.search, url.hash)
    assert all(part.isascii() for part in parts if url.protocol != "x:")
    assert URL(url.href).href == url.href


QUERIES = made_of(
    [
        "a",
        "b",
        "=",
        "==",
        "&",
        "&&",
        "+",
        "%",
        "%4",
        "%41",
        "%C3",
        "%A9",
        "é",
        "\xff",
        "?",
        ";",
        "\0",
    ]
)


@fuzz(300)
@example("?a=1").via("the question mark of a query that has two")
@example("a&a=&=b&=")
@given(QUERIES | ANY_TEXT)
def test_the_quick_reading_of_a_query_is_that_of_search_params(query: str) -> None:
    quick = bounded(lambda: last_values(query), len(query))

    assert quick == dict(URLSearchParams(query).items())


@fuzz(300)
@given(QUERIES | ANY_TEXT)
def test_pairs_that_were_read_are_the_same_when_they_are_written_and_read(query: str) -> None:
    pairs = parse_urlencoded(query)

    assert parse_urlencoded(serialize_urlencoded(pairs)) == pairs
    assert parse_urlencoded(query.encode("utf-8", "replace")) == parse_urlencoded(
        query.encode("utf-8", "replace").decode()
    )


@fuzz(200)
@given(st.binary(max_size=60))
def test_a_form_may_be_any_bytes(body: bytes) -> None:
    pairs = bounded(lambda: parse_urlencoded(body), len(body))

    assert all(isinstance(text, str) for pair in pairs for text in pair)


PATHS = made_of(
    [
        "/",
        "//",
        ".",
        "..",
        "%2e",
        "%2E",
        "%2F",
        "%2f",
        "%25",
        "%",
        "%0",
        "%00",
        "%C3%A9",
        "%FF",
        "a",
    ],
    ["é", "\\", "\0", "\ud800", ";", "%5C"],
)


@fuzz(300)
@given((PATHS | ANY_TEXT).map("/{}".format))
def test_a_path_has_one_canonical_form_or_is_refused(raw: str) -> None:
    try:
        path = bounded(lambda: canonical_path(raw), len(raw))
    except PeerError as error:
        is_told(error)
        return
    assert path[:1] == "/"
    assert not {".", ".."} & set(path.split("/"))
    assert "\0" not in path
    assert len(canonical_segments(raw)) == len(path[1:].split("/"))
    for segment in path[1:].split("/"):
        try:
            value = parameter_value(segment)
        except PeerError:
            continue
        assert not {".", ".."} & set(value.split("/")) or value in (".", "..")


NAMES = st.sampled_from(["x-a", "X-A", "x_a", "cookie", "Cookie", "accept", "set-cookie", "host"])
FIELDS = st.lists(st.tuples(NAMES, FIELD_TEXT), max_size=5)
ASKED = NAMES | st.sampled_from(
    ["X-a", "content-type", "content_type", "\u212aookie", "é", "?", ""]
)


@fuzz(200)
@given(FIELDS, ASKED)
def test_fields_of_the_wire_are_the_same_read_alone_and_all_at_once(
    fields: list[tuple[str, str]], name: str
) -> None:
    wire = [(key.encode(), value.encode("latin-1")) for key, value in fields]
    # As the adapter has it; names that differ in their case alone are lower-cased by servers.
    by_name = dict(wire) if len({key.lower() for key, _ in fields}) == len(wire) else None
    whole = Headers.from_wire(wire)

    for read in (Headers.get, Headers.get_all, Headers.has):
        alone: Any = getattr(WireHeaders(wire, by_name), read.__name__)
        assert alone(name) == read(whole, name)
    assert list(WireHeaders(wire, by_name)) == list(whole)
    assert Headers.from_wire(whole.to_wire()) == whole


@fuzz(200)
@given(st.dictionaries(NAMES, FIELD_TEXT, max_size=4), FIELD_TEXT, ASKED)
def test_fields_of_an_environ_are_the_same_read_alone_and_all_at_once(
    fields: dict[str, str], content_type: str, name: str
) -> None:
    environ: dict[str, Any] = {
        f"HTTP_{key.upper().replace('-', '_')}": value for key, value in fields.items()
    }
    environ |= {"CONTENT_TYPE": content_type, "HTTP_CONTENT_TYPE": "another", "CONTENT_LENGTH": ""}
    whole = EnvironHeaders(environ)
    assert len(whole) == len(list(whole))

    for read in ("get", "get_all", "has"):
        assert getattr(EnvironHeaders(environ), read)(name) == getattr(whole, read)(name)


@fuzz(100)
@given(st.dictionaries(st.sampled_from(["x-a", "cookie", "host"]), FIELD_TEXT), ASKED)
def test_fields_of_an_event_are_the_same_read_alone_and_all_at_once(
    fields: dict[str, str], name: str
) -> None:
    whole = FieldHeaders(fields)
    assert list(whole) == list(fields.items())

    for read in ("get", "get_all", "has"):
        assert getattr(FieldHeaders(fields), read)(name) == getattr(whole, read)(name)


@fuzz(200)
@given(ANY_TEXT, ANY_TEXT)
def test_what_headers_take_can_be_sent_and_comes_back(name: str, value: str) -> None:
    try:
        headers = bounded(lambda: Headers([(name, value)]), len(name) + len(value))
    except ValueError:
        return
    ((key, text),) = headers.to_wire()
    assert not {*b"\r\n\0"} & {*key, *text}
    assert Headers.from_wire([(key, text)]) == headers


COOKIES = made_of(
    [
        "a",
        "b",
        "=",
        ";",
        "; ",
        '"',
        "%",
        "%41",
        "%C3%A9",
        "%FF",
        " ",
        "\t",
        ",",
        "é",
        "\xa0",
        "\x85",
    ]
)


@fuzz(300)
@example('a="').via("a quotation mark that nothing closes")
@example("a=voil\xc3\xa0").via("a last byte that is white space in Unicode and not in HTTP")
@given(COOKIES | FIELD_TEXT)
def test_a_cookie_field_may_be_any_text_and_loses_no_byte_of_a_value(field: str) -> None:
    cookies = bounded(lambda: parse_cookies([field]), len(field))
    jar = CookieJar(cookies, secure=True)

    assert {*jar} <= {*cookies}
    assert all(jar.get(name) == cookies[name] for name in jar)
    if not {'"', "%"} & {*field}:
        pairs = [pair.partition("=") for pair in reversed(field.split(";"))]
        trimmed = {name.strip(" \t"): value.strip(" \t") for name, equals, value in pairs if equals}
        trimmed.pop("", None)
        assert cookies == trimmed


@fuzz(300)
@example("xa=1; a=2", "a").via("a name that ends as another does")
@example("a =1;a=2", "a").via("white space before the equals sign")
@example("b=a=1; a=2", "a").via("a name within a value")
@given(COOKIES | FIELD_TEXT, st.sampled_from(["a", "b", "session", "x"]))
def test_a_cookie_that_is_read_alone_is_as_among_all_of_them(field: str, name: str) -> None:
    alone = bounded(lambda: cookie_of(field, name), len(field))

    assert alone == parse_cookies([field]).get(name)
    assert CookieJar.of(Cookied(field), None).get(name) == alone


class Cookied(Request):
    """A request with one `Cookie` field, whatever its text."""

    def __init__(self, field: str) -> None:
        super().__init__("http://a.test/")
        self._headers = Headers.from_pairs([("cookie", field)])


@fuzz(300)
@given(st.text(max_size=30), st.sampled_from(["/", "/a b ", "/;", "/é"]))
def test_cookies_are_sent_as_fields_of_their_lines(value: str, path: str) -> None:
    jar, fields = CookieJar({}, secure=True), Headers()
    jar["a"].value = value
    jar["b"].set(value, path=path, http_only=False, secure=False, same_site=None)
    try:
        for line in jar.set_cookie_lines():
            fields.append("set-cookie", line)
    except ValueError as error:
        with pytest.raises(ValueError, match=re.escape(str(error))):
            jar.set_cookie_fields()
    else:
        assert jar.set_cookie_fields() == fields.items()


@fuzz(300)
@given(st.text(max_size=30))
def test_a_cookie_comes_back_as_it_was_set(value: str) -> None:
    jar = CookieJar({}, secure=True)
    jar["session"].value = value
    try:
        lines = jar.set_cookie_lines()
    except ValueError:
        assert any("\ud800" <= char <= "\udfff" for char in value)
        return
    (line,) = lines
    pair, *attributes = line.split("; ")

    assert line.isascii()
    assert line.isprintable()
    assert len(attributes) == 4
    assert parse_cookies(["a=1; " + pair]) == {"a": "1", "session": value}


TYPES = made_of(
    ["text", "/", "html", ";", " ", "charset", "=", '"', "\\", "utf-8", "multipart/form-data", "*"],
    ["boundary", "\u212a", "é", "\t", ","],
)


@fuzz(300)
@given(TYPES | ANY_TEXT)
def test_a_content_type_is_a_mime_type_or_none(text: str) -> None:
    mime = bounded(lambda: MimeType.parse(text), len(text))
    bounded(lambda: (essence(text), charset(text)), len(text))

    if mime is not None:
        assert MimeType.parse(str(mime)) == mime
        assert mime.essence == essence(text)


LENGTHS = made_of(
    ["0", "1", "9" * 18, "9" * 30, ",", ", ", " ", "+", "-", "_", "\xb2", "\xa0", "e"]
)


@fuzz(200)
@example("\xa05").via("white space of Unicode, which int() takes")
@given(LENGTHS | FIELD_TEXT)
def test_a_content_length_is_digits_or_refused(text: str) -> None:
    from portico._request import content_length

    try:
        length = content_length(Headers.from_pairs([("content-length", text)]))
    except PeerError as error:
        is_told(error)
        return
    distinct = {part.strip(" \t") for part in text.split(",")}
    assert distinct == ({""} if length is None else {*distinct})
    assert length is None or all(part.isascii() and part.isdigit() for part in distinct)


HOSTS = made_of(
    [
        "a",
        ".",
        ":",
        "80",
        "[",
        "]",
        "::1",
        "%",
        "@",
        "/",
        "?",
        "#",
        ",",
        " ",
        "é",
        "\\",
        "\t",
        "99999",
    ]
)


@fuzz(200)
@given(HOSTS, PATHS, QUERIES, st.sampled_from(["http", "https"]))
def test_a_request_has_a_url_or_is_refused(host: str, path: str, query: str, scheme: str) -> None:
    try:
        request = Request(f"{scheme}://{host}/{path}?{query}")
    except (PeerError, ValueError):
        return
    assert request.url.protocol == f"{scheme}:"
