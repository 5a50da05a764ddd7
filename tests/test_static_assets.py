"""`static()` on Workers: the files are those of the binding."""

import asyncio
import http.client
from collections.abc import Awaitable, Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from portico import Portico
from portico_cloudflare import Worker
from portico_conformance._fake_js import Context, JsObject, Uint8Array, installed, jsnull
from portico_conformance._fake_js_fetch import Headers, Request, Response, arrived
from portico_conformance._require_component import require_component
from portico_conformance._workerd import Worker as RealWorker
from portico_conformance.components import ensure_worker_packages, ensure_workerd
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


# The real runtime

APP = """
from portico import Portico
from portico_cloudflare import Worker
from portico_plugins import static

app = Portico()
app.use(static("/assets", directory="public"))
app.compile()
Default = Worker(app)
"""


def folder_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def test_the_real_runtime_asks_its_binding(tmp_path: Path) -> None:
    require_component(ensure_workerd)
    require_component(ensure_worker_packages)
    content = bytes(range(256)) * 1000
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a b.bin").write_bytes(content)
    packages = [folder_of(name) for name in ("portico", "portico_cloudflare", "portico_plugins")]
    asked: list[tuple[str, str, dict[str, str]]] = [
        ("GET", "/assets/inner/a%20b.bin", {}),
        ("HEAD", "/assets/inner/a%20b.bin", {}),
        ("GET", "/assets/inner/a%20b.bin", {"Range": "bytes=2-3"}),
        ("GET", "/assets/missing", {}),
    ]
    found: list[tuple[int, str | None, bytes]] = []

    with (
        RealWorker(APP, packages=packages, folders={"ASSETS": tmp_path}, snapshot=True) as worker,
        closing(http.client.HTTPConnection("127.0.0.1", worker.port, timeout=60)) as connection,
    ):
        for method, target, fields in asked:
            connection.request(method, target, headers=fields)
            answer = connection.getresponse()
            found.append((answer.status, answer.getheader("content-length"), answer.read()))

    assert found[:3] == [(200, "256000", content), (200, "256000", b""), (206, "2", content[2:4])]
    assert found[3][0] == 404
