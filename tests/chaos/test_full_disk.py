"""A form that does not fit on the disk: a 500 with a report, and nothing left of it."""

import gc
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.application import FILE_LIMIT
from chaos.servers import PATIENCE, changed, serve
from chaos.watch import Watch
from portico._spool import SpoolFile
from portico_conformance._raw_client import RawClient
from portico_conformance._servers import Server
from portico_conformance._wire import WireRequest, WireResponse

ROWS = ["uvicorn-h11", "hypercorn-trio", "granian-asgi", "gunicorn-sync", "gunicorn-gthread"]
LIMIT = 256 * 1024
FORM = ("Content-Type", "multipart/form-data; boundary=b")


@pytest.fixture(scope="module", params=ROWS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    # A limit of the process does what a full disk does, and needs no rights: writing fails.
    folder = tmp_path_factory.mktemp("temporary")
    environment = {FILE_LIMIT: str(LIMIT), "TMPDIR": str(folder)}
    with serve(changed(request.param), environment) as server:
        yield server
    assert list(folder.iterdir()) == []


def upload(server: Server, size: int) -> WireResponse:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    body = head + b"x" * size + b"\r\n--b--\r\n"
    with RawClient(server.host, server.port, PATIENCE) as client:
        return client.request(WireRequest("POST", "/upload", [FORM], body))


def test_a_file_that_does_not_fit_is_a_reported_500_and_the_next_one_is_read(
    server: Server,
) -> None:
    upload(server, 100_000)
    with Watch(server) as watch:
        before = watch.look()
        statuses = [upload(server, size).status for size in (100_000, 1_000_000, 100_000)]
        after = watch.wait_until_idle(before)

    assert statuses == [200, 500, 200]
    assert after.files <= before.files
    assert server.log().count("POST /upload failed") == 1
    assert "Exception ignored" not in server.log()


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary files are on a disk that is full."""

    def on_full_disk(buffering: int = -1) -> object:
        return open("/dev/full", "w+b", buffering)

    monkeypatch.setattr(tempfile, "TemporaryFile", on_full_disk)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("size", [1, 4096, 1_000_000])
def test_a_full_disk_is_found_out_where_it_is_written_to(size: int) -> None:
    spool = SpoolFile.create()
    assert spool is not None

    with pytest.raises(OSError, match="No space left"):
        spool.append(b"x" * size)

    assert spool.size == 0


@pytest.mark.usefixtures("full")
def test_a_file_on_a_full_disk_is_let_go_of_without_a_complaint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    spool = SpoolFile.create()
    assert spool is not None
    with pytest.raises(OSError, match="No space left"):
        spool.append(b"x")
    del spool
    gc.collect()

    assert complaints == []


def test_a_disk_that_takes_data_bit_by_bit_gets_all_of_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Slow:
        """Takes and gives at most three bytes at once, as the system may."""

        def __init__(self, buffering: int) -> None:
            self.file = open(tmp_path / "file", "w+b", buffering)  # noqa: SIM115 (closed by the spool)
            self.seek, self.close = self.file.seek, self.file.close

        def write(self, data: memoryview) -> int:
            return self.file.write(data[:3])

        def read(self, size: int) -> bytes:
            return self.file.read(min(size, 3))

    monkeypatch.setattr(tempfile, "TemporaryFile", Slow)
    spool = SpoolFile.create()
    assert spool is not None
    spool.append(b"0123456789")
    spool.append(b"abc")

    assert (spool.size, spool.read(1, 12), spool.read(12, 20)) == (13, b"123456789ab", b"c")
