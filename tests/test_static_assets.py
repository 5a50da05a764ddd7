"""`static()` on Workers: the files are those of the binding."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from portico import Portico
from portico_cloudflare import Worker
from portico_conformance._fake_js import Context, JsObject, Uint8Array, installed, jsnull
from portico_conformance._fake_js_fetch import Headers, Request, Response, arrived
from portico_plugins import static


class Assets(JsObject):
    """The binding: answers with what it was given, and keeps what it was asked."""

    def __init__(self, status: int, fields: list[tuple[str, str]], body: bytes | None) -> None:
        super().__init__()
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        self.answer = (status, fields, body)

    async def fetch(self, url: str, *, method: str, headers: Any, redirect: str) -> Any:
        """The runtime's own."""
        fields = dict(Headers.new(headers).fields)
        self.asked.append((url, method, fields, redirect))
        status, pairs, body = self.answer
        stream = jsnull if body is None else Request.new("", body=Uint8Array(body)).body
        return JsObject(status=status, headers=Headers(pairs), body=stream)


def app_of(folder: Path) -> Portico:
    app = Portico()
    app.use(static("/assets", directory=folder, cache_control="no-cache"))
    return app


async def fetched(
    folder: Path, assets: Assets, target: str, method: str = "GET", *fields: tuple[str, str]
) -> tuple[int, dict[str, str], bytes]:
    with installed(ASSETS=assets) as world:
        entrypoint: Callable[[Any, Any], Any] = Worker(app_of(folder))
        instance = entrypoint(Context(), world.env)
        call: Awaitable[Response] = instance.fetch(
            arrived(method, target, [("Host", "app.test"), *fields])
        )
        response = await call
        body = (await response.arrayBuffer()).to_bytes() if response.payload else b""
        return response.status, dict(response.headers.fields), body


@pytest.fixture(name="assets")
def _assets() -> Assets:
    return Assets(200, [("content-type", "text/css"), ("etag", '"a"')], b"body {}")


def test_a_file_is_asked_of_the_binding(tmp_path: Path, assets: Assets) -> None:
    fields = [("If-None-Match", '"b"'), ("Cookie", "secret=1"), ("Accept-Encoding", "br")]

    found = asyncio.run(fetched(tmp_path, assets, "/assets/a%20b/c.css", "GET", *fields))

    assert found == (200, {"content-type": "text/css", "etag": '"a"'}, b"body {}")
    assert assets.asked == [
        ("https://assets.invalid/a%20b/c.css", "GET", {"if-none-match": '"b"'}, "manual")
    ]


@pytest.mark.parametrize("status", [304, 404, 206])
def test_its_status_is_the_answers(tmp_path: Path, assets: Assets, status: int) -> None:
    assets.answer = (status, [("etag", '"a"')], None if status == 304 else b"x")

    found = asyncio.run(fetched(tmp_path, assets, "/assets/a.css"))

    assert (found[0], found[2]) == (status, b"" if status == 304 else b"x")


def test_a_head_has_the_length_of_the_file(tmp_path: Path, assets: Assets) -> None:
    assets.answer = (200, [("content-length", "7")], None)

    status, fields, body = asyncio.run(fetched(tmp_path, assets, "/assets/a.css", "HEAD"))

    assert (status, fields["content-length"], body) == (200, "7", b"")
    assert assets.asked[0][1] == "HEAD"


def test_what_was_decoded_does_not_say_that_it_is_encoded(tmp_path: Path, assets: Assets) -> None:
    assets.answer = (200, [("content-encoding", "br"), ("content-length", "3")], b"body {}")

    status, fields, body = asyncio.run(fetched(tmp_path, assets, "/assets/a.css"))

    assert (status, body) == (200, b"body {}")
    assert "content-encoding" not in fields


@pytest.mark.parametrize(
    ("target", "location", "expected"),
    [
        ("/assets/docs", "/docs/", "./docs/"),
        ("/assets/a/index.html", "/a/", "../a/"),
        ("/assets/a/b/c.html", "https://assets.invalid/a/b/c", "../../a/b/c"),
        ("/assets//evil.test", "//evil.test/", "../evil.test/"),
        ("/assets/x", "/\\evil.test/", "./evil.test/"),
    ],
)
def test_a_redirect_of_the_binding_stays_under_the_prefix(
    tmp_path: Path, assets: Assets, target: str, location: str, expected: str
) -> None:
    assets.answer = (307, [("location", location)], None)

    status, fields, _ = asyncio.run(fetched(tmp_path, assets, target))

    assert (status, fields["location"]) == (307, expected)


def test_the_folder_itself_gets_its_slash_first(tmp_path: Path, assets: Assets) -> None:
    status, fields, _ = asyncio.run(fetched(tmp_path, assets, "/assets"))

    assert (status, fields["location"], assets.asked) == (307, "./assets/", [])


@pytest.mark.parametrize("target", ["/assets/a%2Fb", "/assets/..%2f..%2fx"])
def test_an_encoded_slash_is_not_asked_for(tmp_path: Path, assets: Assets, target: str) -> None:
    status, _, _ = asyncio.run(fetched(tmp_path, assets, target))

    assert status in (400, 404)
    assert assets.asked == []
