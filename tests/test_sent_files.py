"""Files that the server sends by itself: by path on ASGI, in its own iterable on WSGI."""

import os
import socket
from collections.abc import Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import anyio
import pytest

from portico import Context, Portico, Request, file
from portico.contract import ByteStream, Platform, file_of
from portico_asgi import ASGI
from portico_wsgi import WSGI
from portico_wsgi._file import SentFile

Message = MutableMapping[str, Any]

LARGE = bytes(range(256)) * 1024
ADVERTISED: dict[str, dict[str, object]] = {"http.response.pathsend": {}}


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(LARGE)
    return path


@pytest.fixture(name="app")
def _app(path: Path) -> Portico:
    app = Portico()
    app.get("/", lambda: file(path))

    @app.get("/async")
    async def show(ctx: Context) -> object:
        return file(path.name, root=path.parent)

    return app


def handles(path: Path) -> int:
    """How many handles this process has on a file."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found += entry.readlink() == path
        except OSError:  # the handle of the listing itself
            continue
    return found


# ASGI


async def messages(
    app: Portico,
    target: str = "/",
    method: str = "GET",
    extensions: object = None,
    **fields: str,
) -> list[Message]:
    sent: list[Message] = []
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await anyio.sleep_forever()
        raise NotImplementedError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": target,
        "raw_path": target.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "extensions": extensions,
    }
    await ASGI(app)(scope, receive, send)
    return sent


@pytest.mark.anyio
@pytest.mark.parametrize("target", ["/", "/async"])
async def test_a_whole_file_is_sent_by_its_path(app: Portico, path: Path, target: str) -> None:
    start, sent = await messages(app, target, extensions=ADVERTISED)

    assert (start["status"], dict(start["headers"])[b"content-length"]) == (200, b"262144")
    assert sent == {"type": "http.response.pathsend", "path": str(path.resolve())}
    assert handles(path) == 0


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("extensions", "fields", "method", "status"),
    [
        (None, {}, "GET", 200),
        ({}, {}, "GET", 200),
        (ADVERTISED, {"range": "bytes=1-"}, "GET", 206),
        (ADVERTISED, {"if-none-match": "*"}, "GET", 304),
        (ADVERTISED, {}, "HEAD", 200),
    ],
)
async def test_all_else_is_sent_as_a_body(
    app: Portico, path: Path, extensions: object, fields: dict[str, str], method: str, status: int
) -> None:
    sent = await messages(app, "/", method, extensions, **fields)

    assert sent[0]["status"] == status
    assert {message["type"] for message in sent} == {"http.response.start", "http.response.body"}
    assert handles(path) == 0


# WSGI


class Wrapped(FileWrapper):
    """The server's iterable."""


def call(
    app: Portico, target: str = "/", *, wrapper: object = Wrapped, **variables: str
) -> tuple[Iterable[bytes], dict[str, str]]:
    environ: dict[str, Any] = {"PATH_INFO": target}
    setup_testing_defaults(environ)
    environ["wsgi.multithread"] = False
    environ.update(variables)
    if wrapper is not None:
        environ["wsgi.file_wrapper"] = wrapper
    found: dict[str, str] = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        found.update(headers, status=status)

    return WSGI(app)(environ, start_response), found


@pytest.mark.parametrize("target", ["/", "/async"])
def test_a_whole_file_is_given_to_the_servers_wrapper(
    app: Portico, path: Path, target: str
) -> None:
    body, fields = call(app, target)
    assert isinstance(body, Wrapped)

    assert fields["content-length"] == str(len(LARGE))
    assert b"".join(body) == LARGE
    body.close()
    body.close()
    assert handles(path) == 0


@pytest.mark.parametrize(
    ("wrapper", "variables"),
    [(None, {}), (Wrapped, {"HTTP_RANGE": "bytes=1-"}), (Wrapped, {"REQUEST_METHOD": "HEAD"})],
)
def test_all_else_is_the_adapters_own(
    app: Portico, wrapper: object, variables: dict[str, str]
) -> None:
    body, _ = call(app, wrapper=wrapper, **variables)

    assert not isinstance(body, Wrapped)
    close = getattr(body, "close", None)
    if close is not None:
        close()


def test_the_wrapped_answer_is_valid_by_the_pep(app: Portico) -> None:
    environ: dict[str, Any] = {"wsgi.file_wrapper": FileWrapper, "QUERY_STRING": ""}
    setup_testing_defaults(environ)

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        return print

    body = validator(WSGI(app))(environ, start_response)

    assert b"".join(body) == LARGE
    getattr(body, "close")()  # noqa: B009 - the validator's iterator has one, and demands the call


def test_the_work_of_the_request_is_done_when_the_file_is_closed(path: Path) -> None:
    app, done = Portico(), list[str]()

    @app.get("/")
    def show(ctx: Context) -> object:
        ctx.wait_until(lambda: done.append("work"))
        return file(path)

    body, _ = call(app)
    assert isinstance(body, Wrapped)

    assert (b"".join(body), done) == (LARGE, [])
    body.close()
    assert done == ["work"]


def test_a_wrapper_that_fails_leaves_no_file_open(app: Portico, path: Path) -> None:
    def wrapper(sent: object, size: int) -> Iterator[bytes]:
        raise OSError("no more of these")

    with pytest.raises(OSError, match="no more of these"):
        call(app, wrapper=wrapper)

    assert handles(path) == 0


class Ending:
    """Writes down how the reading went."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def failed(self, error: Exception) -> None:
        self.events.append("failed")

    def end(self, cut_short: bool) -> None:
        self.events.append(cut_short)


@pytest.fixture(name="ending")
def _ending() -> Ending:
    return Ending()


@pytest.fixture(name="sent")
def _sent(path: Path, ending: Ending) -> Iterator[SentFile]:
    with path.open("rb") as handle:
        yield SentFile(handle, str(path), len(LARGE), ending)


def test_a_file_that_grows_is_sent_as_it_was_announced(
    sent: SentFile, ending: Ending, path: Path
) -> None:
    with path.open("ab") as more:
        more.write(b"more")

    assert sent.read() == LARGE
    assert sent.read(10) == b""
    sent.close()
    assert ending.events == [False]


def test_a_file_that_became_shorter_fails_where_it_is_read(
    sent: SentFile, ending: Ending, path: Path
) -> None:
    sent.read(65536)
    os.truncate(path, 65536)

    with pytest.raises(ValueError, match="became shorter"):
        sent.read(65536)
    with pytest.raises(ValueError, match="became shorter"):
        sent.close()
    sent.close()
    assert ending.events == ["failed", True]


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_file_that_became_shorter_fails_where_the_system_sends_it(
    sent: SentFile, ending: Ending, path: Path, size: int
) -> None:
    os.truncate(path, size)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert ours.sendfile(sent, count=len(LARGE)) == size
        with pytest.raises(ValueError, match="became shorter"):
            sent.close()

    assert ending.events == [True]


def test_a_peer_that_leaves_is_no_error_of_the_file(sent: SentFile, ending: Ending) -> None:
    sent.read(10)

    sent.close()

    assert ending.events == [True]


# The contract


def test_only_a_whole_file_is_a_file_to_an_adapter(app: Portico) -> None:
    platform = Platform()
    answers = [
        app.handle(Request("http://app.test/", headers=fields), platform, app.start(platform))
        for fields in ({}, {"range": "bytes=1-"})
    ]
    contents = [getattr(answer, "content", None) for answer in answers]

    with_file, without = contents
    assert isinstance(with_file, ByteStream)
    assert isinstance(without, ByteStream)
    assert (with_file.is_file, without.is_file) == (True, False)
    assert file_of(with_file).size == len(LARGE)
    with pytest.raises(TypeError, match="no whole file"):
        file_of(without)
    with_file.close()
    without.close()
