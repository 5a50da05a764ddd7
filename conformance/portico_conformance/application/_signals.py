"""Signals between a case and the application: how one waits for the other without a timer.

A signal is a name that is raised once and never lowered. The application waits for those that a
case raises and raises those that a case waits for. They travel by control routes, and where a row
answers one request at a time, as files in the folder that `PORTICO_CONFORMANCE_DIR` names. Every
wait is bounded, by `WAITS` looks.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from portico import Context, HTTPError
from portico_conformance.application._app import app

PAUSE: Final = 0.002  # seconds between two looks
WAITS: Final = 5000

_raised: set[str] = set()
_counts: Counter[str] = Counter()


def signal_file(name: str) -> Path | None:
    """Where a signal stands as a file, or None where the row does not use files."""
    folder = os.environ.get("PORTICO_CONFORMANCE_DIR")
    if folder is None or not name.replace("-", "").isalnum():
        return None
    return Path(folder, name)


def raise_signal(name: str) -> None:
    """Let those pass who wait for the signal, now and later."""
    _raised.add(name)
    file = signal_file(name)
    if file is not None:
        file.touch()


def is_raised(name: str) -> bool:
    """Whether the signal was raised, here or by a file."""
    if name in _raised:
        return True
    file = signal_file(name)
    return file is not None and file.exists()


def count(name: str) -> int:
    """Count one more of what has the name."""
    _counts[name] += 1
    return _counts[name]


def counted(name: str) -> int:
    """How often the name was counted so far."""
    return _counts[name]


async def until(ctx: Context, condition: Callable[[], bool]) -> bool:
    """Wait for a condition on the event loop; whether it came true."""
    for _ in range(WAITS):
        if condition():
            return True
        await ctx.platform.sleep(PAUSE)
    return condition()


def until_blocking(condition: Callable[[], bool]) -> bool:
    """Wait for a condition on a thread that may block; whether it came true."""
    for _ in range(WAITS):
        if condition():
            return True
        time.sleep(PAUSE)
    return condition()


@app.post("/signals/{name}")
async def raise_by_request(name: str) -> None:
    """What a case calls to raise a signal."""
    raise_signal(name)


@app.get("/signals/{name}")
async def wait_for_signal(ctx: Context, name: str) -> str:
    """Answer when the signal is raised."""
    if not await until(ctx, lambda: is_raised(name)):
        raise HTTPError(504, f"{name!r} was not raised")
    return "raised"


@app.get("/raised/{name}")
async def read_signal(name: str) -> bool:
    """Whether the signal was raised."""
    return is_raised(name)


@app.get("/counts/{name}")
async def read_count(ctx: Context, name: str, least: int = 0) -> int:
    """How often it was counted, once that is `least`, or after the longest wait."""
    await until(ctx, lambda: _counts[name] >= least)
    return _counts[name]


@app.get("/counts/{name}/settled")
async def read_settled_count(ctx: Context, name: str) -> int:
    """How often it was counted, once it was not for fifty looks."""
    unchanged, last = 0, -1

    def is_settled() -> bool:
        nonlocal unchanged, last
        unchanged = unchanged + 1 if _counts[name] == last else 0
        last = _counts[name]
        return unchanged == 50

    await until(ctx, is_settled)
    return last
