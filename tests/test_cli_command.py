"""The arguments of the `portico` command, and `portico check`."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from portico_cli import main

GOOD = """
from portico import Portico

app = Portico()
app.get("/", "Hello")
number = 7
"""

BAD = """
from portico import Portico

app = Portico()

@app.get("/")
def read(thing: object) -> str:
    return "never"
"""

NEEDY = """
from collections.abc import AsyncIterator
from portico import Portico
from portico.contract import Capability

app = Portico()

@app.get("/stream")
async def stream() -> AsyncIterator[str]:
    yield "a"

@app.get("/in-time", needs=[Capability.DEADLINE])
def in_time() -> str:
    return ""

app.get("/plain", "text")
"""

TOPICAL = """
from collections.abc import Iterator
from portico import Context, Portico, WebSocket

app = Portico()
room = app.ws("/room")

@room.open
async def join(ws: WebSocket) -> None:
    await ws.send("hello")

@room.message
async def listen(ws: WebSocket, message: str) -> None:
    await ws.subscribe(message)

@app.post("/say")
async def say(ctx: Context) -> None:
    await ctx.publish("news", "text")

@app.post("/upload")
def upload(body: Iterator[bytes]) -> int:
    return sum(map(len, body))
"""

BROKEN = """
import a_module_that_is_not_there
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {"cli_good": GOOD, "cli_bad": BAD, "cli_broken": BROKEN, "cli_needy": NEEDY}
    sources["cli_topical"] = TOPICAL
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))


def status_of(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


def test_the_version_is_that_of_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("--version") == 0

    assert capsys.readouterr().out == f"portico {version('portico')}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["demo", "check", "routes", "--version"]),
        (["demo", "--help"], ["--keep", "uvicorn", "gunicorn", "lambda", "workerd"]),
        (["check", "--help"], ["module:attribute", "--strict", "--target", "--json"]),
        (["routes", "--help"], ["module:attribute", "--explain", "--json"]),
    ],
    ids=" ".join,
)
def test_help_names_what_there_is(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(*arguments) == 0

    out = capsys.readouterr().out
    assert [word for word in words if word not in out] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dance"], "'dance'"),
        (["demo", "--faster"], "--faster"),
        (["demo", "apache"], "there is no runtime 'apache', only uvicorn, gunicorn, lambda"),
        (["check"], "module:attribute"),
        (["check", "main:app", "--target", "mars"], "'mars'"),
        (["check", "main:app", "--json"], "--target"),
    ],
    ids=" ".join,
)
def test_arguments_that_make_no_sense_are_named(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(*arguments) == 2

    assert words in capsys.readouterr().err


def test_without_a_command_the_help_is_shown_as_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2

    assert "usage: portico" in capsys.readouterr().err


def test_an_application_without_mistakes_passes_the_check(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "cli_good:app"]) == 0

    assert capsys.readouterr().out == "cli_good:app: no mistakes found.\n"


def test_a_mistake_is_printed_and_fails_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "cli_bad:app"]) == 1

    out = capsys.readouterr().out
    assert out.startswith("cli_bad:app: ")
    assert "'thing'" in out


def test_what_degrades_on_a_target_is_listed_and_no_mistake(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "cli_needy:app", "--target", "lambda"]) == 0

    degrades, capability, instead, sum_, verdict = capsys.readouterr().out.splitlines()
    assert degrades.startswith("lambda: GET /stream degrades  (")
    assert capability.strip() == "stream_response is emulated: stream() answers with a stream"
    assert "collected" in instead
    assert sum_ == "lambda: 3 routes: 0 would fail, 1 would degrade, 2 as ever"
    assert verdict == "cli_needy:app: no mistakes found."


def test_topics_and_synchronous_streams_are_shown_where_workers_have_something_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "cli_topical:app", "--target", "cloudflare"]) == 0

    out = capsys.readouterr().out
    assert "cloudflare: WS /room degrades" in out
    assert "topics is absent: listen() publishes on a topic, or subscribes to one" in out
    assert "topics is absent: say() publishes on a topic, or subscribes to one" in out
    assert "`subscribe` is a `CapabilityError`" in out
    assert "threads is absent: upload() waits for the body in synchronous code" in out
    assert "read whole before (`max_body_size`)" in out


def test_what_fails_on_a_target_fails_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "cli_needy:app", "--target", "lambda", "--target", "wsgi"]) == 1

    out = capsys.readouterr().out
    assert "wsgi: GET /in-time fails" in out
    assert "deadline is absent, and the route declares it" in out
    assert "        `deadline` is None\n" in out
    assert "wsgi: 3 routes: 1 would fail, 0 would degrade, 2 as ever" in out
    assert "no mistakes found" not in out


def test_the_targets_are_shown_as_json_for_tools(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "cli_needy:app", "--target", "wsgi", "--json"]) == 1

    (target,) = json.loads(capsys.readouterr().out)
    assert target["target"] == "wsgi"
    verdicts = {route["path"]: route["verdict"] for route in target["routes"]}
    assert verdicts == {"/stream": "works", "/in-time": "fails", "/plain": "works"}
    (finding,) = target["routes"][1]["findings"]
    assert finding == {
        "capability": "deadline",
        "support": "absent",
        "declared": True,
        "fails": True,
        "why": "the route declares it",
        "instead": "`deadline` is None",
    }


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("cli_good", "'cli_good' is not of the form module:attribute"),
        ("cli_good:", "'cli_good:' is not of the form module:attribute"),
        ("cli_absent:app", "There is no module 'cli_absent'"),
        ("cli_good:application", "has no attribute 'application'"),
        ("cli_good:number", "'cli_good:number' is of type int"),
    ],
)
def test_what_is_no_application_is_said_to_be_none(
    where: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", where]) == 2

    assert words in capsys.readouterr().err


def test_a_module_that_cannot_import_another_keeps_its_traceback() -> None:
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there"):
        main(["check", "cli_broken:app"])


def test_the_module_runs_as_the_command_and_ends_quietly_when_nobody_reads() -> None:
    command = [sys.executable, "-m", "portico_cli", "check", "cli_good:app"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=60)

    assert err == b""
