"""`redis_broker()`: what is published reaches the connections of every process."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final

from portico import Broker, DefinitionError

if TYPE_CHECKING:
    from portico_plugins._redis_address import RedisAddress
    from portico_plugins._redis_link import MakeLink

_VARIABLE: Final = "REDIS_URL"


def redis_broker(
    url: str | None = None,
    *,
    prefix: str = "portico:",
    timeout: float = 5.0,
    heartbeat: float = 10.0,
) -> Callable[[Any], AsyncIterator[Broker]]:
    """A resource whose value hands on what is published among processes, through Redis.

    `app.broker(app.resource(redis_broker("redis://localhost")))`. It takes redis-py under asyncio
    (the extra `redis`) and coredis under trio (the extra `redis-trio`), and Redis from 6.0.

    Redis may be away when the application starts, or go away later: that is reported, and tried
    again. Until it is back, whoever publishes or subscribes gets `BrokerError`; connections keep
    their subscriptions, and miss what others publish meanwhile. Where it refuses the password or
    the user, the application does not start.

    Behind WSGI and on Lambda, where nobody can subscribe, each message that is published has a
    connection of its own.

    Args:
        url: `redis://user:password@host:6379/0`, `rediss://` for TLS, or `unix:///path`; by default
            the variable `REDIS_URL` of the platform's environment. TLS takes the options
            `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile` (paths) and `ssl_cert_reqs=none`.
        prefix: what the names of channels begin with. Redis divides channels by nothing else, not
            even by the number of a database: two applications need two prefixes.
        timeout: how many seconds Redis may take to answer.
        heartbeat: after how many idle seconds it is asked whether it is there.

    Raises:
        DefinitionError: the URL is wrong.
    """
    from portico_plugins._redis_address import RedisAddress

    if not (timeout > 0 and heartbeat > 0):
        raise DefinitionError(
            f"redis_broker got timeout={timeout!r} and heartbeat={heartbeat!r}. Both are seconds, "
            "more than 0."
        )
    given = RedisAddress(url) if url is not None else None

    async def broker(platform: Any) -> AsyncIterator[Broker]:
        support = {each.value: how.value for each, how in platform.capabilities.items()}
        if support["shared_resources"] == "absent":
            from portico_plugins._redis_sender import NoRedis

            # It may be made for a request that has no use for it.
            yield NoRedis(platform.runtime.name)
            return
        address = given or RedisAddress(_url_of(platform))
        make_link = _link_of_loop()
        _check_files(address)
        if support["websocket"] != "native":
            from portico_plugins._redis_sender import RedisSender

            yield RedisSender(address, make_link, prefix=prefix, timeout=timeout)
            return
        from anyio import create_task_group

        from portico_plugins._redis_broker import RedisBroker

        made = RedisBroker(
            address, make_link, platform, prefix=prefix, timeout=timeout, heartbeat=heartbeat
        )
        refusal: Exception | None = None
        async with create_task_group() as tasks:
            refusal = await tasks.start(made.run)
            if refusal is None:
                yield made
            tasks.cancel_scope.cancel()
        if refusal is not None:
            raise DefinitionError(
                f"Redis at {address} refuses this application: {refusal}. Look at the user and the "
                "password in its URL, the number of the database, and whether it is 6.0 or later."
            ) from refusal

    return broker


def _url_of(platform: Any) -> str:
    url: str = platform.env.get(_VARIABLE, "")
    if not url:
        raise DefinitionError(
            f"redis_broker was given no URL, and the environment has no {_VARIABLE}. Set it, as in "
            f"{_VARIABLE}=redis://localhost:6379."
        )
    return url


def _link_of_loop() -> MakeLink:
    """What connects on the event loop that runs now.

    Raises:
        DefinitionError: the library for it is not installed.
    """
    trio = sys.modules.get("trio")
    is_trio = trio is not None and trio.lowlevel.in_trio_run()
    try:
        if is_trio:
            from portico_plugins._redis_trio import TrioLink

            return TrioLink
        from portico_plugins._redis_asyncio import AsyncioLink
    except ModuleNotFoundError as error:
        library, extra, loop = (
            ("coredis", "redis-trio", "trio") if is_trio else ("redis-py", "redis", "asyncio")
        )
        raise DefinitionError(
            f"redis_broker needs {library} under {loop}, and {error.name!r} is not installed. "
            f"Install `portico[{extra}]`."
        ) from error
    return AsyncioLink


def _check_files(address: RedisAddress) -> None:
    """Find a wrong certificate now: later it would look like a server that is away."""
    try:
        address.tls()
    except OSError as error:  # `ssl.SSLError` is one
        raise DefinitionError(
            f"The certificates for Redis at {address} cannot be used: {error}. Look at "
            f"{', '.join(address.files) or 'those of the system'}."
        ) from error
