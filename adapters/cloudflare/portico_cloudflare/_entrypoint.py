"""`Entrypoint`: the class that the runtime makes one instance of for each request."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


class Entrypoint:
    """What `Worker(app)` returns, for type checkers; and its base where there is no runtime.

    In a Worker the base is `workers.WorkerEntrypoint`. Each public method becomes one that other
    Workers can call (Workers RPC), so `fetch` is the only one here. Subclasses may add handlers of
    the runtime, such as `scheduled` and `queue`, and methods that other Workers are to call.

    Attributes:
        ctx: the execution context, with `waitUntil`.
        env: the bindings of the Worker.
    """

    def __init__(self, ctx: Any, env: Any) -> None:
        self.ctx = ctx
        self.env = env

    async def fetch(self, request: Any) -> Any:
        """Answer one request: a `workers.Request` or the `Request` of JavaScript in it."""
        raise NotImplementedError


def entrypoint_base() -> type[Any]:
    """`workers.WorkerEntrypoint`; elsewhere than in a Worker, `Entrypoint`."""
    try:
        base: type[Any] = import_module("workers").WorkerEntrypoint
    except ImportError:
        if sys.platform == "emscripten":
            raise
        return Entrypoint
    return base
