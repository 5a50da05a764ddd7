"""Coroutine functions that wait for nothing, where threads may block: no event loop is started."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from msgspec import Struct

from event_platforms import Answer, ThreadPlatform, ask
from generated_programs import source_of
from portico import Context, Created, HTTPError, Portico, Request, Response, status, use
from test_inference_properties import Inputs, inputs, request, seeds, served, taken


class Draft(Struct):
    name: str
    count: int = 1


class Stored(Struct):
    id: int
    name: str


def posted(body: bytes = b'{"name": "a"}') -> Request:
    return Request(
        "http://app.test/", method="POST", headers={"content-type": "application/json"}, body=body
    )


def at_once(app: Portico, asked: Request | None = None) -> Response:
    """The answer of an application on a thread, which is given with no event loop."""
    platform = ThreadPlatform()
    asked = asked or Request("http://app.test/")
    answer = app.handle(asked, platform, app.start(platform))
    assert isinstance(answer, Response)
    return answer


def later(app: Portico, asked: Request | None = None) -> Awaitable[Response]:
    """The awaitable of one that needs an event loop."""
    platform = ThreadPlatform()
    asked = asked or Request("http://app.test/")
    answer = app.handle(asked, platform, app.start(platform))
    assert not isinstance(answer, Response)
    return answer


async def says_hello() -> str:
    return "hello"


async def stores(body: Draft) -> Created[Stored]:
    return status(201, Stored(body.count, body.name))


async def refuses(ctx: Context) -> str:
    raise HTTPError(403, "no")


async def reads_its_context(ctx: Context) -> str:
    return ctx.path


def test_a_handler_that_waits_for_nothing_is_answered_where_it_is_called() -> None:
    app = Portico()
    app.get("/", says_hello)

    assert at_once(app).content == b"hello"


def test_its_body_is_read_where_it_is_called() -> None:
    app = Portico()
    app.post("/", stores)

    answer = at_once(app, posted())

    assert (answer.status, answer.content) == (201, b'{"id":1,"name":"a"}')
    assert at_once(app, posted(b'{"name": 1}')).status == 422
    assert at_once(app, posted(b"{")).status == 400


def test_its_error_is_answered_like_that_of_a_plain_function() -> None:
    app = Portico()
    app.get("/", refuses)

    assert at_once(app).status == 403


def test_keys_and_hooks_that_wait_for_nothing_need_no_loop_either() -> None:
    app = Portico()

    @app.derive
    async def path(ctx: Context) -> str:
        return ctx.path

    @app.before_handle
    async def mark(ctx: Context) -> None:
        ctx.set.headers["x-mark"] = "1"

    @app.after_handle
    async def twice(ctx: Context, value: object) -> object:
        return status(202, "twice")

    @app.get("/")
    async def handler(path: str = use(path)) -> str:
        return "once"

    answer = at_once(app)

    assert (answer.status, answer.content, answer.headers["x-mark"]) == (202, b"twice", "1")


def test_a_plain_function_beside_it_may_block_the_thread() -> None:
    app = Portico()

    @app.before_handle
    def reads_a_file(ctx: Context) -> None:
        with open(__file__) as file:
            file.readline()

    app.get("/", says_hello)

    assert at_once(app).content == b"hello"


def test_a_request_hook_that_waits_for_nothing_needs_no_loop() -> None:
    app = Portico()

    @app.request
    async def mark(ctx: Context) -> None:
        ctx.set.headers["x-mark"] = "1"

    app.get("/", says_hello)

    assert at_once(app).headers["x-mark"] == "1"


async def waits() -> str:
    await anyio.sleep(0)
    return "waited"


async def waits_in_a_hook(ctx: Context) -> None:
    await anyio.sleep(0)


async def calls_what_is_not_known() -> str:
    return str(anyio.get_current_task().name)


async def streams() -> AsyncIterator[str]:
    yield "a"


async def takes_a_stream(body: AsyncIterator[bytes]) -> str:
    return "unread"


@pytest.mark.parametrize(
    ("fn", "options"),
    [
        (waits, {}),
        (says_hello, {"before_handle": [waits_in_a_hook]}),
        (calls_what_is_not_known, {}),
        (streams, {}),
        (takes_a_stream, {}),
        (says_hello, {"blocking": True}),
    ],
    ids=["handler", "hook", "unknown", "generator", "stream", "declared"],
)
def test_a_function_that_may_wait_has_the_whole_chain_on_a_loop(
    fn: Callable[..., object], options: dict[str, Any]
) -> None:
    app = Portico()
    app.post("/", fn, **options)

    answer = later(app, posted())

    async def run() -> Response:
        return await answer

    assert anyio.run(run).status == 200


async def takes_a_body(body: Draft) -> str:
    await anyio.sleep(0)
    return body.name


def told(ctx: Context) -> None: ...


@pytest.mark.parametrize(
    ("options", "is_here"), [({}, True), ({"before_parse": [told]}, False)], ids=["first", "later"]
)
def test_a_body_that_is_bound_is_read_before_the_loop_unless_a_hook_has_the_first_word(
    options: dict[str, Any], is_here: bool
) -> None:
    app, reads = Portico(), list[str]()
    app.post("/", takes_a_body, **options)

    class Source:
        def __iter__(self) -> Iterator[bytes]:
            reads.append("here")
            yield b'{"name": "a"}'

        async def __aiter__(self) -> AsyncIterator[bytes]:
            reads.append("on the loop")
            yield b'{"name": "a"}'

    asked = posted()
    asked._source = Source()  # pyright: ignore[reportPrivateUsage] # as an adapter has it

    answer = later(app, asked)

    async def run() -> Response:
        return await answer

    assert reads == (["here"] if is_here else [])
    assert anyio.run(run).content == b"a"
    assert reads == (["here"] if is_here else ["on the loop"])


def test_a_body_that_cannot_be_read_is_refused_before_the_loop() -> None:
    app = Portico()
    app.post("/", takes_a_body)
    asked = posted()
    asked.headers["content-length"] = "7"

    answer = later(app, asked)

    async def run() -> Response:
        return await answer

    assert anyio.run(run).status == 400


def test_explain_says_which_routes_start_a_loop_on_threads() -> None:
    app = Portico()
    app.get("/quick", says_hello)
    app.get("/waits", waits)

    found = {route.path: route.starts_loop for route in app.explain()}

    assert found == {"/quick": False, "/waits": True}


def test_no_event_loop_is_loaded_for_it() -> None:
    probe = """
import sys
from portico import Portico
from portico_wsgi import WSGI
app = Portico()
@app.get("/{id}")
async def handler(id: int) -> dict[str, int]:
    return {"id": id}
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/1", "SERVER_PROTOCOL": "HTTP/1.1",
           "wsgi.multithread": True, "wsgi.url_scheme": "http", "HTTP_HOST": "a"}
print(WSGI(app)(environ, lambda status, headers: None))
print(sorted(name for name in sys.modules if name in ("asyncio", "anyio", "trio")))
"""
    found = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )

    assert found.stdout.splitlines() == ["[b'{\"id\":1}']", "[]"]


def _outcome(answer: Answer) -> tuple[int, bytes | None, str | None]:
    # An unexpected error has an id of its own.
    body = None if answer.status == 500 else answer.body
    return answer.status, body, answer.headers.get("x-name")


@settings(max_examples=150, deadline=None)
@given(seeds, inputs)
def test_an_answer_is_the_same_on_a_loop_and_without_one(seed: int, given_: Inputs) -> None:
    source = source_of(seed, "async def")
    fn = taken(source)
    if fn is None:
        return
    answers = [
        _outcome(ask(served(fn, blocking=blocking), ThreadPlatform(), request(given_)))
        for blocking in (None, True)
    ]

    assert answers[0] == answers[1], source
