"""An application that cannot start: the server ends, or answers 500, and its log says why, once."""

import pytest

from chaos.servers import PATIENCE, changed, end_of, serve
from portico_conformance._raw_client import RawClient
from portico_conformance._wire import WireRequest

# With a lifespan, the server knows before it listens. Without, the first request finds it out.
ENDS = ["uvicorn-h11", "hypercorn-asyncio", "hypercorn-trio", "granian-asgi", "gunicorn-asgi"]
ANSWERS = ["daphne", "gunicorn-sync", "gunicorn-gthread", "granian-wsgi"]
CAUSE = "LookupError: no database at db.test"


@pytest.mark.parametrize("row", ENDS)
def test_a_server_with_a_lifespan_does_not_serve_what_could_not_start(row: str) -> None:
    server = serve(changed(row), app="chaos.failing:asgi")

    server.launch()
    try:
        status, log = end_of(server), server.log()
    finally:
        server.stop()

    assert status > 0
    assert (log.count("the application failed at startup"), CAUSE in log) == (1, True)


@pytest.mark.parametrize("row", ANSWERS)
def test_a_server_without_one_answers_500_and_each_request_tries_again(row: str) -> None:
    interface = changed(row).interface
    with (
        serve(changed(row), app=f"chaos.failing:{interface}") as server,
        RawClient(server.host, server.port, PATIENCE) as client,
    ):
        answers = [client.request(WireRequest("GET", "/")) for _ in range(2)]
        log = server.log()

    assert [answer.status for answer in answers] == [500, 500]
    assert b"db.test" not in answers[0].body
    assert (log.count("the application could not start"), CAUSE in log) == (2, True)
