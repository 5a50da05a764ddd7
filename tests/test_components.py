"""Finding and fetching what pip does not install; nothing here touches the network."""

import json
import os
import platform
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from portico_conformance import components
from portico_conformance._registries import FetchError, Wheel, download, install_node_modules
from portico_conformance._require_component import require_component
from portico_conformance.components import (
    COMMAND,
    COMPONENTS,
    PYODIDE_VERSION,
    WORKERD_VERSION,
    Component,
    ComponentMissingError,
    cache_folder,
    ensure_emulator,
    ensure_redis_server,
    ensure_worker_packages,
    ensure_workerd,
    main,
    missing,
    publish,
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, on a system that all components exist for and that has none of its own."""
    monkeypatch.setenv("PORTICO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    return tmp_path / "cache"


def fill(folder: Path, scratch: Path) -> None:
    (scratch / "on the way").touch()
    (folder / "file").write_text("whole")


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"PORTICO_CACHE": "/own", "XDG_CACHE_HOME": "/shared"}, "/own"),
        ({"PORTICO_CACHE": "", "XDG_CACHE_HOME": "/shared"}, "/shared/portico"),
        ({"HOME": "/home/me"}, "/home/me/.cache/portico"),
        ({"HOME": "/home/me", "XDG_CACHE_HOME": "relative"}, "/home/me/.cache/portico"),
    ],
)
def test_the_cache_is_where_the_environment_says(
    environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PORTICO_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert cache_folder() == Path(folder)


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("find", "name"),
    [
        pytest.param(ensure_workerd, "workerd", id="workerd"),
        pytest.param(ensure_emulator, "emulator", id="emulator"),
        pytest.param(ensure_worker_packages, "worker-packages", id="worker-packages"),
        pytest.param(ensure_redis_server, "redis-server", id="redis-server"),
    ],
)
def test_a_missing_component_is_named_with_the_command_that_gets_it(
    find: object, name: str
) -> None:
    assert callable(find)
    with pytest.raises(ComponentMissingError) as caught:
        find()

    assert str(caught.value).startswith(f"{name} ")
    assert str(caught.value).endswith(f"Get it with: {COMMAND} {name}")


@pytest.mark.usefixtures("cache")
def test_all_that_is_missing_is_listed_in_one_go() -> None:
    assert [sentence.split()[0] for sentence in missing()] == [each.name for each in COMPONENTS]


def test_a_component_that_is_there_is_found_without_fetching(cache: Path) -> None:
    for component in COMPONENTS:
        component.folder.mkdir(parents=True)

    assert missing() == []
    assert ensure_worker_packages(fetch=True).parent == cache
    assert ensure_emulator(fetch=True).name == "aws-lambda-rie-x86_64"
    assert ensure_redis_server(fetch=True).parent.parent == cache
    assert ensure_workerd(fetch=True).workerd.parts[-4:] == (
        "@cloudflare",
        "workerd-linux-64",
        "bin",
        "workerd",
    )


def test_a_component_that_does_not_exist_for_a_system_says_for_which_it_does(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "plan9")

    with pytest.raises(ComponentMissingError) as caught:
        ensure_emulator(fetch=True)

    assert "does not exist for plan9 x86_64, only for linux x86_64, linux aarch64" in str(
        caught.value
    )
    assert not cache.exists()


def test_a_program_on_the_path_does_as_well_as_the_component(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "sparc64")
    with pytest.raises(ComponentMissingError, match="or install redis-server on the PATH"):
        ensure_redis_server(fetch=True)

    program = tmp_path / "bin" / "redis-server"
    program.parent.mkdir()
    program.touch(0o755)

    assert ensure_redis_server(fetch=True) == program
    assert not cache.exists()


def test_a_fetched_component_is_whole_and_alone_in_the_cache(cache: Path) -> None:
    folder = Component("thing", "1.0", fill).ensure(fetch=True)

    assert folder == cache / "thing-1.0"
    assert [path.relative_to(cache).as_posix() for path in sorted(cache.rglob("*"))] == [
        "thing-1.0",
        "thing-1.0/file",
    ]


def test_an_interrupted_fetch_leaves_nothing(cache: Path) -> None:
    def interrupted(folder: Path, scratch: Path) -> None:
        fill(folder, scratch)
        raise KeyboardInterrupt

    component = Component("thing", "1.0", interrupted)
    with pytest.raises(KeyboardInterrupt):
        component.ensure(fetch=True)

    assert list(cache.iterdir()) == []
    with pytest.raises(ComponentMissingError):
        component.ensure()


def test_of_two_fetches_at_once_the_first_wins_and_both_succeed(cache: Path) -> None:
    both = threading.Barrier(2, timeout=10)
    found: list[Path] = []

    def together(folder: Path, scratch: Path) -> None:
        fill(folder, scratch)
        both.wait()

    def fetch() -> None:
        found.append(publish(cache / "thing", together))

    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert found == [cache / "thing"] * 2
    assert [path.name for path in cache.iterdir()] == ["thing"]
    assert (cache / "thing" / "file").read_text() == "whole"


def test_the_command_fetches_what_it_can_and_names_what_it_cannot(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline(folder: Path, scratch: Path) -> None:
        raise FetchError("There is no network.")

    known = (Component("broken", "1.0", offline), Component("whole", "1.0", fill))
    monkeypatch.setattr(components, "COMPONENTS", known)

    assert main([]) == 1
    assert capsys.readouterr() == (
        f"whole: {cache / 'whole-1.0'}\n",
        "broken could not be fetched. There is no network.\n",
    )
    assert main(["whole"]) == 0


def test_the_command_refuses_a_name_that_it_does_not_know(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["workered"]) == 2
    assert capsys.readouterr().err == (
        "There is no component 'workered', only workerd, emulator, worker-packages, redis-server.\n"
    )


@pytest.mark.parametrize(("ci", "outcome"), [("true", "failed"), ("", "skipped")])
def test_a_test_that_needs_a_missing_component_is(
    ci: str, outcome: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    exceptions = {"failed": pytest.fail.Exception, "skipped": pytest.skip.Exception}

    with pytest.raises(exceptions[outcome], match=f"Get it with: {COMMAND} emulator"):
        require_component(ensure_emulator)


def test_a_client_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho the reason\nexit 7\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("package.json", "package-lock.json"):
        (tmp_path / name).touch()
    folder = tmp_path / "target"
    folder.mkdir()

    with pytest.raises(FetchError, match=r"npm ci .* ended with 7:\nthe reason"):
        install_node_modules(tmp_path, folder, tmp_path)


def test_a_wheel_with_another_digest_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "thing-1.0-py3-none-any.whl").write_bytes(b"anything")
    # pip looks here and nowhere else.
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))

    with pytest.raises(FetchError, match="DO NOT MATCH THE HASHES"):
        download(Wheel("thing==1.0", "0" * 64), tmp_path)


def test_the_lock_file_has_the_versions_that_the_code_names() -> None:
    lock = Path(components.__file__).with_name("npm") / "package-lock.json"
    packages = json.loads(lock.read_text())["packages"]

    assert packages["node_modules/pyodide"]["version"] == PYODIDE_VERSION
    for system in ("64", "arm64"):
        package = packages[f"node_modules/@cloudflare/workerd-linux-{system}"]
        assert package["version"] == WORKERD_VERSION


def test_the_command_needs_nothing_but_the_standard_library() -> None:
    root = Path(components.__file__).parents[1]
    # -S: no site-packages, so neither portico nor pip.
    command = [sys.executable, "-S", "-m", "portico_conformance.components", "no-such-name"]
    ended = subprocess.run(
        command, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, timeout=30
    )

    assert ended.stderr.startswith("There is no component 'no-such-name'")
