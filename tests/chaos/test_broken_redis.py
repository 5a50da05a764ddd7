"""Redis is killed (SIGKILL), or stands still (SIGSTOP), and comes back: sockets are subscribed."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from chaos.servers import PATIENCE, changed, chosen, end_of, open_files, serve, wait_for_log
from portico_conformance._raw_client import RawClient
from portico_conformance._servers import Server
from portico_conformance._socket_wire import WireSocket
from portico_conformance._wire import WireRequest
from redis_server import RedisServer

PASSWORD = "n0t-t0-be-l0gged"
MEMBERS = 10
ROWS = ["uvicorn-h11", "hypercorn-asyncio", "hypercorn-trio"]
LOST, BACK = "there is no connection to Redis", "Redis is back"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path, "--requirepass", PASSWORD) as redis:
        yield redis


@pytest.fixture(params=chosen(ROWS))
def servers(request: pytest.FixtureRequest, redis: RedisServer) -> Iterator[list[Server]]:
    """Two processes of a server."""
    environment = {"REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:{redis.port}"}
    row = changed(request.param)
    with (
        serve(row, environment, "chaos.topics:asgi") as one,
        serve(row, environment, "chaos.topics:asgi") as two,
    ):
        yield [one, two]


class Room:
    """Its members, some on each server."""

    def __init__(self, servers: list[Server]) -> None:
        self._servers = servers
        self._stack = ExitStack()
        self._publishers: list[RawClient] = []
        self.members: list[WireSocket] = []

    def __enter__(self) -> Self:
        for server in self._servers:
            client = RawClient(server.host, server.port, PATIENCE)
            self._publishers.append(self._stack.enter_context(client))
        for number in range(MEMBERS):
            server = self._servers[number % len(self._servers)]
            raw = self._stack.enter_context(RawClient(server.host, server.port, PATIENCE))
            member = WireSocket(raw, "/tea", [("Host", "app.test")])
            assert member.receive() == "joined"
            self.members.append(member)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def say_to_all(self, number: int) -> None:
        """Publish on one server after the other, as soon as it can; everybody gets each once."""
        texts = [f"{number}: {server.port}" for server in self._servers]
        for client, text in zip(self._publishers, texts, strict=True):
            publish(client, text)
        for member in self.members:
            assert [member.receive() for _ in texts] == texts

    def are_there(self) -> bool:
        """Whether every socket is open, and its server answers on it."""
        for member in self.members:
            member.send("are you there?")
        return [member.receive() for member in self.members] == ["yes"] * MEMBERS


def publish(client: RawClient, text: str) -> None:
    request = WireRequest("POST", "/tea", [("Content-Type", "text/plain")], text.encode())
    end = time.monotonic() + PATIENCE
    while True:
        answer = client.request(request)
        if answer.status == 200:
            return
        assert answer.status == 500
        assert time.monotonic() < end, "Nothing is published any more."
        time.sleep(0.05)


def test_sockets_outlive_a_redis_that_is_killed_and_comes_back(
    servers: list[Server], redis: RedisServer
) -> None:
    with Room(servers) as room:
        room.say_to_all(0)
        files = [len(open_files(server.pid or 0)) for server in servers]
        for number in range(1, 4):
            redis.kill()
            for server in servers:
                wait_for_log(server, LOST, number)
            assert room.are_there()
            speaker = room.members[0]
            speaker.send("nobody hears this")
            assert speaker.receive() == "away"
            redis.start("--requirepass", PASSWORD)
            for server in servers:
                wait_for_log(server, BACK, number)
            room.say_to_all(number)

        assert room.are_there()
        assert [len(open_files(server.pid or 0)) for server in servers] == files
    check_the_end(servers, redis)


def test_sockets_outlive_a_redis_that_stands_still_and_goes_on(
    servers: list[Server], redis: RedisServer
) -> None:
    with Room(servers) as room:
        room.say_to_all(0)
        redis.freeze()
        assert room.are_there()
        speaker = room.members[0]
        speaker.send("perhaps nobody hears this")
        assert speaker.receive() == "away"
        for server in servers:
            wait_for_log(server, LOST)
        redis.thaw()
        for server in servers:
            wait_for_log(server, BACK)
        drain(room)
        room.say_to_all(1)
        assert room.are_there()
    check_the_end(servers, redis)


def drain(room: Room) -> None:
    """Read up to where everybody is: what stood in Redis' queue may have arrived after all."""
    for member in room.members:
        member.send("are you there?")
        heard = [member.receive()]
        while heard[-1] != "yes":
            heard.append(member.receive())
        assert heard in (["yes"], ["perhaps nobody hears this", "yes"])


def check_the_end(servers: list[Server], redis: RedisServer) -> None:
    """Nothing is left behind, and the password was not told."""
    for server in servers:
        server.terminate()
        end_of(server)
        assert PASSWORD not in server.log()
        assert "Traceback" not in server.log().rpartition(BACK)[2]
    assert "NOAUTH" in redis.ask("PING")
