"""The types as users see them: `tests/typing/right_*.py` pass both checkers, and in
`tests/typing/wrong_*.py` they say exactly what the comments there expect.

A comment such as `# error: mypy[arg-type] pyright[reportArgumentType]` names the rules that its
line breaks; several rules of one checker are separated by commas.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "typing"
FILES = sorted(FOLDER.glob("*.py"))

# The name of a file, a line in it, and the rule that it breaks.
Findings = set[tuple[str, int, str]]

_expectation = re.compile(r"# error: (.*)").search
_rules_of = {
    "mypy": re.compile(r"\bmypy\[([\w, -]+)\]").search,
    "pyright": re.compile(r"\bpyright\[([\w, -]+)\]").search,
}


def expected(checker: str, file: Path) -> Findings:
    found: Findings = set()
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        comment = _expectation(line)
        rules = comment and _rules_of[checker](comment[1])
        if rules:
            found.update((file.name, number, rule.strip()) for rule in rules[1].split(","))
    return found


def _run(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@cache
def said_by_mypy() -> Findings:
    line = re.compile(r"(?P<file>[^:]+):(?P<line>\d+): error: .*\[(?P<rule>[\w-]+)\]").fullmatch
    said = _run("mypy", "--strict", "--no-pretty", *map(str, FILES))
    matches = [line(text) for text in said.splitlines()]
    return {(Path(m["file"]).name, int(m["line"]), m["rule"]) for m in matches if m}


@cache
def said_by_pyright() -> Findings:
    # The folder has a configuration of its own: the project's leaves out what is wrong on purpose.
    said = _run("pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(FOLDER))
    report: dict[str, Any] = json.loads(said)
    assert report["summary"]["filesAnalyzed"] == len(FILES)
    return {
        (
            Path(finding["file"]).name,
            finding["range"]["start"]["line"] + 1,
            finding.get("rule", finding["message"]),
        )
        for finding in report["generalDiagnostics"]
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize(
    ("checker", "said"), [("mypy", said_by_mypy), ("pyright", said_by_pyright)]
)
def test_a_checker_says_what_the_comments_expect_and_nothing_else(
    checker: str, said: Callable[[], Findings], file: Path
) -> None:
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed here: this runs in the `types` environment")

    findings = {finding for finding in said() if finding[0] == file.name}

    assert findings == expected(checker, file)
    assert bool(findings) is file.stem.startswith("wrong")
