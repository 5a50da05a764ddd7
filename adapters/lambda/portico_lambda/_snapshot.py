"""Lambda SnapStart: the environment is frozen once it is initialized, and thawed many times.

The hooks are those that the package `snapshot-restore-py` registers: before the snapshot the last
one first, after it the first one first. The application is compiled before the snapshot and started
after it, since connections do not outlive one, and what is drawn at random would be drawn once.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portico_lambda._handler import Lambda
    from portico_lambda._runtime_api import RuntimeApi


def restore(handler: Lambda, api: RuntimeApi) -> None:
    """Where the function is to be frozen: have that done, and come back in one that was thawed.

    Raises:
        SystemExit: a hook has raised, which the Runtime API was told.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    handler.compile()
    # Whoever has registered a hook has imported it.
    registry: Any = sys.modules.get("snapshot_restore_py")
    try:
        before: Any = registry and registry.get_before_snapshot()
        while before:
            fn, args, kwargs = before.pop()
            fn(*args, **kwargs)
    except Exception as error:
        api.init_failed(error, "Runtime.BeforeSnapshotError")
        raise SystemExit(64) from error
    api.await_restore()
    try:
        after: Any = registry and registry.get_after_restore()
        for fn, args, kwargs in after or ():
            fn(*args, **kwargs)
    except Exception as error:
        api.restore_failed(error)
        raise SystemExit(65) from error
