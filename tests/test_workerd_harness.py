"""Real Workers in the real `workerd`: what the suite's rows and the demo stand on."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from portico_conformance._require_component import require_component
from portico_conformance._workerd import Worker, WorkerError
from portico_conformance._workerd_bundle import (
    SUBSTITUTIONS,
    BundleError,
    Module,
    Substitution,
    pack,
    substituted,
)
from portico_conformance.components import ensure_worker_packages, ensure_workerd

PONG = """
import js
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return js.Response.new("pong")
"""

# Each path of this one shows one thing that the suite needs inside a Worker.
SHOWCASE = """
import js
import msgspec
from werkzeug.sansio.multipart import MultipartDecoder
from workers import WorkerEntrypoint

import neighbour
from bundle.inner import GREETING

print("imported")

class Point(msgspec.Struct):
    x: int
    y: int = 0

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        match js.URL.new(request.url).pathname:
            case "/msgspec":
                text = msgspec.json.encode(msgspec.json.decode(b'{"x": 1}', type=Point)).decode()
            case "/werkzeug":
                text = type(MultipartDecoder(b"boundary").next_event()).__name__
            case "/packages":
                text = f"{GREETING} {neighbour.NAME}"
            case "/binding":
                text = self.env.LABEL
            case "/log":
                print("a line of the Worker's own")
                text = ""
        return js.Response.new(text)
"""

LABEL = 'quotes " and \\ and\nlines and \u00e9'


def get(worker: Worker, path: str = "/") -> str:
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
    finally:
        connection.close()
    assert response.status == 200, body
    return body


@pytest.fixture(scope="module", autouse=True)
def components() -> None:
    require_component(ensure_workerd)
    require_component(ensure_worker_packages)


@pytest.fixture(scope="module")
def showcase(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    folder = tmp_path_factory.mktemp("packages")
    (folder / "neighbour.py").write_text("NAME = 'neighbour'")
    (folder / "bundle").mkdir()
    (folder / "bundle" / "__init__.py").touch()
    (folder / "bundle" / "inner.py").write_text("GREETING = 'hello'")
    (folder / "bundle" / "py.typed").touch()
    main = folder / "main.py"
    main.write_text(SHOWCASE)
    packages = [folder / "bundle", folder / "neighbour.py"]
    with Worker(main, packages=packages, bindings={"LABEL": LABEL}, snapshot=True) as worker:
        yield worker


def test_a_cold_worker_answers_until_its_block_ends() -> None:
    with Worker(PONG) as worker:
        port = worker.port
        assert get(worker) == "pong"

    assert worker.port == 0
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        pytest.param("/msgspec", '{"x":1,"y":0}', id="a compiled package"),
        pytest.param("/werkzeug", "NeedData", id="a pure package"),
        pytest.param("/packages", "hello neighbour", id="the caller's packages"),
        pytest.param("/binding", LABEL, id="a text binding"),
    ],
)
def test_a_worker_from_a_snapshot_has(showcase: Worker, path: str, answer: str) -> None:
    assert get(showcase, path) == answer


def test_the_log_has_what_the_worker_prints(showcase: Worker) -> None:
    get(showcase, "/log")

    assert "a line of the Worker's own" in showcase.log()


def test_a_snapshot_is_imported_once_and_not_again_at_the_start(showcase: Worker) -> None:
    assert "imported" not in showcase.log()


def test_a_worker_that_raises_at_import_is_an_error_with_its_traceback_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    worker = Worker("print('a last word')\nraise RuntimeError('broken at import')")

    with pytest.raises(WorkerError, match="workerd ended before it listened") as caught:
        worker.__enter__()

    assert "RuntimeError: broken at import" in str(caught.value)
    assert "a last word" in worker.log()
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_could_not_be_deployed_has_no_snapshot() -> None:
    keeps_an_object_of_javascript = "import js\nkept = js.Object.new()\n" + PONG

    with pytest.raises(WorkerError, match="no snapshot can be made of it") as caught:
        Worker(keeps_an_object_of_javascript, snapshot=True).__enter__()

    assert "Can't serialize top-level variable" in str(caught.value)


@pytest.mark.parametrize("snapshot", [False, True])
def test_a_worker_whose_import_never_ends_is_given_up_on(
    snapshot: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico_conformance._workerd._START_PATIENCE", 0.5)
    monkeypatch.setattr("portico_conformance._workerd._STOP_PATIENCE", 0.5)
    worker = Worker("while True: pass", snapshot=snapshot)
    started = monotonic()

    with pytest.raises(WorkerError, match=r"0 seconds"):
        worker.__enter__()

    assert monotonic() - started < 20


@pytest.mark.parametrize("substitution", SUBSTITUTIONS, ids=lambda one: one.found)
def test_another_pyodide_is_refused_by_the_substitution_that_does_not_match(
    substitution: Substitution,
) -> None:
    known = "\n".join(one.found * one.count for one in SUBSTITUTIONS if one is not substitution)

    with pytest.raises(BundleError) as caught:
        substituted(known)

    assert f"`{substitution.found}` is 0 times in pyodide.asm.mjs" in str(caught.value)


def test_a_bundle_is_a_message_of_the_length_that_it_says() -> None:
    bundle = pack([Module("name", 2, b"content")])

    # One segment; the root, the list and its tag; one structure; a name and a content.
    assert len(bundle) == 8 * (1 + 3 + 5 + 2)
    assert int.from_bytes(bundle[4:8], "little") == 3 + 5 + 2
    assert bundle.endswith(b"name\0\0\0\0content\0")
