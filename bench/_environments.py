"""The virtual environments of the contenders, one for each file in `requirements/`.

What the peers need contradicts itself, and none of it belongs into the project's own environment.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent

_OWN: Final = "portico"
_WORKER: Final = (
    "only-binary=:all:",
    "platform=pyemscripten_2026_0_wasm32",
    "python-version=3.14",
    "implementation=cp",
    "abi=cp314",
)
_VERSIONS: Final = """\
import sys
from importlib.metadata import version

print(*map(version, sys.argv[1:]))
"""
_SOURCES: Final = ("core", "adapters", "plugins", "cli", "conformance")


class Environments:
    """Makes environments where they are not there yet, with the Python that runs this.

    Attributes:
        missing: by name, why an environment could not be made.
    """

    def __init__(self, folder: Path = HERE / ".venvs") -> None:
        self._folder = folder / "py{}.{}".format(*sys.version_info[:2])
        self.missing: dict[str, str] = {}

    def ensure(self, names: Iterable[str]) -> None:
        """Make these environments; what fails is printed by name and kept in `missing`."""
        for name in dict.fromkeys(names):
            try:
                self._ensure(name)
            except subprocess.CalledProcessError as error:
                self._miss(name, error)

    def _miss(self, name: str, error: subprocess.CalledProcessError) -> None:
        lines = (error.stderr or error.stdout or str(error)).strip().splitlines()
        self.missing[name] = lines[-1][:300] if lines else str(error)
        print(f"left out: {name}: {self.missing[name]}", file=sys.stderr)

    def python(self, name: str) -> Path | None:
        """The interpreter of an environment; None where it could not be made."""
        return None if name in self.missing else self._folder / name / "bin" / "python"

    def packages(self, name: str) -> dict[str, str]:
        """By name, the versions of what its requirements name, and of this project in its own."""
        python = self.python(name)
        if python is None:
            return {}
        lines = (HERE / "requirements" / f"{name}.txt").read_text("utf-8").splitlines()
        wanted = dict.fromkeys(line.partition("==")[0] for line in lines)
        names = [*([_OWN] if name == _OWN else []), *wanted]
        output = _run(str(python), "-c", _VERSIONS, *names)
        return dict(zip(names, output.split(), strict=True))

    def worker_packages(self, name: str) -> Path | None:
        """A folder of packages for a Python Worker, CPython 3.14 on Emscripten; None without."""
        requirements = HERE / "requirements" / f"{name}.txt"
        folder = self._folder / name
        target = [f"--{option}" for option in _WORKER] + ["--target", str(folder)]
        try:
            with _Stamp(folder.with_suffix(".stamp"), [requirements]) as stamp:
                if stamp.is_old:
                    print(f"installing {name}", file=sys.stderr)
                    shutil.rmtree(folder, ignore_errors=True)
                    pip = (str(self.python(_OWN)), "-m", "pip", "--disable-pip-version-check")
                    _run(*pip, "install", "--quiet", *target, "--requirement", str(requirements))
        except subprocess.CalledProcessError as error:
            self._miss(name, error)
            return None
        return folder

    def _ensure(self, name: str) -> None:
        requirements = HERE / "requirements" / f"{name}.txt"
        folder = self._folder / name
        pip = (str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check")
        with _Stamp(folder / "requirements.stamp", [requirements]) as stamp:
            if stamp.is_old:
                print(f"installing {name} into {folder.relative_to(ROOT)}", file=sys.stderr)
                shutil.rmtree(folder, ignore_errors=True)
                _run(sys.executable, "-m", "venv", str(folder))
                _run(*pip, "install", "--quiet", "--requirement", str(requirements))
        if name == _OWN:
            with _Stamp(folder / "sources.stamp", _own_sources()) as stamp:
                if stamp.is_old:
                    _run(*pip, "install", "--quiet", "--no-deps", "--force-reinstall", str(ROOT))


class _Stamp:
    """Whether a step was done with the files as they are; written when its block ends well."""

    def __init__(self, path: Path, files: Iterable[Path]) -> None:
        digest = hashlib.sha256()
        for file in files:
            digest.update(file.read_bytes())
        self._path = path
        self._wanted = digest.hexdigest()
        self.is_old = not (path.exists() and path.read_text() == self._wanted)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._path.write_text(self._wanted)


def _own_sources() -> list[Path]:
    found = [path for name in _SOURCES for path in (ROOT / name).rglob("*.py")]
    return [ROOT / "pyproject.toml", *sorted(found)]


def _run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    return done.stdout
