"""The case's side of signals and counts; `application/_signals.py` has the other."""

import json
import secrets
import time
from contextlib import AbstractContextManager
from pathlib import Path

from portico_conformance._case import Client, Exchange
from portico_conformance.application._signals import PAUSE, WAITS, signal_file


def new_name() -> str:
    """A name that no other case has."""
    return f"s{secrets.token_hex(8)}"


def begin(client: Client, target: str) -> AbstractContextManager[Exchange]:
    """A GET of which the case takes the answer step by step."""
    return client.open("GET", target, [("Content-Length", "0")])


def raise_signal(client: Client, name: str) -> None:
    """Let the application pass, where it waits for the signal."""
    if client.row.concurrent:
        assert client.request("POST", f"/signals/{name}").status == 204
    else:
        _file(name).touch()


def wait_for_signal(client: Client, name: str) -> None:
    """Wait until the application raises the signal."""
    if client.row.concurrent:
        assert client.request("GET", f"/signals/{name}").body == b"raised"
        return
    file = _file(name)
    for _ in range(WAITS):
        if file.exists():
            return
        time.sleep(PAUSE)
    raise TimeoutError(f"the application did not raise {name!r}")


def is_raised(client: Client, name: str) -> bool:
    """Whether the application has raised the signal; a row asks when no request is under way."""
    return client.request("GET", f"/raised/{name}").body == b"true"


def count_of(client: Client, name: str, least: int = 1) -> int:
    """How often the application counted, once that is `least`."""
    count: int = json.loads(client.request("GET", f"/counts/{name}?least={least}").body)
    return count


def settled_count_of(client: Client, name: str) -> int:
    """How often the application counted, once it does not count any more."""
    count: int = json.loads(client.request("GET", f"/counts/{name}/settled").body)
    return count


def _file(name: str) -> Path:
    file = signal_file(name)
    assert file is not None, "a row that is not concurrent sets PORTICO_CONFORMANCE_DIR"
    return file
