"""A real Python Worker in the real `workerd`, offline: staged, snapshotted, started and stopped.

`workerd` reads one configuration, into which every file of the Worker is embedded, and serves it
on a port that it chooses. A deployment to Cloudflare imports the Worker once, keeps a snapshot of
the memory and starts from that. The same is done here when it is asked for, so that what could not
be deployed fails here.
"""

import json
import os
import selectors
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from portico_conformance._workerd_bundle import bundle_folder
from portico_conformance.components import ensure_worker_packages, ensure_workerd

# The day of the pinned release, and flags: Python 3.14 from the bundle in our cache, which to
# `workerd` is an experiment, and snapshots that hold the Worker's own modules too.
_DATE = "2026-11-17"
_FLAGS = ("python_workers_development", "experimental", "python_dedicated_snapshot")

# Seconds. A start takes three; the rest is for a machine with much else to do.
_START_PATIENCE = 90.0
_STOP_PATIENCE = 5.0

_LOG_TAIL = 4000  # bytes

_CONFIG = """\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)%s],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = %s)],
);
const worker :Workerd.Worker = (
  modules = [
    %s
  ],
  compatibilityDate = %s,
  compatibilityFlags = [%s],
  bindings = [%s],
);
"""


# A Worker of JavaScript in front of it, which can send it what is no request.
_CALLER = """\
const caller :Workerd.Worker = (
  modules = [(name = "caller.js", esModule = %s)],
  compatibilityDate = %s,
  compatibilityFlags = ["service_binding_extra_handlers"],
  bindings = [(name = "MAIN", service = "main")],
);
"""


class WorkerError(Exception):
    """The Worker did not start. The text says at which step, and ends with what `workerd` wrote."""


class Worker:
    """A Worker that serves on loopback while the `with` block lasts.

    Args:
        main: the source of the main module, or the path of its file. It defines `Default`.
        packages: folders of packages, and files of modules, that it can import by the same name.
            What `ensure_worker_packages` finds is there already.
        bindings: the text bindings of its `env`.
        caller: the source of a Worker of JavaScript that takes the requests in the place of this
            one, which is its binding `MAIN`: `MAIN.queue(name, messages)`, `MAIN.scheduled(...)`.
        snapshot: import it once, and start from the snapshot of the memory after that. What may
            not happen at import is then an error.

    Entering it raises:
        ComponentMissingError: `workerd` or the Worker's packages are not in the cache.
        WorkerError: the snapshot cannot be made, or the Worker does not start.
    """

    def __init__(
        self,
        main: str | Path,
        *,
        packages: Sequence[Path] = (),
        bindings: Mapping[str, str] | None = None,
        caller: str | None = None,
        snapshot: bool = False,
    ) -> None:
        self._caller = caller
        self._main = main if isinstance(main, str) else main.read_text(encoding="utf-8")
        self._packages = packages
        self._bindings = bindings or {}
        self._snapshot = snapshot
        self._exits = ExitStack()
        self._log_file: Path | None = None
        self._log = b""
        self.port = 0
        """The TCP port on 127.0.0.1; 0 while it does not serve."""
        self.pid: int | None = None
        """The id of the process; None while it does not serve."""
        self.started_in = 0.0
        """Seconds from the start of the process that serves to its listening; 0 before it."""

    def __enter__(self) -> Self:
        paths = ensure_workerd()
        packages = [*sorted(ensure_worker_packages().iterdir()), *self._packages]
        command = _Command(paths.workerd, bundle_folder(paths))
        with ExitStack() as exits:
            folder = Path(
                exits.enter_context(tempfile.TemporaryDirectory(prefix="portico-worker-"))
            )
            self._log_file = folder / "log"
            exits.callback(self._keep_log)
            config = _stage(folder, self._main, packages, self._bindings, self._caller)
            options = _save_snapshot(command, config) if self._snapshot else ()
            server = _serving(command, config, self._log_file, options)
            begin = monotonic()
            self.pid, self.port = exits.enter_context(server)
            self.started_in = monotonic() - begin
            self._exits = exits.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exits.close()
        self.pid, self.port = None, 0

    def log(self) -> str:
        """What `workerd` has written by now: what the Worker prints, tracebacks, warnings."""
        log = self._log if self._log_file is None else self._log_file.read_bytes()
        return log.decode(errors="replace")

    def _keep_log(self) -> None:
        if self._log_file is not None and self._log_file.exists():
            self._log = self._log_file.read_bytes()
        self._log_file = None


# --- Staging --------------------------------------------------------------------------------------


def _stage(
    folder: Path,
    main: str,
    packages: Sequence[Path],
    bindings: Mapping[str, str],
    caller: str | None,
) -> Path:
    """Lay out the Worker's files in `folder`, and write the configuration that embeds them."""
    stage = folder / "stage"
    library = stage / "python_modules"
    library.mkdir(parents=True)
    (stage / "worker.py").write_text(main, encoding="utf-8")
    left_out = shutil.ignore_patterns("__pycache__", "*.dist-info", "*.pyi")
    for package in packages:
        if package.is_dir():
            shutil.copytree(package, library / package.name, ignore=left_out)
        elif package.suffix != ".pyi":
            shutil.copyfile(package, library / package.name)
    config = folder / "config.capnp"
    config.write_text(_config(stage, bindings, caller), encoding="utf-8")
    return config


def _config(stage: Path, bindings: Mapping[str, str], caller: str | None) -> str:
    files = sorted(path for path in stage.rglob("*") if path.is_file())
    # The first module is the main one.
    files.sort(key=lambda path: path != stage / "worker.py")
    modules = [_module(path.relative_to(stage).as_posix()) for path in files]
    texts = [f"(name = {_text(name)}, text = {_text(value)})" for name, value in bindings.items()]
    flags = ", ".join(map(_text, _FLAGS))
    services = '"main"' if caller is None else '"caller"'
    more = "" if caller is None else ', (name = "caller", worker = .caller)'
    config = _CONFIG % (
        more,
        services,
        ",\n    ".join(modules),
        _text(_DATE),
        flags,
        ", ".join(texts),
    )
    return config if caller is None else config + _CALLER % (_text(caller), _text(_DATE))


def _module(name: str) -> str:
    # What is no Python is data to Python: extension modules, templates, `.pth` files.
    kind = "pythonModule" if name.endswith(".py") else "data"
    return f"(name = {_text(name)}, {kind} = embed {_text('stage/' + name)})"


def _text(value: str) -> str:
    """A Cap'n Proto text literal; like C's, it takes any byte as two hexadecimal digits."""
    plain = (
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}"
        for byte in value.encode()
    )
    return f'"{"".join(plain)}"'


# --- Running --------------------------------------------------------------------------------------


class _Command:
    """`workerd` with the options that every run of it takes."""

    __slots__ = ("bundle", "executable")

    def __init__(self, executable: Path, bundle: Path) -> None:
        self.executable = executable
        self.bundle = bundle

    def __call__(self, verb: str, config: Path, *options: str) -> list[str]:
        bundle = f"--pyodide-bundle-disk-cache-dir={self.bundle}"
        return [str(self.executable), verb, "--experimental", bundle, *options, str(config)]


def _save_snapshot(command: _Command, config: Path) -> tuple[str, ...]:
    """Import the Worker and save the memory; returns the options that start from there."""
    folder = config.with_name("snapshot")
    folder.mkdir()
    directory = f"--python-snapshot-dir={folder}"
    # A log of its own: `workerd test` also runs the Worker's tests. There are none, which it writes
    # down as a failure and ends with, so that only the file tells whether a snapshot was made.
    log = folder / "log"
    with log.open("wb") as output:
        try:
            subprocess.run(
                command("test", config, "--python-save-snapshot", directory),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=_START_PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            problem = f"no snapshot was made in {_START_PATIENCE:.0f} seconds"
            raise _failure(problem, log) from error
    if not (folder / "snapshot.bin").is_file():
        raise _failure("no snapshot can be made of it, so it could not be deployed either", log)
    return ("--python-load-snapshot=snapshot.bin", directory)


@contextmanager
def _serving(
    command: _Command, config: Path, log: Path, options: Sequence[str]
) -> Generator[tuple[int, int]]:
    """Run `workerd serve` until the block ends; gives the id of its process and its port."""
    reader, writer = os.pipe()
    try:
        with log.open("wb") as output:
            try:
                process = subprocess.Popen(
                    command("serve", config, *options, f"--control-fd={writer}"),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(writer,),
                )
            finally:
                # With our copy closed, the reader sees the end of `workerd` as the end of the file.
                os.close(writer)
        try:
            yield process.pid, _port(reader, log)
        finally:
            _stop(process)
    finally:
        os.close(reader)


def _port(control: int, log: Path) -> int:
    """Wait for the event that says where `workerd` listens."""
    deadline = monotonic() + _START_PATIENCE
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while selector.select(max(deadline - monotonic(), 0)):
            received = os.read(control, 4096)
            if not received:
                raise _failure("workerd ended before it listened", log)
            *lines, pending = (pending + received).split(b"\n")
            for event in map(json.loads, lines):
                if event.get("event") == "listen":
                    return int(event["port"])
    raise _failure(f"workerd did not listen within {_START_PATIENCE:.0f} seconds", log)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_STOP_PATIENCE)


def _failure(problem: str, log: Path) -> WorkerError:
    tail = log.read_bytes()[-_LOG_TAIL:].decode(errors="replace").strip()
    return WorkerError(f"The Worker did not start: {problem}. The end of its log:\n{tail}")
