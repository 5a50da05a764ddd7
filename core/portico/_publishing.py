"""Publishing: the broker of a `Running`, and what goes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico._broker import LocalBroker
from portico._errors import CapabilityError
from portico._message import encoded
from portico._runtime import ABSENT, Capability

if TYPE_CHECKING:
    from portico._broker import Broker, Deliver
    from portico._context import Context


def broker_of(ctx: Context) -> Broker:
    """The broker that serves a request.

    Raises:
        CapabilityError: one request may not send for another here, or there are no connections.
    """
    running, capabilities = ctx._running, ctx.platform.capabilities
    if running.broker is None:
        for needed in (Capability.WEBSOCKET, Capability.SHARED_RESOURCES):
            if capabilities[needed] is ABSENT:
                raise CapabilityError(
                    f"Topics need {needed.value!r}, which the runtime "
                    f"{ctx.platform.runtime.name!r} does not have: what it serves at the same time "
                    "cannot reach each other. Look at `ctx.platform.capabilities` first."
                )
        running.broker = LocalBroker()
    return running.broker


async def publish(ctx: Context, topic: str, value: object, *, but: Deliver | None = None) -> None:
    """Encode a value once, and hand it to every subscriber of a topic but one."""
    data = encoded(value)
    await broker_of(ctx).publish(topic, data, but=but)
