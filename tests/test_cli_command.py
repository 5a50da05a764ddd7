"""The arguments of the `portico` command, and `portico check`."""

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

BROKEN = """
import a_module_that_is_not_there
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {"cli_good": GOOD, "cli_bad": BAD, "cli_broken": BROKEN}
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
        (["check", "--help"], ["module:attribute", "--strict"]),
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
