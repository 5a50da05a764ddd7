"""Eight times as long an input takes about eight times as long: no parser has a worse case."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from fuzzing import growth
from portico import URL, Headers, MultipartLimits, PeerError
from portico._cookies import parse_cookies
from portico._forwarded_field import read_forwarded, read_node
from portico._json import decode_json
from portico._json_depth import is_too_deep
from portico._mime import MimeType
from portico._multipart import read_form_sync
from portico._path import canonical_path
from portico._url_search_params import last_values, parse_urlencoded
from portico_asgi._request import read_target
from portico_lambda._target import before_resource
from portico_wsgi._request import read_target as wsgi_target

LIMITS = MultipartLimits(max_header_bytes=1 << 20, max_parts=1 << 20)
MOST = 24.0  # eight would be proportional, 64 a square


def form(text: str) -> object:
    return read_form_sync([text.encode("latin-1")], "multipart/form-data; boundary=b", LIMITS)


def cut_form(text: str) -> object:
    data = text.encode("latin-1")
    pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    return read_form_sync(pieces, "multipart/form-data; boundary=b", LIMITS)


def resource(text: str) -> object:
    return before_resource({"pathParameters": {"proxy": f"{text}x"}}, f"/{text}", "/{proxy+}")


def environ_target(text: str) -> object:
    environ = {"PATH_INFO": f"/{text}", "REQUEST_URI": f"/{text}", "wsgi.input": io.BytesIO()}
    return wsgi_target(environ, "/v1")


def scope_target(text: str) -> object:
    return read_target({"raw_path": f"/{text}".encode("latin-1"), "path": "/"}, "/v1")


PARSERS: list[tuple[str, Callable[[str], object]]] = [
    ("a URL's path", lambda text: URL.parse(f"http://host/{text}")),
    ("a URL's host", lambda text: URL.parse(f"http://{text}/")),
    ("a URL", URL.parse),
    ("a query", last_values),
    ("a form", lambda text: parse_urlencoded(text.encode("latin-1"))),
    ("cookies", lambda text: parse_cookies([text])),
    ("a MIME type", MimeType.parse),
    ("parameters", lambda text: MimeType.parse(f"a/b;{text}")),
    ("a field value", lambda text: Headers([("a", text)])),
    ("a path", lambda text: canonical_path(f"/{text}")),
    ("Forwarded", read_forwarded),
    ("a node of Forwarded", read_node),
    ("JSON", lambda text: decode_json(text.encode("latin-1"))),
    ("the depth of JSON", lambda text: is_too_deep(text.encode("latin-1"))),
    ("multipart", form),
    ("multipart in chunks", cut_form),
    ("a part's headers", lambda text: form(f"--b\r\n{text}\r\n\r\n\r\n--b--\r\n")),
    ("a part", lambda text: form(f'--b\r\nContent-Disposition: form-data; name="a{text}')),
    (
        "a name",
        lambda t: form(f'--b\r\nContent-Disposition: form-data; name="{t}"\r\n\r\n\r\n--b--'),
    ),
    ("the target of a scope", scope_target),
    ("the target of an environ", environ_target),
    ("the resource of an event", resource),
]
PIECES = [
    *(
        "a",
        "/",
        "../",
        "/./a",
        "%2e/",
        "%",
        "%41",
        "%41/",
        "a=b&",
        "a=",
        "&",
        ";",
        "a=b; ",
        '"',
        '\\"',
    ),
    *(
        "\\",
        " ",
        "\t",
        " ;",
        ",",
        ", ",
        "@",
        ":",
        "[",
        "{",
        "[]",
        "[{",
        "a@",
        "a:b@",
        "1.",
        "0x",
        "?",
    ),
    *(
        "#",
        "xn--a.",
        "+",
        "9",
        '"",',
        'a="b";',
        "--b",
        "\r\n--b",
        "\r\n--b ",
        "\r\n",
        "\r",
        "--b\r\n\r\n",
    ),
]


@pytest.mark.parametrize(("what", "parse"), PARSERS, ids=[what for what, _ in PARSERS])
def test_a_long_text_takes_time_in_proportion(what: str, parse: Callable[[str], object]) -> None:
    def tried(text: str) -> object:
        try:
            return parse(text)
        except (PeerError, ValueError):
            return None

    def repeated(piece: str) -> Callable[[int], str]:
        return lambda size: piece * (size // len(piece)) + "\0"

    slow = {piece: found for piece in PIECES if (found := growth(tried, repeated(piece))) > MOST}

    assert slow == {}, what
