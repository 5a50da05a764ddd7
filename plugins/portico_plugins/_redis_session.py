"""`Session`: one connection's life, in which what is wanted is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeVar

from anyio import Event, create_task_group, fail_after, move_on_after

from portico_plugins._redis_link import LinkLostError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico_plugins._redis_link import Command, Link, Reporter
    from portico_plugins._redis_topics import Message, Topic, Wanted

T = TypeVar("T")


class Session:
    """Asks over one connection; several commands at a time, and no more until all are answered."""

    __slots__ = ("_heartbeat", "_link", "_platform", "_timeout", "_wanted", "_where")

    def __init__(
        self,
        link: Link,
        wanted: Wanted,
        platform: Reporter,
        where: str,
        *,
        timeout: float,
        heartbeat: float,
    ) -> None:
        self._link = link
        self._wanted = wanted
        self._platform = platform
        self._where = where
        self._timeout = timeout
        self._heartbeat = heartbeat

    async def run(self, begin: Callable[[], None]) -> None:
        """Connect, call `begin`, and serve for as long as the connection lasts.

        Raises:
            Exception: why it does not, mostly in a group; `LinkLostError`, `LinkRefusedError`.
        """
        try:
            async with create_task_group() as tasks:
                await self._in_time(self._link.open(tasks))
                tasks.start_soon(self._link.listen)
                begin()
                await self._serve()
        finally:
            await self._link.close()

    async def _serve(self) -> NoReturn:
        while True:
            # Before anything is looked at, so that nothing is missed.
            self._wanted.wake = Event()
            asked, left = self._wanted.changes()
            if left:
                await self._in_time(self._link.call([(b"UNSUBSCRIBE", each) for each in left]))
            if asked:
                await self._ask(asked)
            batch = self._wanted.batch()
            if batch:
                await self._send(batch)
            if not (asked or left or batch):
                await self._wait()

    async def _wait(self) -> None:
        with move_on_after(self._heartbeat) as scope:
            await self._wanted.wake.wait()
        if scope.cancelled_caught:
            # A server that stands still, or a network that has forgotten us, says nothing.
            await self._in_time(self._link.call([(b"PING",)]))

    async def _ask(self, asked: dict[bytes, Topic]) -> None:
        commands: list[Command] = [(b"SUBSCRIBE", channel) for channel in asked]
        refusals = await self._in_time(self._link.call(commands))
        for (channel, topic), refusal in zip(asked.items(), refusals, strict=True):
            if refusal is None:
                topic.has_served = True
                topic.answer.succeed()
                continue
            what = f"Redis at {self._where} refuses a subscription to {channel!r}: {refusal}"
            topic.answer.fail(what, refusal)
            if topic.has_served:
                # Nobody waits for the answer: those who have subscribed once get nothing now.
                self._platform.report(refusal, what)

    async def _send(self, batch: list[Message]) -> None:
        commands: list[Command] = [(b"PUBLISH", each.channel, each.content) for each in batch]
        try:
            refusals = await self._in_time(self._link.call(commands))
        except BaseException as error:
            cause = error if isinstance(error, Exception) else None
            for message in batch:
                message.answer.fail(
                    f"The connection to Redis at {self._where} was lost: {message.fate}.", cause
                )
            raise
        for message, refusal in zip(batch, refusals, strict=True):
            if refusal is None:
                message.answer.succeed()
            else:
                message.is_sent = False
                what = f"Redis at {self._where} refuses {message.channel!r}: {refusal}"
                message.answer.fail(f"{what}, so {message.fate}.", refusal)

    async def _in_time(self, work: Awaitable[T]) -> T:
        try:
            with fail_after(self._timeout):
                return await work
        except TimeoutError:
            raise LinkLostError(f"no answer for {self._timeout:g} s") from None
