"""The broker that processes share through Redis, on a server of Redis, on asyncio and trio.

Two applications with a broker each are as good as two processes: all that they share is Redis.
`tests/chaos/test_broken_redis.py` has the real ones.
"""

import ssl
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio
import pytest
import trustme
from anyio.abc import SocketStream
from anyio.streams.tls import TLSListener, TLSStream

from portico import (
    Broker,
    BrokerError,
    CapabilityError,
    Context,
    DefinitionError,
    Portico,
    Request,
)
from portico.contract import (
    ABSENT,
    NATIVE,
    Capability,
    Platform,
    Response,
    Runtime,
)
from portico_lambda import Lambda
from portico_plugins import redis_broker
from portico_wsgi import WSGI
from redis_server import PATIENCE, RedisServer, free_port

pytestmark = pytest.mark.anyio

Data = str | bytes

_PREFIXES = count()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One for the tests that leave it as it was."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisServer]:
    """One for a test that breaks it."""
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def prefix() -> str:
    return f"test-{next(_PREFIXES)}:"


class LoopPlatform(Platform):
    """A runtime with an event loop, which keeps its reports."""

    runtime = Runtime("test", "loop")
    capabilities = MappingProxyType(dict.fromkeys(Capability, NATIVE))

    def __init__(self) -> None:
        super().__init__()
        self.reports: list[str] = []
        self.has_reported = anyio.Event()

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append(f"{where}: {error}")
        self.has_reported.set()
        self.has_reported = anyio.Event()

    async def wait_for(self, text: str) -> None:
        """Wait until something is reported."""
        with anyio.fail_after(PATIENCE):
            while not any(text in each for each in self.reports):
                await self.has_reported.wait()


class Process:
    """An application that has started, and its broker."""

    def __init__(self, broker: Broker, platform: LoopPlatform) -> None:
        self.broker = broker
        self.platform = platform
        self.subscribe = broker.subscribe
        self.unsubscribe = broker.unsubscribe
        self.publish = broker.publish

    async def publish_when_it_is_back(self, topic: str, data: Data) -> None:
        """Publish as soon as Redis is there again."""
        with anyio.fail_after(PATIENCE):
            while True:
                with suppress(BrokerError):
                    return await self.publish(topic, data)
                await anyio.sleep(0.01)  # the broker tells nobody when it is back, but a report


@asynccontextmanager
async def started(
    url: str | None, timeout: float = PATIENCE, **options: Any
) -> AsyncGenerator[Process]:
    """One process more; those that start later stop first."""
    app, platform = Portico(), LoopPlatform()
    key = app.resource(redis_broker(url, timeout=timeout, **options))
    app.broker(key)
    async with app.start(platform) as running:
        yield Process(running.value(key), platform)


class Inbox:
    """A connection that keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[Data] = []
        self._more = anyio.Event()

    def __call__(self, data: Data) -> None:
        self.got.append(data)
        self._more.set()
        self._more = anyio.Event()

    async def until(self, last: Data) -> list[Data]:
        """Wait for a message; all that came up to it."""
        with anyio.fail_after(PATIENCE):
            while last not in self.got:
                await self._more.wait()
        return self.got


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what Redis tells nobody of."""
    with anyio.fail_after(PATIENCE):
        while not condition():
            await anyio.sleep(0.002)


# What arrives


async def test_what_one_process_publishes_arrives_in_each_once_and_in_order(
    redis: RedisServer, prefix: str
) -> None:
    here, also_here, there = Inbox(), Inbox(), Inbox()
    said: list[Data] = ["hé\U0001f600", b"\xff\x00", "", b"", '{"a":1}', "\ud800", "end"]

    async with started(redis.url, prefix=prefix) as one, started(redis.url, prefix=prefix) as two:
        await one.subscribe("news", here)
        await one.subscribe("news", here)
        await one.subscribe("news", also_here)
        await two.subscribe("news", there)
        for data in said:
            await one.publish("news", data)

        assert [await inbox.until("end") for inbox in (here, also_here, there)] == [said] * 3
        assert one.platform.reports == two.platform.reports == []


async def test_who_publishes_does_not_get_it_back_but_everybody_else_does(
    redis: RedisServer, prefix: str
) -> None:
    publisher, neighbour, there = Inbox(), Inbox(), Inbox()

    async with started(redis.url, prefix=prefix) as one, started(redis.url, prefix=prefix) as two:
        for process, inbox in ((one, publisher), (one, neighbour), (two, there)):
            await process.subscribe("news", inbox)
        await one.publish("news", "not for me", but=publisher)
        await two.publish("news", "from elsewhere", but=there)
        await one.publish("news", "end")

        assert await publisher.until("end") == ["from elsewhere", "end"]
        assert await neighbour.until("end") == ["not for me", "from elsewhere", "end"]
        assert await there.until("end") == ["not for me", "end"]


async def test_all_processes_see_the_messages_of_a_topic_in_one_order(
    redis: RedisServer, prefix: str
) -> None:
    here, there = Inbox(), Inbox()

    async with started(redis.url, prefix=prefix) as one, started(redis.url, prefix=prefix) as two:
        await one.subscribe("news", here)
        await two.subscribe("news", there)

        async def publish(process: Process, name: str) -> None:
            for number in range(100):
                await process.publish("news", f"{name} {number}")

        async with anyio.create_task_group() as tasks:
            for name in "abc":
                tasks.start_soon(publish, one, name)
                tasks.start_soon(publish, two, name.upper())
        await one.publish("news", "end")

        assert await here.until("end") == await there.until("end")
        assert len(here.got) == 601
        for name in "abcABC":
            assert [each for each in here.got if each[:1] == name] == [
                f"{name} {number}" for number in range(100)
            ]


@pytest.mark.parametrize("topic", ["", " ", "*", "a\r\nb", "ключ", "\udcff", "x" * 100_000])
async def test_any_text_is_a_topic(redis: RedisServer, prefix: str, topic: str) -> None:
    inbox = Inbox()

    async with started(redis.url, prefix=prefix) as one:
        await one.subscribe(topic, inbox)
        await one.publish(topic + "?", "another")
        await one.publish(topic, "end")

        assert await inbox.until("end") == ["end"]


async def test_large_messages_and_many_at_once_arrive(redis: RedisServer, prefix: str) -> None:
    inbox = Inbox()
    large = bytes(3 << 20)

    async with started(redis.url, prefix=prefix) as one:
        await one.subscribe("news", inbox)
        async with anyio.create_task_group() as tasks:
            for number in range(1000):
                tasks.start_soon(one.publish, "news", str(number))
            tasks.start_soon(one.publish, "news", large)
        await one.publish("news", "end")

        got = await inbox.until("end")
        assert (len(got), got.count(large)) == (1002, 1)
        assert sorted(each for each in got if each not in ("end", large)) == sorted(
            map(str, range(1000))
        )


async def test_a_prefix_keeps_applications_apart(redis: RedisServer, prefix: str) -> None:
    inbox = Inbox()

    async with (
        started(redis.url, prefix=prefix) as one,
        started(f"{redis.url}/3", prefix=prefix + "other:") as other,
    ):
        await one.subscribe("news", inbox)
        await other.publish("news", "of another application")
        await one.publish("news", "end")

        assert await inbox.until("end") == ["end"]


async def test_what_another_program_publishes_is_reported_and_nobody_gets_it(
    redis: RedisServer, prefix: str
) -> None:
    inbox = Inbox()

    async with started(redis.url, prefix=prefix) as one:
        await one.subscribe("news", inbox)
        for message in ("short", "by hand, and long enough to be taken for one"):
            redis.ask("PUBLISH", f"{prefix}news", message)
        await one.publish("news", "end")

        assert await inbox.until("end") == ["end"]
        assert ["another program" in each for each in one.platform.reports] == [True, True]


async def test_a_subscriber_that_fails_is_reported_and_the_others_get_the_message(
    redis: RedisServer, prefix: str
) -> None:
    inbox = Inbox()

    def broken(data: Data) -> None:
        raise ValueError("I will not")

    async with started(redis.url, prefix=prefix) as one:
        await one.subscribe("news", broken)
        await one.subscribe("news", inbox)
        await one.publish("news", "end")

        assert await inbox.until("end") == ["end"]
        assert one.platform.reports == ["a subscriber did not take a message: I will not"]


# Subscriptions


async def test_a_topic_is_subscribed_to_once_for_each_process_and_left_with_the_last(
    redis: RedisServer, prefix: str
) -> None:
    inboxes = [Inbox() for _ in range(5)]

    async with started(redis.url, prefix=prefix) as one, started(redis.url, prefix=prefix) as two:
        for process in (one, two):
            for inbox in inboxes:
                await process.subscribe("news", inbox)
        assert redis.subscriptions(f"{prefix}news") == 2

        for inbox in inboxes[1:]:
            await one.unsubscribe("news", inbox)
        await one.publish("news", "first")
        assert redis.subscriptions(f"{prefix}news") == 2

        await one.unsubscribe("news", inboxes[0])
        await one.unsubscribe("news", inboxes[0])
        await one.unsubscribe("unknown", inboxes[0])
        await eventually(lambda: redis.subscriptions(f"{prefix}news") == 1)


async def test_subscribers_that_come_and_go_at_once_leave_nothing_and_miss_nothing(
    redis: RedisServer, prefix: str
) -> None:
    async with started(redis.url, prefix=prefix) as one:

        async def come_and_go(number: int) -> None:
            topic = f"topic {number % 7}"
            for turn in range(10):
                inbox = Inbox()
                await one.subscribe(topic, inbox)
                mark = f"{number} {turn}"
                await one.publish(topic, mark)
                await inbox.until(mark)
                await one.unsubscribe(topic, inbox)

        async with anyio.create_task_group() as tasks:
            for number in range(30):
                tasks.start_soon(come_and_go, number)

        for number in range(7):
            await eventually(partial(is_left, redis, f"{prefix}topic {number}"))
        assert one.platform.reports == []


def is_left(redis: RedisServer, channel: str) -> bool:
    return redis.subscriptions(channel) == 0


async def test_tasks_that_are_cancelled_leave_the_connection_whole(
    redis: RedisServer, prefix: str
) -> None:
    inbox = Inbox()

    async with started(redis.url, prefix=prefix) as one:
        for number in range(60):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(one.subscribe, f"topic {number}", inbox)
                    tasks.start_soon(one.publish, "news", "x" * 10_000)
                    for _ in range(number % 6):
                        await anyio.lowlevel.checkpoint()
                    scope.cancel()
        await one.subscribe("news", inbox)
        await one.publish("news", "end")

        assert await inbox.until("end") == ["end"]
        assert one.platform.reports == []
        for number in range(60):
            await one.unsubscribe(f"topic {number}", inbox)


# Redis is away


async def test_an_application_starts_while_redis_is_away_and_says_so(tmp_path: Path) -> None:
    inbox = Inbox()
    server = RedisServer(tmp_path)
    server.port = free_port()

    async with started(server.url) as one:
        assert len(one.platform.reports) == 1
        assert f"there is no connection to Redis at {server.url}" in one.platform.reports[0]
        with anyio.fail_after(1):
            for work in (one.publish("news", "lost"), one.subscribe("news", inbox)):
                with pytest.raises(BrokerError, match="is away"):
                    await work

        server.start()
        try:
            await one.platform.wait_for("Redis is back")
            await one.subscribe("news", inbox)
            await one.publish("news", "end")

            assert await inbox.until("end") == ["end"]
            assert len(one.platform.reports) == 2
        finally:
            server.kill()


async def test_a_redis_that_dies_and_comes_back_finds_the_subscriptions_as_they_were(
    own: RedisServer,
) -> None:
    here, gone, there = Inbox(), Inbox(), Inbox()

    async with started(own.url) as one, started(own.url) as two:
        await one.subscribe("news", here)
        await one.subscribe("gone", gone)
        await two.subscribe("news", there)
        own.kill()
        for process in (one, two):
            await process.platform.wait_for("there is no connection to Redis")
        with pytest.raises(BrokerError, match=r"not published|is away"):
            await one.publish("news", "lost")
        await one.unsubscribe("gone", gone)

        own.start()
        for process in (one, two):
            await process.platform.wait_for("Redis is back")
        await two.publish("news", "not for there", but=there)
        await one.publish("news", "end")

        assert await here.until("end") == ["not for there", "end"]
        assert await there.until("end") == ["end"]
        assert own.subscriptions("portico:gone") == 0
        assert "did not reach the" in one.platform.reports[1]
        assert len(one.platform.reports) == 2


async def test_what_is_published_while_redis_dies_arrives_once_or_not_at_all_and_in_order(
    own: RedisServer,
) -> None:
    inboxes = [Inbox(), Inbox()]
    failed: dict[Data, str] = {}

    async def publish(process: Process, name: str) -> None:
        for number in range(400):
            try:
                await process.publish("news", f"{name}{number}")
            except BrokerError as error:
                failed[f"{name}{number}"] = str(error)
                await process.platform.wait_for("Redis is back")

    async with started(own.url) as one, started(own.url) as two:
        for process, inbox in zip((one, two), inboxes, strict=True):
            await process.subscribe("news", inbox)
        async with anyio.create_task_group() as tasks:
            for name in "abcd":
                tasks.start_soon(publish, one if name in "ab" else two, name)
            await inboxes[0].until("a50")
            own.kill()
            await anyio.to_thread.run_sync(own.start)
        for process in (one, two):
            await process.platform.wait_for("Redis is back")
        await one.publish("news", "end")

        assert failed
        for inbox in inboxes:
            got = (await inbox.until("end"))[:-1]
            assert len(got) == len(set(got))
            assert not [
                each for each in got if "the message was not published" in failed.get(each, "")
            ]
            for name in "abcd":
                numbers = [int(each[1:]) for each in got if each[:1] == name]
                assert numbers == sorted(numbers)
                assert numbers[-100:] == list(range(300, 400))


async def test_connections_that_are_cut_are_made_anew(redis: RedisServer, prefix: str) -> None:
    inbox = Inbox()

    async with started(redis.url, prefix=prefix) as one:
        await one.subscribe("news", inbox)
        for number in range(3):
            redis.ask("CLIENT", "KILL", "TYPE", "pubsub")
            await one.publish_when_it_is_back("news", str(number))

        assert await inbox.until("2") == ["0", "1", "2"]


async def test_a_redis_that_stands_still_is_given_up_and_taken_up_again(own: RedisServer) -> None:
    inbox = Inbox()

    async with started(own.url, timeout=0.3, heartbeat=60) as one:
        await one.subscribe("news", inbox)
        own.freeze()
        with (
            anyio.fail_after(5),
            pytest.raises(BrokerError, match="it is not known whether the message was published"),
        ):
            await one.publish("news", "perhaps", but=inbox)
        await one.platform.wait_for("no answer for 0.3 s")

        own.thaw()
        await one.platform.wait_for("Redis is back")
        await one.publish_when_it_is_back("news", "end")

        assert await inbox.until("end") == ["end"]


async def test_a_redis_that_stands_still_is_noticed_though_nobody_publishes(
    own: RedisServer,
) -> None:
    async with started(own.url, timeout=0.2, heartbeat=0.05) as one:
        own.freeze()
        await one.platform.wait_for("there is no connection to Redis")
        own.thaw()
        await one.platform.wait_for("Redis is back")


async def test_who_publishes_more_than_redis_takes_is_refused(own: RedisServer) -> None:
    refused: list[BrokerError] = []

    async with started(own.url, timeout=0.5, heartbeat=60) as one:
        own.freeze()

        async def publish() -> None:
            try:
                await one.publish("news", "x")
            except BrokerError as error:
                refused.append(error)

        async with anyio.create_task_group() as tasks:
            for _ in range(5000):
                tasks.start_soon(publish)
        own.thaw()

    texts = [str(error) for error in refused]
    assert len(refused) == 5000
    assert sum("wait for Redis" in text for text in texts) > 500
    assert all("was not" in text or "was lost" in text or "not answer" in text for text in texts)


# Redis refuses


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server with a password, and a user who may use channels that begin with `mine:` alone."""
    user = ["--user", "ada", "on", ">s3cr&t", "resetchannels", "&mine:*", "+@all", "~*"]
    folder = tmp_path_factory.mktemp("guarded")
    with RedisServer(folder, "--requirepass", "s3cr&t", *user) as server:
        yield server


def with_credentials(server: RedisServer, credentials: str) -> str:
    return f"redis://{credentials}@127.0.0.1:{server.port}"


async def test_a_password_opens_what_it_is_for(guarded: RedisServer) -> None:
    inbox = Inbox()

    async with started(with_credentials(guarded, ":s3cr%26t")) as one:
        await one.subscribe("news", inbox)
        await one.publish("news", "end")

        assert await inbox.until("end") == ["end"]


@pytest.mark.parametrize("credentials", ["", ":wr0ng", "ada:wr0ng", "bob:wr0ng"])
async def test_an_application_that_redis_refuses_does_not_start(
    guarded: RedisServer, credentials: str
) -> None:
    url = with_credentials(guarded, credentials) if credentials else guarded.url

    with pytest.raises(DefinitionError, match="refuses this application") as caught:
        async with started(url):
            pass

    assert "wr0ng" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_channel_that_redis_refuses_is_refused_and_no_other(guarded: RedisServer) -> None:
    inbox = Inbox()
    url = with_credentials(guarded, "ada:s3cr%26t")

    async with started(url, prefix="") as one:
        await one.subscribe("mine:a", inbox)
        async with anyio.create_task_group() as tasks:
            for topic in ("mine:b", "yours:a", "mine:c", "yours:b"):
                if topic.startswith("mine"):
                    tasks.start_soon(one.subscribe, topic, inbox)
                else:
                    tasks.start_soon(refused, one.subscribe, topic, inbox)
                    tasks.start_soon(refused, one.publish, topic, "x")
        await one.publish("mine:a", "end")

        assert await inbox.until("end") == ["end"]
        assert one.platform.reports == []


async def refused(work: Callable[..., Any], *arguments: Any) -> None:
    with pytest.raises(BrokerError, match=r"(?i)refuses.*(no permission|noperm|access)"):
        await work(*arguments)


@asynccontextmanager
async def listening(
    handle: Callable[[Any], Any], context: ssl.SSLContext | None = None
) -> AsyncGenerator[int]:
    """The port of a server that answers as it likes."""
    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port: int = plain.extra(anyio.abc.SocketAttribute.local_port)
    listener = TLSListener(plain, context, standard_compatible=False) if context else plain
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield port
        tasks.cancel_scope.cancel()


async def test_a_redis_that_comes_back_and_refuses_is_told_of_and_tried_again(
    own: RedisServer,
) -> None:
    inbox = Inbox()

    async with started(own.url) as one:
        await one.subscribe("news", inbox)
        own.kill()
        await one.platform.wait_for("there is no connection")
        own.start("--requirepass", "s3cr&t")
        await one.platform.wait_for("authenticate the client")
        with pytest.raises(BrokerError, match=r"is away .*authenticate"):
            await one.publish("news", "x")

        own.kill()
        own.start()
        await one.platform.wait_for("Redis is back")
        await one.publish("news", "end")
        assert await inbox.until("end") == ["end"]
        assert ["authenticate" in each for each in one.platform.reports].count(True) == 1


async def test_subscribers_of_a_channel_that_redis_refuses_when_it_is_back_are_reported(
    own: RedisServer,
) -> None:
    kept, refused_later = Inbox(), Inbox()

    async with started(own.url, prefix="") as one:
        await one.subscribe("mine:a", kept)
        await one.subscribe("yours:a", refused_later)
        own.kill()
        own.start("--user", "default", "on", "nopass", "resetchannels", "&mine:*", "+@all")
        await one.platform.wait_for("refuses a subscription to b'yours:a'")
        await one.publish("mine:a", "end")
        assert await kept.until("end") == ["end"]
        with pytest.raises(BrokerError, match="refuses"):
            await one.subscribe("yours:a", kept)

        own.kill()
        own.start()
        await one.platform.wait_for("Redis is back")
        await one.publish_when_it_is_back("yours:a", "end")
        assert await refused_later.until("end") == ["end"]


async def test_a_server_that_is_too_old_is_refused() -> None:
    async def answer(stream: SocketStream) -> None:
        async with stream:
            with suppress(anyio.EndOfStream):
                while True:
                    await stream.receive()
                    await stream.send(b"-ERR unknown command 'HELLO'\r\n")

    async with listening(answer) as port:
        with pytest.raises(DefinitionError, match=r"6\.0 or later"):
            async with started(f"redis://127.0.0.1:{port}"):
                pass


async def test_what_is_no_redis_is_like_one_that_is_away() -> None:
    async def answer(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(answer) as port, started(f"redis://127.0.0.1:{port}") as one:
        with pytest.raises(BrokerError, match="is away"):
            await one.publish("news", "x")


# TLS, URLs


@asynccontextmanager
async def tls_before(server: RedisServer, authority: trustme.CA, host: str) -> AsyncGenerator[int]:
    """A port that speaks TLS and leads to the server."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)

    async def carry(near: TLSStream) -> None:
        async with near, await anyio.connect_tcp("127.0.0.1", server.port) as far:

            async def copy(source: Any, target: Any) -> None:
                with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                    async for data in source:
                        await target.send(data)
                tasks.cancel_scope.cancel()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(copy, near, far)
                tasks.start_soon(copy, far, near)

    async with listening(carry, context) as port:
        yield port


async def test_tls_is_spoken_to_a_server_that_is_trusted(
    redis: RedisServer, prefix: str, tmp_path: Path
) -> None:
    inbox, authority = Inbox(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    async with tls_before(redis, authority, "localhost") as port:
        for options in (f"ssl_ca_certs={tmp_path}/ca.pem", "ssl_cert_reqs=none"):
            async with started(f"rediss://localhost:{port}?{options}", prefix=prefix) as one:
                await one.subscribe("news", inbox)
                await one.publish("news", options)
                assert await inbox.until(options)


@pytest.mark.parametrize(("host", "trusts"), [("localhost", False), ("elsewhere.test", True)])
async def test_a_server_with_a_certificate_that_is_not_trusted_or_of_another_is_left_alone(
    redis: RedisServer, tmp_path: Path, host: str, trusts: bool
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    options = f"?ssl_ca_certs={tmp_path}/ca.pem" if trusts else ""

    async with (
        tls_before(redis, authority, host) as port,
        started(f"rediss://localhost:{port}{options}") as one,
    ):
        with pytest.raises(BrokerError, match=r"is away .*certificate"):
            await one.publish("news", "x")


async def test_files_for_tls_that_are_not_there_are_a_mistake(redis: RedisServer) -> None:
    with pytest.raises(DefinitionError, match="ssl_ca_certs"):
        async with started(f"rediss://localhost:{redis.port}?ssl_ca_certs=/none/at/all"):
            pass


async def test_a_socket_in_the_file_system_does_as_well(
    tmp_path_factory: pytest.TempPathFactory, prefix: str
) -> None:
    inbox = Inbox()
    folder = tmp_path_factory.mktemp("r")
    with RedisServer(folder, "--unixsocket", "s", "--requirepass", "a b") as server:
        assert server.port
        async with started(f"unix://:a%20b@{folder}/s?db=2", prefix=prefix) as one:
            await one.subscribe("news", inbox)
            await one.publish("news", "end")
            assert await inbox.until("end") == ["end"]
        with pytest.raises(DefinitionError, match="refuses this application"):
            async with started(f"unix://:wr0ng@{folder}/s"):
                pass


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("localhost:6379", "does not begin"),
        ("http://:s3cret@localhost", "does not begin"),
        ("redis://:s3cret@localhost:port", "cannot be read"),
        ("redis://:s3cret:x@localhost:99999", "cannot be read"),
        ("redis://[::1", "cannot be read"),
        ("redis://:s3cret#x@localhost", "'#'"),
        ("redis://:s3cret@localhost/one", "no number"),
        ("redis://:s3cret@localhost?db=-1", "no number"),
        ("redis://:s3cret@localhost?s3cret=1&colour=2", "the option"),
        ("rediss://:s3cret@localhost?ssl_cert_reqs=optional", "ssl_cert_reqs"),
        ("unix://", "no path"),
    ],
)
def test_a_wrong_url_is_a_mistake_that_does_not_show_it(url: str, what: str) -> None:
    with pytest.raises(DefinitionError, match=what) as caught:
        redis_broker(url)

    assert "s3cret@" not in str(caught.value)
    assert ":s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_times_are_more_than_nothing(seconds: float) -> None:
    with pytest.raises(DefinitionError, match="more than 0"):
        redis_broker("redis://", timeout=seconds)
    with pytest.raises(DefinitionError, match="more than 0"):
        redis_broker("redis://", heartbeat=seconds)


async def test_the_url_is_that_of_the_environment(
    redis: RedisServer, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Inbox()
    monkeypatch.setattr(LoopPlatform, "env", {"REDIS_URL": redis.url})

    async with started(None, prefix=prefix) as one:
        await one.subscribe("news", inbox)
        await one.publish("news", "end")
        assert await inbox.until("end") == ["end"]

    monkeypatch.setattr(LoopPlatform, "env", {})
    with pytest.raises(DefinitionError, match="REDIS_URL"):
        async with started(None):
            pass


async def test_a_library_that_is_missing_is_named_with_its_extra(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch, anyio_backend_name: str
) -> None:
    library = {"asyncio": "redis", "trio": "coredis"}[anyio_backend_name]
    extra = {"asyncio": "redis", "trio": "redis-trio"}[anyio_backend_name]
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, f"portico_plugins._redis_{anyio_backend_name}", False)
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(DefinitionError, match=rf"Install `portico\[{extra}\]`"):
        async with started(redis.url):
            pass


def test_neither_library_is_loaded_before_an_application_starts() -> None:
    program = (
        "import sys; from portico import Portico; from portico_plugins import redis_broker;"
        "app = Portico(); app.broker(app.resource(redis_broker('redis://'))); app.check();"
        "print(sys.modules.keys() & {'redis', 'coredis', 'anyio', 'ssl'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "set()"


# Start, stop, and other runtimes


async def test_an_application_that_stops_leaves_no_connection_and_nobody_waiting(
    own: RedisServer,
) -> None:
    failed: list[str] = []
    stopped: list[Process] = []

    async def publish(process: Process) -> None:
        with pytest.raises(BrokerError) as caught:
            await process.publish("news", "late")
        failed.append(str(caught.value))

    async with anyio.create_task_group() as tasks:
        async with started(own.url) as one:
            stopped.append(one)
            assert own.connections() == 1
            own.freeze()
            tasks.start_soon(publish, one)
            await anyio.wait_all_tasks_blocked()
        own.thaw()

    own.wait_for_connections(0)
    assert len(failed) == 1
    for work in (stopped[0].publish("news", "x"), stopped[0].subscribe("news", Inbox())):
        with pytest.raises(BrokerError, match="stops"):
            await work
    await stopped[0].unsubscribe("news", Inbox())


def publishing(url: str, prefix: str) -> Portico:
    app = Portico()
    app.broker(app.resource(redis_broker(url, prefix=prefix, timeout=1)))

    @app.post("/{topic}")
    async def publish(ctx: Context, topic: str) -> str:
        await ctx.publish(topic, {"topic": topic})
        return "published"

    return app


def post(app: WSGI, path: str) -> str:
    statuses: list[str] = []
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "a",
        "SERVER_PORT": "80",
        "wsgi.multithread": True,
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
    }

    def start_response(status: str, headers: Any, error: Any = None) -> Any:
        statuses.append(status)

    body = app(environ, start_response)
    list(body)
    getattr(body, "close", lambda: None)()
    return statuses[0]


async def test_what_is_published_behind_wsgi_reaches_the_connections_of_other_processes(
    own: RedisServer, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Inbox()
    application = WSGI(publishing(own.url, prefix))

    async with started(own.url, prefix=prefix) as one:
        await one.subscribe("news", inbox)
        for _ in range(3):
            assert await anyio.to_thread.run_sync(post, application, "/news") == "200 OK"
        await one.publish("news", "end")
        assert await inbox.until("end") == [*['{"topic":"news"}'] * 3, "end"]
        assert own.connections() == 1

        own.kill()
        assert (await anyio.to_thread.run_sync(post, application, "/news"))[:3] == "500"
    assert "did not take a message" in caplog.text
    assert "the message was not published" in caplog.text
    await anyio.to_thread.run_sync(application.close)


def test_what_is_published_on_lambda_reaches_them_too(own: RedisServer, prefix: str) -> None:
    function = Lambda(publishing(own.url, prefix))
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": "/news",
        "rawQueryString": "",
        "headers": {"host": "app.test"},
        "isBase64Encoded": False,
        "requestContext": {"http": {"method": "POST", "path": "/news", "sourceIp": "192.0.2.1"}},
    }

    with own.hear(f"{prefix}news") as heard:
        assert function(event, None)["statusCode"] == 200
        assert heard().endswith('{"topic":"news"}')
    own.wait_for_connections(0)
    own.kill()
    assert function(event, None)["statusCode"] == 500
    function.close()


async def test_where_a_connection_ends_with_its_request_who_publishes_is_told_so(
    redis: RedisServer, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {**LoopPlatform.capabilities, Capability.SHARED_RESOURCES: ABSENT}
    monkeypatch.setattr(LoopPlatform, "capabilities", MappingProxyType(table))
    app, platform = publishing(redis.url, prefix), LoopPlatform()

    @app.get("/other")
    async def hand_on(ctx: Context) -> str:
        return str(len([ctx]))

    async with app.start(platform) as running:
        for method, path, status in (("GET", "/other", 200), ("POST", "/news", 500)):
            request = Request(f"http://app.test{path}", method=method)
            answer = app.handle(request, platform, running)
            assert (answer if isinstance(answer, Response) else await answer).status == status

    assert len(platform.reports) == 1
    assert "'shared_resources'" in platform.reports[0]


async def test_where_nobody_can_subscribe_it_says_so(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {**LoopPlatform.capabilities, Capability.WEBSOCKET: ABSENT}
    monkeypatch.setattr(LoopPlatform, "capabilities", MappingProxyType(table))

    async with started(redis.url) as one:
        with pytest.raises(CapabilityError, match="Nobody can subscribe"):
            await one.subscribe("news", Inbox())
        await one.unsubscribe("news", Inbox())
        await one.publish("news", "to others")
