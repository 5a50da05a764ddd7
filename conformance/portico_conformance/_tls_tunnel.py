"""A way through TLS for a client that speaks plain HTTP: a port on loopback, and what it leads to.

The suite's client reads a socket byte by byte, which TLS does not offer.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress

from anyio.from_thread import start_blocking_portal

_RECEIVE = 1 << 16  # bytes carried at once


@contextmanager
def tls_tunnel(host: str, port: int, context: ssl.SSLContext | None = None) -> Generator[int]:
    """A port on 127.0.0.1 that leads to a TLS server while the `with` block lasts.

    Args:
        host: the server's name, which its certificate is held to.
        port: its port.
        context: what is trusted; by default what the system trusts.
    """
    trusted = context or ssl.create_default_context()

    async def carry(near: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        try:
            far, far_out = await asyncio.open_connection(host, port, ssl=trusted)
        except OSError:
            near_out.transport.abort()
            return
        # What ends one side ends the other.
        ways = [
            asyncio.create_task(_copy(near, far_out)),
            asyncio.create_task(_copy(far, near_out)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for out in (near_out, far_out):
            out.close()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(carry, "127.0.0.1", 0)

    with start_blocking_portal("asyncio") as portal:
        server = portal.call(listen)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            portal.call(server.close)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(_RECEIVE):
            target.write(data)
            await target.drain()
