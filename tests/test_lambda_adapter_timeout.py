"""A function with a timeout, in AWS's own emulator: the client has a 504 and the function lives."""

import json
import textwrap
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, cast

import pytest

from portico_conformance._emulator import Emulator
from portico_conformance._lambda_events import to_event
from portico_conformance._require_component import components_required
from portico_conformance._servers import ServerMissingError
from portico_conformance._wire import WireRequest
from portico_conformance.components import ensure_emulator

FUNCTION = textwrap.dedent(
    """
    import asyncio
    import os
    import threading

    from portico import Context, Portico
    from portico_lambda import Lambda

    app = Portico()


    @app.get("/async")
    async def hang() -> str:
        await asyncio.sleep(60)
        return "never"


    @app.get("/sync")
    def block() -> str:
        threading.Event().wait(60)
        return "never"


    @app.get("/work")
    def give(ctx: Context) -> str:
        ctx.wait_until(send_mail)
        return "given"


    async def send_mail() -> None:
        await asyncio.sleep(60)


    @app.get("/process")
    def process() -> str:
        return str(os.getpid())


    handler = Lambda(app, deadline_margin=0.5)
    """
)


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("function")
    (folder / "served.py").write_text(FUNCTION)
    with components_required():
        if find_spec("awslambdaric") is None:
            raise ServerMissingError("Get it with: pip install awslambdaric")
        binary = ensure_emulator()
    with Emulator(binary, "served.handler", directory=folder, function_timeout=2) as emulator:
        yield emulator


def get(function: Emulator, path: str) -> dict[str, Any]:
    request = WireRequest("GET", path, [("Host", "shop.example")], b"")
    return cast("dict[str, Any]", function.invoke(to_event("http", request)))


@pytest.mark.parametrize("path", ["/async", "/sync"])
def test_a_route_that_hangs_is_a_504_and_the_environment_lives(
    function: Emulator, path: str
) -> None:
    before = get(function, "/process")["body"]

    answer = get(function, path)

    assert answer["statusCode"] == 504
    assert json.loads(answer["body"])["title"] == "Gateway Timeout"
    assert get(function, "/process")["body"] == before


def test_work_that_does_not_fit_is_named_in_the_log_of_the_function(function: Emulator) -> None:
    assert get(function, "/work")["body"] == "given"

    assert "The background work 'send_mail' did not end" in function.log(60)
