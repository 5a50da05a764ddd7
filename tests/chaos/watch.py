"""A look into a server's process from outside, over HTTP."""

import time
from typing import Self

import msgspec

from chaos.held import Held
from chaos.servers import PATIENCE
from portico_conformance._raw_client import RawClient
from portico_conformance._servers import Server
from portico_conformance._wire import WireRequest


class Watch:
    """Asks a server what it holds, on one connection."""

    def __init__(self, server: Server) -> None:
        self._client = RawClient(server.host, server.port, PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()

    def look(self) -> Held:
        answer = self._client.request(WireRequest("GET", "/held"))
        return msgspec.json.decode(answer.body, type=Held)

    def wait_until_idle(self, idle: Held) -> Held:
        """Wait until tasks and files are as few as they were; what is held then, or at last."""
        end = time.monotonic() + 2 * PATIENCE
        held = self.look()
        while held.tasks > idle.tasks or held.files > idle.files:
            if time.monotonic() > end:
                break
            time.sleep(0.1)
            held = self.look()
        return held
