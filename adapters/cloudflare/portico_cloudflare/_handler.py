"""`Worker`: the entrypoint of a Worker, which drives one call of `fetch` after the other."""

from __future__ import annotations

from asyncio import get_running_loop
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, cast

from portico.contract import Options, Response, failure
from portico_cloudflare._entrypoint import Entrypoint, entrypoint_base
from portico_cloudflare._exchange import Exchange, finish
from portico_cloudflare._isolate import Isolate
from portico_cloudflare._platform import CAPABILITIES, WorkerPlatform, WorkerRaw
from portico_cloudflare._request import WorkerRequest
from portico_cloudflare._response import to_native_bytes

if TYPE_CHECKING:
    from typing import Unpack

    from portico.contract import Application, EventReceiver, OptionArguments


def Worker(  # noqa: N802 - it makes a class, and reads as one: `class Default(Worker(app))`
    app: Application, **options: Unpack[OptionArguments]
) -> type[Entrypoint]:
    """An application as the entrypoint of a Worker: `Default = Worker(app)` in its main module.

    The class may be subclassed, for other handlers of the runtime; the runtime finds it by its
    name, `Default`. It has `scheduled` and `queue` where the application has handlers of such
    events (`app.on`). It works under CPython too, where nothing but a test calls it.

    Call `app.compile()` before it, and the snapshot of the memory, from which a deployed Worker
    starts, has the compiled routes, and what forms, files and cookies import.

    The application starts at the first request of each isolate, and never stops, since nothing
    tells an isolate that it ends. A start that fails is reported and answers that request with a
    500; the next request tries again.

    Args:
        app: the application.
        options: those of `Options`, by name.

    Raises:
        DefinitionError: the application is not well defined, unless `check="deferred"`.
        CapabilityError: a route needs what Workers do not have, such as threads.
    """
    isolate = Isolate(app, Options(**options))
    if isolate.options.check == "now":
        app.check(CAPABILITIES, WorkerPlatform.runtime.name)

    async def fetch(self: Entrypoint, request: Any) -> Any:
        """Answer one request."""
        return await answer(isolate, WorkerRaw(request, self.env, self.ctx))

    members = {"__doc__": f"{app!r} as a Worker.", "__module__": __name__, "fetch": fetch}
    members |= _event_methods(isolate)
    return cast("type[Entrypoint]", type("Default", (entrypoint_base(),), members))


def _event_methods(isolate: Isolate) -> dict[str, Any]:
    """`scheduled` and `queue`, as far as the application takes them.

    Only so far: a public method of an entrypoint is one that other Workers can call.
    """
    app = cast("EventReceiver", isolate.app)
    kinds = {each.kind for each in getattr(app, "events", ())}

    async def scheduled(self: Entrypoint, controller: Any, *_: Any) -> None:
        """Handle one cron trigger."""
        from portico_cloudflare._events import handle_schedule

        await handle_schedule(isolate, app, WorkerRaw(controller, self.env, self.ctx))

    async def queue(self: Entrypoint, batch: Any, *_: Any) -> None:
        """Handle one batch of messages."""
        from portico_cloudflare._events import handle_batch

        await handle_batch(isolate, app, WorkerRaw(batch, self.env, self.ctx))

    methods = {"schedule": scheduled, "queue": queue}
    return {method.__name__: method for kind, method in methods.items() if kind in kinds}


async def answer(isolate: Isolate, raw: WorkerRaw) -> Any:
    """Answer one request with the `Response` of JavaScript."""
    platform = WorkerPlatform(isolate.options, raw)
    javascript = isolate.javascript
    request: WorkerRequest | None = None
    try:
        running = isolate.started
        if running is None:
            running = await isolate.running(raw)
        native = getattr(raw.request, "js_object", raw.request)
        request = WorkerRequest.read(native, platform, javascript)
        context = copy_context()
        response = context.run(isolate.app.handle, request, platform, running)
        if isinstance(response, Response) and isinstance(response.content, bytes):
            if not platform.end():
                platform.hold(get_running_loop().create_task(finish(platform), context=context))
            return to_native_bytes(response, javascript)
        exchange = Exchange(response, platform, javascript, context, _name(request))
        if not exchange.task.done():
            # The runtime gives up what runs for a peer that is gone, unless it is held.
            platform.hold(exchange.task)
        return await exchange.native()
    except Exception as error:  # noqa: BLE001 - reported; the peer gets a 500
        where = "a request" if request is None else _name(request)
        platform.report(error, f"{where} failed")
        return to_native_bytes(failure(), javascript)


def _name(request: WorkerRequest) -> str:
    return f"{request.method} {request.raw_path}"
