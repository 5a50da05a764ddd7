"""Publishing: the broker of a `Running`, and what goes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico._broker import LocalBroker
from portico._errors import CapabilityError
from portico._message import encoded
from portico._runtime import ABSENT, EMULATED, Capability

if TYPE_CHECKING:
    from portico._broker import Broker, Deliver
    from portico._context import Context
    from portico._platform import Platform


async def broker_of(ctx: Context, *, subscribes: bool = False) -> Broker:
    """The broker that serves a request.

    Args:
        ctx: the request's.
        subscribes: whether it is for a subscription.

    Raises:
        CapabilityError: one request may not send for another here, or there are no connections.
    """
    running = ctx._running
    if subscribes or running.broker_key is None:
        _check_capabilities(ctx.platform)
    key = running.broker_key
    if key is not None:
        # One that lives as long as a request is made when it is asked for.
        chosen: Broker = await ctx.get(key) if running.per_request else ctx[key]
        return chosen
    if running.broker is None:
        running.broker = LocalBroker()
    return running.broker


def _check_capabilities(platform: Platform) -> None:
    if platform.capabilities[Capability.WEBSOCKET] is EMULATED:
        raise CapabilityError(
            f"Topics need connections that stay in memory. On {platform.runtime.name!r} each event "
            "of a WebSocket is a call of its own: keep who wants what in a store, and send there."
        )
    for needed in (Capability.WEBSOCKET, Capability.SHARED_RESOURCES):
        if platform.capabilities[needed] is ABSENT:
            raise CapabilityError(
                f"Topics need {needed.value!r}, which the runtime {platform.runtime.name!r} does "
                "not have: what it serves at the same time cannot reach each other. Look at "
                "`ctx.platform.capabilities` first."
            )


async def publish(ctx: Context, topic: str, value: object, *, but: Deliver | None = None) -> None:
    """Encode a value once, and hand it to every subscriber of a topic but one."""
    data = encoded(value)
    broker = await broker_of(ctx)
    await broker.publish(topic, data, but=but)
