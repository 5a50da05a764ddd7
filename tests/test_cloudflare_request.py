"""The runtime's request to `Request`, part by part."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from portico import DisconnectError, PeerError
from portico.contract import Options
from portico_cloudflare import WorkerPlatform, WorkerRaw, WorkerRequest
from portico_cloudflare._body import BlockingRequestBody
from portico_cloudflare._javascript import JavaScript
from portico_cloudflare._request import below, quote, split_url, to_wire
from portico_conformance._fake_js import JsError, JsObject, Uint8Array, installed
from portico_conformance._fake_js_fetch import arrived
from portico_conformance._fake_js_streams import Controller, ReadableStream

HOST = ("Host", "example.test")


@pytest.fixture(autouse=True)
def runtime() -> Iterator[None]:
    with installed():
        yield


def request_of(
    method: str = "GET",
    target: str = "/",
    *fields: tuple[str, str],
    body: ReadableStream | bytes | None = None,
    options: Options | None = None,
) -> WorkerRequest:
    names = {name.lower() for name, _ in fields}
    native = arrived(method, target, fields if "host" in names else (HOST, *fields), body)
    platform = WorkerPlatform(options or Options(), WorkerRaw(native, JsObject(), None))
    return WorkerRequest.read(native, platform, JavaScript())


@pytest.mark.parametrize(
    ("url", "host", "parts"),
    [
        ("http://a.test/x?y=1", "a.test", ("http", "a.test", "/x", "y=1")),
        ("https://a.test:8443/", "a.test:8443", ("https", "a.test:8443", "/", "")),
        ("http://a.test//x/../y", "a.test", ("http", "a.test", "//x/../y", "")),
        ("http://a.test/a%2Fb?", "a.test", ("http", "a.test", "/a%2Fb", "")),
        ("http://a.test/x?y?z", "a.test", ("http", "a.test", "/x", "y?z")),
        ("http://a.test/é?é=ü", "a.test", ("http", "a.test", "/%C3%A9", "%C3%A9=%C3%BC")),
        ("http://a.test*", "a.test", ("http", "a.test", "*", "")),
        ("http://[::1]:80/x", "[::1]:80", ("http", "[::1]:80", "/x", "")),
        ("http://a.test", "a.test", ("http", "a.test", "/", "")),
        # Without a Host field, or with one that the URL was not made of.
        ("https://internal/x/y?z", "", ("https", "internal", "/x/y", "z")),
        ("https://internal?z", "", ("https", "internal", "/", "z")),
        ("https://internal/x", "other.test", ("https", "internal", "/x", "")),
        # A Host that ends like a target is still the Host.
        ("http://a.test/admin?/x", "a.test/admin?", ("http", "a.test/admin?", "/x", "")),
        ("http://a.test#/x", "a.test#", ("http", "a.test#", "/x", "")),
    ],
)
def test_a_url_is_taken_apart_at_the_host(
    url: str, host: str, parts: tuple[str, str, str, str]
) -> None:
    assert tuple(split_url(url, host)) == parts


@pytest.mark.parametrize(
    ("text", "quoted"), [("/a b", "/a b"), ("/%zz", "/%zz"), ("/é/€", "/%C3%A9/%E2%82%AC")]
)
def test_only_what_is_not_ascii_is_percent_encoded(text: str, quoted: str) -> None:
    assert quote(text) == quoted


@pytest.mark.parametrize(
    ("target", "root", "rest"),
    [
        ("/api/x", "", "/api/x"),
        ("/api/x", "/api", "/x"),
        ("/api", "/api", "/"),
        ("/apixx", "/api", "/apixx"),
        ("/x", "/api", "/x"),
        ("*", "/api", "*"),
    ],
)
def test_the_root_path_is_no_part_of_the_target(target: str, root: str, rest: str) -> None:
    assert below(target, root) == rest


@pytest.mark.parametrize(
    ("text", "wire"), [("café", "caf\xc3\xa9"), ("plain", "plain"), ("�", "\xef\xbf\xbd")]
)
def test_text_of_javascript_is_the_bytes_that_it_was_decoded_from(text: str, wire: str) -> None:
    assert to_wire(text) == wire


def test_method_path_and_query_are_as_they_came() -> None:
    request = request_of("PURGE", "/a%2Fb/../c?x=%20&y")

    assert (request.method, request.raw_path, request.raw_query) == (
        "PURGE",
        "/a%2Fb/../c",
        "x=%20&y",
    )
    assert request.scheme == "http"


def test_the_url_is_made_of_the_host_field_and_the_root_path() -> None:
    request = request_of(
        "GET", "/api/x?y", ("Host", "a.test:81"), options=Options(root_path="/api")
    )

    assert (request.raw_path, str(request.url)) == ("/x", "http://a.test:81/api/x?y")


@pytest.mark.parametrize("host", ["a.test/admin?", "a.test#", "a b", "café", "a@b"])
def test_a_malformed_host_is_refused_and_no_part_of_the_path(host: str) -> None:
    wire = host.encode().decode("latin-1")
    request = request_of("GET", "/x", ("Host", wire))

    assert (request.raw_path, request.raw_query, request.host) == ("/x", "", wire)
    with pytest.raises(PeerError, match="malformed Host"):
        request.checked_host()


def test_fields_are_read_as_the_runtime_has_joined_them() -> None:
    request = request_of(
        "GET", "/", ("X-B", "2"), ("x-a", "1"), ("X-A", "caf\xc3\xa9"), ("x-e", "")
    )

    assert request.headers.items() == [
        ("host", "example.test"),
        ("x-a", "1, caf\xc3\xa9"),
        ("x-b", "2"),
        ("x-e", ""),
    ]


@pytest.mark.parametrize(
    ("fields", "cookies"),
    [
        (["a=1; b=2"], {"a": "1", "b": "2"}),
        (["a=1", "b=2"], {"a": "1", "b": "2"}),
        (["a=1; b=2", "c=3"], {"a": "1", "b": "2", "c": "3"}),
        (["a=1,5", "b=2"], {"a": "1,5", "b": "2"}),
    ],
)
def test_several_cookie_fields_are_one_list_of_cookies(
    fields: list[str], cookies: dict[str, str]
) -> None:
    assert request_of("GET", "/", *[("Cookie", field) for field in fields]).cookies == cookies


def test_a_request_without_a_body_has_none() -> None:
    assert not request_of("POST").has_body


class Upload:
    """A body that the test feeds, and that counts how often it was asked."""

    def __init__(self, *parts: bytes, error: JsError | None = None) -> None:
        self.pulls = 0
        self._parts = list(parts)
        self._error = error
        self.stream = ReadableStream(JsObject(pull=self._pull), 0)

    def _pull(self, controller: Controller) -> None:
        self.pulls += 1
        if self._parts:
            controller.enqueue(Uint8Array(self._parts.pop(0)))
        elif self._error is not None:
            controller.error(self._error)
        else:
            controller.close()


async def chunks_of(body: AsyncIterator[bytes] | None) -> list[bytes]:
    return [] if body is None else [chunk async for chunk in body]


def test_the_chunks_of_a_body_are_read_one_by_one() -> None:
    async def main() -> None:
        upload = Upload(b"a", b"b")
        request = request_of("POST", "/", body=upload.stream)
        assert request.has_body
        reader = request.stream()
        assert (upload.pulls, await anext(reader), upload.pulls) == (0, b"a", 1)
        assert await chunks_of(reader) == [b"b"]

    asyncio.run(main())


def test_a_body_of_known_length_is_not_read_beyond_it() -> None:
    async def main() -> None:
        upload = Upload(b"abc", b"de")
        request = request_of("POST", "/", ("Content-Length", "5"), body=upload.stream)
        assert await request.bytes() == b"abcde"
        assert upload.pulls == 2

    asyncio.run(main())


@pytest.mark.parametrize("length", ["0", "", "x"])
def test_an_empty_body_or_one_of_no_known_length_is_read_to_its_end(length: str) -> None:
    async def main() -> None:
        fields = [("Content-Length", length)] if length == "0" else []
        upload = Upload()
        request = request_of("POST", "/", *fields, body=upload.stream)
        assert await request.bytes() == b""
        assert upload.pulls == 1

    asyncio.run(main())


def test_a_body_that_breaks_off_is_a_disconnect() -> None:
    async def main() -> None:
        upload = Upload(b"a", error=JsError("Error", "Network connection lost."))
        request = request_of("POST", "/", body=upload.stream)
        with pytest.raises(DisconnectError):
            await request.bytes()

    asyncio.run(main())


def test_synchronous_code_waits_for_chunks_where_the_runtime_sets_its_stack_aside() -> None:
    async def main() -> None:
        javascript = JavaScript()
        waited: list[object] = []

        def run_sync(awaitable: object) -> bytes | None:
            waited.append(awaitable)
            return b"chunk" if len(waited) == 1 else None

        javascript.run_sync = run_sync
        native = arrived("POST", "/", [HOST], b"")
        body = BlockingRequestBody(native.headers, native.body, javascript)
        assert list(body) == [b"chunk"]
        for awaitable in waited:
            await awaitable  # type: ignore[misc] # each is what `anext` gave

    asyncio.run(main())


def test_the_body_can_be_read_by_synchronous_code_where_the_runtime_says_so() -> None:
    async def main() -> None:
        native = arrived("POST", "/", [HOST], b"abc")
        platform = WorkerPlatform(Options(), WorkerRaw(native, JsObject(), None))
        javascript = JavaScript()
        kinds: list[str] = []
        for can in (False, True):
            javascript.can_run_sync = can
            request = WorkerRequest.read(native, platform, javascript)
            assert request.sync.can_wait is can
            kinds.append(type(request._source).__name__)  # pyright: ignore[reportPrivateUsage]
        assert kinds == ["RequestBody", "BlockingRequestBody"]

    asyncio.run(main())
