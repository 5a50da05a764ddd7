"""Set up and run this repository on a machine that has Python and pip and nothing else.

    python3 dev.py demo [arguments]    what `portico demo` does
    python3 dev.py test                every gate
    python3 dev.py test arguments      pytest with these, in this interpreter alone

Both make their own virtual environment (`.venv/pyX.Y`, one for each interpreter that runs this
file), install what they need and fetch the components that PyPI's packages do not bring
(`python -m portico_conformance.components`). Both are quick the second time.

Only the standard library is used, and no syntax that an old Python cannot read up to the message
that it is too old.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "This is Python %d.%d. Portico needs Python 3.11 or later. "
        "Run this file with one, as in: python3.12 dev.py test" % sys.version_info[:2]
    )

import hashlib
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, NoReturn
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent
HERE = "{}.{}".format(*sys.version_info[:2])
VENV = ROOT / ".venv" / f"py{HERE}"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = str(SCRIPTS / "python")
REPORTS = ROOT / ".tox" / "reports"

# The interpreters that a run with CI=true may not miss. Later ones are taken where there are any.
REQUIRED = ("3.11", "3.12", "3.13")
CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def main(arguments: Sequence[str]) -> int:
    """Run the named command and return the exit status."""
    commands = {"demo": demo, "test": test}
    if not arguments or arguments[0] not in commands:
        print((__doc__ or "").strip())
        return 0 if arguments[:1] in (["-h"], ["--help"], ["help"]) else 2
    os.chdir(ROOT)
    return commands[arguments[0]](arguments[1:])


def demo(arguments: Sequence[str]) -> int:
    """Answer the same requests on every runtime side by side."""
    prepare("demo")
    fetch_components()
    return run([str(SCRIPTS / "portico"), "demo", *arguments])


def test(arguments: Sequence[str]) -> int:
    """Run tox and print, last, a line that sums up the tests of all its environments."""
    prepare("gates")
    if not fetch_components() and CI:
        stop("A run with CI=true tests every runtime. Repair what the lines above name.")
    pythons = {HERE: sys.executable} if arguments else interpreters()
    environments = [environment(version) for version in pythons]
    if not arguments:
        # The longest go first, so that the short ones fill up the other processor.
        environments[1:1] = ["types", "lint"]
    status = run_tox(environments, pythons.values(), arguments)
    return summarise(environments, status)


# --- The virtual environment ----------------------------------------------------------------------


def prepare(group: str) -> None:
    """Install this tree (editable) and one dependency group of pyproject.toml, once for each."""
    make_venv()
    stamp = VENV / f"{group}.stamp"
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if is_stamped(stamp, wanted):
        return
    say(f"Installing Portico and its group {group!r} into {VENV.relative_to(ROOT)}")
    if run([PYTHON, "-m", "pip", "install", "--quiet", "--editable", ".", "--group", group]):
        stop(
            "pip could not install what the lines above name. "
            "Check the network and pip's index, then run this again."
        )
    stamp.write_text(wanted)


def make_venv() -> None:
    """Make the virtual environment, once, with a pip that knows dependency groups (25.1)."""
    stamp = VENV / "venv.stamp"
    wanted = f"{sys.version} {sys.base_prefix} {VENV}"  # and not one that was moved
    if is_stamped(stamp, wanted):
        return
    missing = missing_for_venv()
    if missing:
        stop(
            f"This Python has no {missing}, which a virtual environment needs. "
            f"On Debian and Ubuntu: apt install python{HERE}-venv"
        )
    say(f"Making {VENV.relative_to(ROOT)} with Python {sys.version.split()[0]}")
    # Debian splits ensurepip (python3-venv) from pip (python3-pip), and either will do.
    if find_spec("pip") is not None:
        made = run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)])
        pip = [sys.executable, "-m", "pip", "--python", PYTHON]
    else:
        made = run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        pip = [PYTHON, "-m", "pip"]
    if made or run([*pip, "install", "--quiet", "--upgrade", "pip>=25.1"]):
        stop(
            f"No virtual environment could be made in {VENV}. "
            "The lines above say why: repair that, then run this again."
        )
    stamp.write_text(wanted)


def missing_for_venv() -> str:
    """What this Python lacks for a virtual environment with pip in it; empty where it has all."""
    if find_spec("venv") is None:
        return "venv module"
    if find_spec("pip") is None and find_spec("ensurepip") is None:
        return "pip and no ensurepip"
    return ""


def is_stamped(stamp: Path, wanted: str) -> bool:
    """Whether an earlier run got as far as this stamp, with the same things to start from."""
    return stamp.exists() and stamp.read_text() == wanted and shutil.which(PYTHON) is not None


def fetch_components() -> bool:
    """Fetch what is missing into the cache (emulator, workerd, Redis); False where it lacks one."""
    return run([PYTHON, "-m", "portico_conformance.components"]) == 0


# --- The interpreters -----------------------------------------------------------------------------


def interpreters() -> dict[str, str]:
    """Every supported interpreter of this machine by version, the running one first.

    Those that it lacks are named. With CI=true a required one that is missing ends the run.
    """
    found = {HERE: sys.executable}
    missing: list[str] = []
    for version in supported():
        path = found.get(version) or find(version)
        if path is None:
            missing.append(version)
            say(f"Python {version} is not on this machine: skipped")
        else:
            found[version] = path
            say(f"Python {version} is {path}")
    lacking = ", ".join(version for version in missing if version in REQUIRED)
    if CI and lacking:
        stop(
            f"A run with CI=true must not skip Python {lacking}. "
            "Install it on the PATH or in pyenv, then run this again."
        )
    return found


def environment(version: str) -> str:
    """The tox environment of a version: the running one takes all rows, the others a choice."""
    return f"py{version.replace('.', '')}" + ("" if version == HERE else "-quick")


def supported() -> list[str]:
    """The versions that the classifiers in pyproject.toml name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [line for line in project["classifiers"] if "Python :: 3." in line]
    return sorted((line.rpartition(" :: ")[2] for line in lines), key=numbers)


def find(version: str) -> str | None:
    """The path of a working Python of this version: on the PATH, else the newest in pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    releases = [path.name for path in pyenv.glob(f"{version}.*") if path.name[-1].isdigit()]
    places = [
        shutil.which(f"python{version}") or "",
        *(str(pyenv / name / "bin" / "python") for name in sorted(releases, key=numbers)[::-1]),
    ]
    answers = (ask(place, version) for place in places if place)
    return next((answer for answer in answers if answer), None)


def ask(path: str, version: str) -> str | None:
    """Where the interpreter itself says it is; a pyenv shim on the PATH may lead nowhere."""
    question = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
    command = [path, "-c", question]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said, _, real = answer.stdout.strip().partition(" ")
    return real if answer.returncode == 0 and said == version else None


def numbers(version: str) -> list[int]:
    """`3.12.1` as [3, 12, 1], which sorts as versions do."""
    return [int(part) for part in version.split(".") if part.isdigit()]


# --- tox and its summary --------------------------------------------------------------------------


class Count(NamedTuple):
    """The tests of one environment by outcome, as its junit report has them."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    expected: int = 0

    def __str__(self) -> str:
        """As pytest words its closing line; expected failures are no part of the sum."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run_tox(environments: Sequence[str], pythons: Iterable[str], arguments: Sequence[str]) -> int:
    """Run the environments, side by side where they are several; returns tox's exit status."""
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    mode = ["run"]
    if len(environments) > 1:
        mode = ["run-parallel", "--parallel", "auto"]
        mode += [] if sys.stdout.isatty() else ["--parallel-no-spinner"]
    command = [PYTHON, "-m", "tox", *mode, "-e", ",".join(environments), "--discover", *pythons]
    command += ["--skip-missing-interpreters", "false", "--result-json", str(REPORTS / "tox.json")]
    return run([*command, "--", *arguments] if arguments else command)


def summarise(environments: Sequence[str], status: int) -> int:
    """Print each environment's outcome and then the sum; returns the exit status.

    An environment that failed although none of its tests did (types, lint, a crash) counts as one
    failure, so that the last line shows a failure exactly when the exit status does.
    """
    total = Count()
    for name in environments:
        success, count = succeeded(name), count_tests(name)
        expected = f", {count.expected} failed as expected" if count.expected else ""
        tests = f": {count}{expected}" if any(count) else ""
        say(f"{name} {'passed' if success else 'failed'}{tests}")
        if not success and not count.failed:
            count = count._replace(failed=1)
        total = Count(*map(sum, zip(total, count, strict=True)))
    if status and not total.failed:
        total = total._replace(failed=1)
    print(total, flush=True)
    return status or min(total.failed, 1)


def succeeded(environment: str) -> bool:
    """Whether tox itself calls the environment a success; one that it never reached is none."""
    try:
        results = json.loads((REPORTS / "tox.json").read_text("utf-8"))
        return results["testenvs"][environment]["result"]["success"] is True
    except (OSError, ValueError, KeyError):
        return False


def count_tests(environment: str) -> Count:
    """Count one report's test cases. pytest writes an expected failure there as a kind of skip."""
    try:
        cases = list(ElementTree.parse(REPORTS / f"{environment}.xml").iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return Count()
    failed = sum(bool(case.findall("failure") + case.findall("error")) for case in cases)
    skips = [skip.get("type") for case in cases for skip in case.findall("skipped")]
    expected = skips.count("pytest.xfail")
    return Count(len(cases) - failed - len(skips), failed, len(skips) - expected, expected)


# --- Words ----------------------------------------------------------------------------------------


def run(command: Sequence[str]) -> int:
    """Run a command whose output is the user's to see; returns its exit status."""
    return subprocess.run(command, check=False).returncode


def say(line: str) -> None:
    """Print a line at once, ahead of what a child process prints next."""
    print(f"dev.py: {line}", flush=True)


def stop(line: str) -> NoReturn:
    """End the run with what was wrong and what to do."""
    sys.exit(f"dev.py: {line}")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
