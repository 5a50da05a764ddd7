"""100,000 requests in one process leave nothing behind, behind each adapter."""

import asyncio
import io
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from contextlib import closing
from time import monotonic
from typing import Any, Final, TypeAlias
from wsgiref.util import setup_testing_defaults

import anyio
import pytest
import trio

from chaos.application import application
from chaos.held import now_held
from portico_asgi import ASGI
from portico_conformance._fake_js import Context, installed
from portico_conformance._fake_js_fetch import arrived
from portico_conformance._in_process_lambda import InvocationContext
from portico_conformance._lambda_events import to_event
from portico_conformance._wire import WireRequest
from portico_lambda import Lambda
from portico_wsgi import WSGI

BODY: Final = b'{"name":"a","tags":["b","c"]}'
JSON: Final = [("Host", "a.test"), ("Content-Type", "application/json")]
REQUESTS: Final = [
    WireRequest("GET", "/hello", [("Host", "a.test")]),
    WireRequest("POST", "/json", [*JSON, ("Content-Length", str(len(BODY)))], BODY),
    WireRequest("GET", "/stream", [("Host", "a.test")]),
    WireRequest("GET", "/nowhere", [("Host", "a.test")]),
]
WARM_UP: Final = 500
ROUNDS: Final = 100_000 // len(REQUESTS)
BLOCKS: Final = 500
"""Blocks of memory that may be more afterwards, in all; a thread takes some."""

THREADS: Final = 4
"""Threads that a pool may add when all it has are busy."""

Ask: TypeAlias = Callable[[WireRequest], Awaitable[object]]
Message: TypeAlias = MutableMapping[str, Any]


async def measure(ask: Ask) -> int:
    """How many blocks of memory the requests have left."""
    for _ in range(WARM_UP):
        for request in REQUESTS:
            await ask(request)
    held, before = now_held(), sys.getallocatedblocks()
    for _ in range(ROUNDS):
        for request in REQUESTS:
            await ask(request)
    now = now_held()
    assert (now.tasks, now.files) == (held.tasks, held.files)
    assert now.threads <= held.threads + THREADS
    return sys.getallocatedblocks() - before


def behind_asgi() -> Ask:
    application_ = ASGI(application)

    async def ask(request: WireRequest) -> None:
        body = [{"type": "http.request", "body": request.body}]
        gone = anyio.Event()
        sent: list[Message] = []

        async def receive() -> Message:
            if not body:
                await gone.wait()
            return body.pop() if body else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await application_(_scope(request), receive, send)
        assert sent[0]["status"] in {200, 404}
        assert not sent[-1].get("more_body")

    return ask


def _scope(request: WireRequest) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.target,
        "raw_path": request.target.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers],
        "client": ("192.0.2.1", 1),
        "server": ("a.test", 80),
    }


def behind_wsgi(multithread: bool) -> tuple[Ask, WSGI]:
    application_ = WSGI(application)

    def start_response(status: str, headers: object, exc_info: object = None) -> Any:
        assert status[:3] in {"200", "404"}

    async def ask(request: WireRequest) -> None:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.target,
            "CONTENT_TYPE": request.get("content-type") or "",
            "CONTENT_LENGTH": request.get("content-length") or "",
            "wsgi.input": io.BytesIO(request.body),
        }
        setup_testing_defaults(environ)
        environ["wsgi.multithread"] = multithread
        answer = application_(environ, start_response)
        assert b"".join(answer)
        getattr(answer, "close", bool)()

    return ask, application_


def behind_lambda() -> tuple[Ask, Lambda]:
    function = Lambda(application)

    async def ask(request: WireRequest) -> None:
        event = json.loads(json.dumps(to_event("http", request)))
        result: Any = function(event, InvocationContext(deadline=monotonic() + 60))
        assert result["statusCode"] in {200, 404}

    return ask, function


def finish(work: Coroutine[Any, Any, int]) -> int:
    """Run what waits for nothing, without an event loop."""
    try:
        work.send(None)
    except StopIteration as end:
        result: int = end.value
        return result
    raise AssertionError("It waits for an event loop.")


def test_memory_is_flat_behind_asgi_on_asyncio() -> None:
    assert asyncio.run(measure(behind_asgi())) <= BLOCKS


def test_memory_is_flat_behind_asgi_on_trio() -> None:
    assert trio.run(measure, behind_asgi()) <= BLOCKS


@pytest.mark.parametrize("multithread", [False, True])
def test_memory_is_flat_behind_wsgi(multithread: bool) -> None:
    ask, served = behind_wsgi(multithread)
    with closing(served):
        assert finish(measure(ask)) <= BLOCKS


def test_memory_is_flat_behind_lambda() -> None:
    ask, served = behind_lambda()
    with closing(served):
        assert finish(measure(ask)) <= BLOCKS


def test_memory_is_flat_behind_workers() -> None:
    async def main() -> int:
        from portico_cloudflare import Worker

        with installed() as world:
            entrypoint: Any = Worker(application)

            async def ask(request: WireRequest) -> None:
                if request.target == "/stream":
                    return  # whose reader would be the runtime
                native = arrived(
                    request.method, request.target, request.headers, request.body or None
                )
                answer = await entrypoint(Context(), world.env).fetch(native)
                assert answer.status in {200, 404}
                world.proxies.clear()  # the fake runtime notes them for its own tests
                await asyncio.sleep(0)  # and tells of the end of streams by the loop

            return await measure(ask)

    assert asyncio.run(main()) <= BLOCKS
