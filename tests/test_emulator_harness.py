"""A plain handler in AWS's own emulator, alone and behind every shape of the gateway."""

import http.client
import os
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn, cast

import pytest

from portico_conformance._emulator import Emulator, EmulatorError, FunctionError
from portico_conformance._gateway import Gateway
from portico_conformance._lambda_events import SHAPES, Shape
from portico_conformance.components import ComponentMissingError, ensure_emulator

HANDLER = '''
import os
import threading
import time

import greeting

def act(event, context):
    kind = event.get("do")
    if kind == "raise":
        raise LookupError("no such thing")
    if kind == "hang":
        time.sleep(60)
    if kind == "context":
        remaining = context.get_remaining_time_in_millis()
        return [context.aws_request_id, remaining, context.function_name]
    if kind == "alone":
        return [event["who"], threading.active_count()]
    return {"pid": os.getpid(), "word": greeting.WORD, "color": os.environ.get("COLOR")}

def answer(event, context):
    """Greet, in the words of whichever service asks."""
    if "Records" in event:
        request = event["Records"][0]["cf"]["request"]
        headers = {"x-path": [{"value": request["uri"]}]}
        return {"status": "200", "headers": headers, "body": greeting.WORD}
    path = event.get("rawPath") or event.get("raw_path") or event["path"]
    result = {"statusCode": 200, "headers": {"x-path": path}, "body": greeting.WORD}
    if "elb" in event.get("requestContext", {}) and "multiValueHeaders" in event:
        result["multiValueHeaders"] = {"x-path": [result.pop("headers")["x-path"]]}
    return result
'''


def missing(reason: str) -> NoReturn:
    """Say what is not there; in CI nothing may be missing."""
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def binary() -> Path:
    if find_spec("awslambdaric") is None:
        missing("awslambdaric is not installed. Get it with: pip install awslambdaric")
    try:
        return ensure_emulator()
    except ComponentMissingError as error:
        missing(str(error))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("function")
    (made / "handler.py").write_text(HANDLER)
    (made / "shared").mkdir()
    (made / "shared" / "greeting.py").write_text("WORD = 'hello'\n")
    return made


@pytest.fixture(scope="module")
def acting(binary: Path, folder: Path) -> Iterator[Emulator]:
    shared = [folder / "shared"]
    with Emulator(
        binary, "handler.act", directory=folder, python_path=shared, env={"COLOR": "blue"}
    ) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def answering(binary: Path, folder: Path) -> Iterator[Emulator]:
    shared = [folder / "shared"]
    with Emulator(binary, "handler.answer", directory=folder, python_path=shared) as emulator:
        yield emulator


@pytest.mark.parametrize("shape", SHAPES)
def test_a_handler_in_the_emulator_answers_over_http_in_every_shape(
    answering: Emulator, shape: Shape
) -> None:
    with Gateway(shape, answering.invoke) as gateway:
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
        connection.request("GET", "/greet")
        response = connection.getresponse()
        body = response.read()
        connection.close()

    assert gateway.failures == []
    assert (response.status, response.getheader("x-path"), body) == (200, "/greet", b"hello")


def test_the_handler_gets_the_module_path_and_the_environment_it_was_given(
    acting: Emulator,
) -> None:
    found = cast("dict[str, object]", acting.invoke({}))

    assert (found["word"], found["color"]) == ("hello", "blue")


def test_the_handler_gets_the_runtimes_own_context(acting: Emulator) -> None:
    request_id, remaining, name = cast("tuple[str, int, str]", acting.invoke({"do": "context"}))

    assert len(request_id) == 36
    assert 0 < remaining <= 30_000
    assert name == "function"


def test_a_handler_that_raises_is_a_function_error_with_its_trace(acting: Emulator) -> None:
    with pytest.raises(FunctionError) as raised:
        acting.invoke({"do": "raise"})

    assert (raised.value.type, raised.value.message) == ("LookupError", "no such thing")
    assert 'raise LookupError("no such thing")' in "".join(raised.value.trace)


def test_invocations_from_several_threads_take_turns(acting: Emulator) -> None:
    together = threading.Barrier(4)
    results: dict[int, object] = {}

    def call(who: int) -> None:
        together.wait(timeout=10)
        results[who] = acting.invoke({"do": "alone", "who": who})

    threads = [threading.Thread(target=call, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert results == {who: [who, 1] for who in range(4)}


def test_a_handler_that_cannot_be_imported_is_named(binary: Path, folder: Path) -> None:
    with (
        Emulator(binary, "nowhere.handler", directory=folder) as emulator,
        pytest.raises(FunctionError, match="Unable to import module 'nowhere'"),
    ):
        emulator.invoke({})


def test_a_function_out_of_time_is_an_error_and_the_next_invocation_works(
    binary: Path, folder: Path
) -> None:
    shared = [folder / "shared"]
    with Emulator(
        binary, "handler.act", directory=folder, python_path=shared, function_timeout=1
    ) as emulator:
        with pytest.raises(EmulatorError, match=r"timed out after 1\.00 seconds"):
            emulator.invoke({"do": "hang"})

        assert cast("dict[str, object]", emulator.invoke({}))["word"] == "hello"


def test_leaving_the_emulator_ends_a_handler_that_hangs(binary: Path, folder: Path) -> None:
    shared = [folder / "shared"]
    with Emulator(binary, "handler.act", directory=folder, python_path=shared) as emulator:
        pid = cast("dict[str, int]", emulator.invoke({}))["pid"]
        with pytest.raises(EmulatorError, match="no answer: TimeoutError"):
            emulator.invoke({"do": "hang"}, timeout=0.2)
        assert runs(pid)

    assert not runs(pid)


def test_a_program_that_is_not_the_emulator_is_an_error_with_what_it_wrote(folder: Path) -> None:
    with (
        pytest.raises(EmulatorError, match=r"(?is)did not start.*unknown option"),
        Emulator(Path(sys.executable), "handler.act", directory=folder),
    ):
        pass


def test_an_emulator_that_was_not_started_says_how_to_start_it(folder: Path) -> None:
    emulator = Emulator(Path("never-run"), "handler.act", directory=folder)

    with pytest.raises(EmulatorError, match="Use it as a context manager"):
        emulator.invoke({})


def runs(pid: int) -> bool:
    """Whether a process is there and is more than an entry that its parent has to read."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
