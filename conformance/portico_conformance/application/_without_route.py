"""Hooks of the whole application, which run where no route was found, or before one is looked for.

They act for the paths of `_lifecycle` alone, and in place: those that were asynchronous would put
every request of the suite on an event loop. For `/async/life` they return something to await. This
is the last of the areas, so that they reach no route of another one.
"""

from collections.abc import Callable
from typing import Any

from portico import Context, Response
from portico_conformance.application._app import app
from portico_conformance.application._lifecycle import count_status
from portico_conformance.application._lifecycle_acts import act
from portico_conformance.application._lifecycle_order import COLOURS


def act_here(ctx: Context, colour: str, name: str) -> Any:
    """What a hook of the whole application does for the paths of this area, and for no other."""
    if not ctx.path.startswith(f"/{colour}/life"):
        return None
    return act(ctx, name) if colour == "sync" else _later(ctx, name)


async def _later(ctx: Context, name: str) -> Any:
    return act(ctx, name)


def _request_hook(colour: str, name: str) -> Callable[[Context], Any]:
    return lambda ctx: act_here(ctx, colour, name)


def _hook_with_value(colour: str, name: str) -> Callable[[Context, Any], Any]:
    return lambda ctx, value: act_here(ctx, colour, name)


def _after_response(ctx: Context, response: Response) -> None:
    if "/life/" in ctx.path and ctx.route == "":
        count_status(ctx, response)


for _colour in COLOURS:
    app.request(_request_hook(_colour, "request-1"), blocking=False)
    app.request(_request_hook(_colour, "request-2"), blocking=False)
    app.error(405, _hook_with_value(_colour, "app-error-405"), blocking=False)
    app.error(_hook_with_value(_colour, "app-error"), blocking=False)
    app.map_response(_hook_with_value(_colour, "app-map_response"), blocking=False)
app.after_response(_after_response, blocking=False)
