"""10,240 requests on 256 connections: every answer is right, and nothing is kept of them."""

import pytest

from chaos.crowd import gather_crowd, get, post
from chaos.servers import changed, chosen, serve
from chaos.watch import Watch

CONNECTIONS = 256
QUESTIONS = [
    get("/hello", b"hello"),
    post("/json", b'{"name":"a","tags":["b","c"]}'),
    get("/thread", b"thread"),
    get("/stream", b"onetwothree"),
    get("/iterator", b"onetwothree"),
]
WARM_UP = QUESTIONS * 2
LOAD = QUESTIONS * 8

# Longer than any client waits for its turn; afterwards the server lets go of who has left.
KEEP = "--keep-alive=5"
SERVERS = {
    "uvicorn-httptools": ["--timeout-keep-alive=5"],
    "hypercorn-asyncio": [KEEP],
    "hypercorn-trio": [KEEP],
    "granian-asgi": [],
    "gunicorn-asgi": [KEEP],
    "gunicorn-gthread": [KEEP],
    "granian-wsgi": [],
}

OBJECTS = 200
"""Objects that 10,240 requests may leave in caches, and in threads that came later."""

RESIDENT = 8 * 1024 * 1024
"""Bytes that the process may grow by: the allocator and the threads keep what they once had."""

THREADS = 40
"""Worker threads that a pool may keep."""


@pytest.mark.parametrize("name", chosen(SERVERS))
def test_nothing_is_wrong_or_left_after_thousands_of_requests(name: str) -> None:
    with serve(changed(name, *SERVERS[name])) as server, Watch(server) as watch:
        gather_crowd(server.port, 1, QUESTIONS)
        idle = watch.look()
        gather_crowd(server.port, CONNECTIONS, WARM_UP)
        before = watch.wait_until_idle(idle)
        outcomes = gather_crowd(server.port, CONNECTIONS, LOAD)
        after = watch.wait_until_idle(idle)

    assert outcomes == {"right": CONNECTIONS * len(LOAD)}
    assert after.tasks <= idle.tasks
    assert after.files <= idle.files
    assert after.threads - idle.threads <= THREADS
    assert after.objects - before.objects <= OBJECTS
    assert after.resident - before.resident <= RESIDENT
