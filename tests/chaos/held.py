"""What a process holds: tasks, threads, files, objects and memory."""

import asyncio
import gc
import os
import sys
import threading
from pathlib import Path

from msgspec import Struct


class Held(Struct):
    """What the process holds at the moment.

    Attributes:
        tasks: of the event loop that answers; 0 where there is none.
        threads: of Python.
        files: open file descriptors, that of the directory left out.
        objects: those that the collector knows.
        resident: bytes of memory.
    """

    tasks: int
    threads: int
    files: int
    objects: int
    resident: int


def now_held() -> Held:
    """What is held at this moment, with what is garbage collected before."""
    gc.collect()
    return Held(
        tasks=_tasks(),
        threads=threading.active_count(),
        files=len(os.listdir("/proc/self/fd")) - 1,
        objects=len(gc.get_objects()),
        resident=_resident(),
    )


def _tasks() -> int:
    if "trio" in sys.modules and sys.modules["trio"].lowlevel.in_trio_task():
        count: int = sys.modules["trio"].lowlevel.current_statistics().tasks_living
        return count
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0  # no loop runs here


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")
