"""`Response` to the runtime's own, in memory and as a stream."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from portico import Headers, Response
from portico._media import JSON, TEXT
from portico.contract import ByteStream, Idle
from portico_cloudflare._javascript import JavaScript
from portico_cloudflare._platform import SHORTEST_SLEEP
from portico_cloudflare._response import to_native_bytes
from portico_cloudflare._stream import StreamBody
from portico_conformance._fake_js import JsException, World, installed
from portico_conformance._fake_js_fetch import Response as JsResponse
from portico_conformance._fake_js_streams import Reader


def native(response: Response) -> JsResponse:
    with installed():
        answer: JsResponse = to_native_bytes(response, JavaScript())
    return answer


def test_a_body_in_memory_is_copied_as_bytes() -> None:
    answer = native(Response(b"\x00\xff", headers=[("content-type", "a/b")]))

    assert answer.payload is not None
    assert (answer.status, answer.headers.fields) == (200, [("content-type", "a/b")])
    assert asyncio.run(answer.arrayBuffer()).to_bytes() == b"\x00\xff"


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_has_null(status: int) -> None:
    assert native(Response(status=status)).payload is None


def test_an_empty_body_leaves_the_length_of_a_head_answer_to_the_fields() -> None:
    answer = native(Response.ready(200, Headers([("content-length", "5")])))

    assert (answer.payload, answer.headers.fields) == (None, [("content-length", "5")])


@pytest.mark.parametrize("status", [200, 299, 404, 599])
def test_the_status_is_kept(status: int) -> None:
    assert native(Response.ready(status, Headers(), b"x")).status == status


def test_plain_answers_have_fields_of_their_own() -> None:
    with installed():
        javascript = JavaScript()
        given = [
            Response.plain(TEXT, b"one"),
            Response.plain(JSON, b"[]", 201),
            Response.plain(TEXT, b"three", 404),
            Response.plain(TEXT, b""),
            Response.plain(TEXT, b"five", added=[("set-cookie", "a=1"), ("x", "caf\xc3\xa9")]),
            Response.plain(TEXT, b"six"),
        ]
        made = [to_native_bytes(response, javascript) for response in given]

    for plain, answer in zip(given, made, strict=True):
        general = Response.ready(plain.status, Headers(plain.headers), plain.content)
        expected = native(general)
        assert (answer.status, answer.headers.fields) == (expected.status, expected.headers.fields)
        assert asyncio.run(answer.arrayBuffer()).to_bytes() == plain.content


def test_repeated_fields_stay_apart() -> None:
    fields = [("set-cookie", "a=1"), ("vary", "x"), ("set-cookie", "b=2"), ("vary", "y")]

    assert native(Response(headers=fields)).headers.fields == fields


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("caf\xc3\xa9", "café", id="the bytes of UTF-8"),
        pytest.param("caf\xe9", "caf\xe9", id="other bytes, which the runtime cannot send"),
    ],
)
def test_a_value_is_the_text_whose_utf_8_is_its_bytes(value: str, text: str) -> None:
    assert native(Response(headers={"x-word": value})).headers.get("x-word") == text


@pytest.mark.parametrize(
    ("fields", "encoding"), [([], "automatic"), ([("content-encoding", "gzip")], "manual")]
)
def test_what_is_encoded_already_is_not_encoded_again(
    fields: list[tuple[str, str]], encoding: str
) -> None:
    assert native(Response(b"x", headers=fields)).encode_body == encoding


# Streams


class Source:
    """A generator of chunks that says what happens to it."""

    def __init__(
        self,
        *chunks: bytes,
        then: Exception | None = None,
        hangs: bool = False,
        gate: asyncio.Event | None = None,
    ) -> None:
        self.made = 0
        self.closed = 0
        self.cancelled = False
        self._chunks = chunks
        self._then = then
        self._hangs = hangs
        self._gate = gate

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            for chunk in self._chunks:
                if self._gate is not None and self.made == 1:
                    await self._gate.wait()
                self.made += 1
                yield chunk
            if self._hangs:
                await asyncio.Event().wait()
            if self._then is not None:
                raise self._then
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        finally:
            self.closed += 1


class Feeding:
    """A stream that is fed in a task of its own."""

    def __init__(
        self, world: World, source: Source, length: int | None = None, idle: Idle | None = None
    ) -> None:
        self.world = world
        self.gone = 0
        self.body: StreamBody | None = None
        self._stream = ByteStream(source.chunks(), idle=idle)
        self._length = length
        self.task = asyncio.ensure_future(self._feed())

    async def _feed(self) -> None:
        self.body = StreamBody(JavaScript(), self._length, self._count)
        try:
            await self.body.feed(self._stream)
        finally:
            await self._stream.aclose()

    def _count(self) -> None:
        self.gone += 1

    async def reader(self) -> Reader:
        await turns()
        assert self.body is not None
        reader: Reader = self.body.readable.getReader()
        return reader


async def turns() -> None:
    """Let everything happen that needs no more than the loop."""
    for _ in range(20):
        await asyncio.sleep(0)


def run(main: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    with installed() as world:
        asyncio.run(main(world))
    assert world.living_proxies == 0
    gc.collect()


def test_a_chunk_is_made_when_it_is_wanted_and_not_sooner() -> None:
    async def main(world: World) -> None:
        source = Source(b"a", b"b", b"c")
        reader = await Feeding(world, source).reader()
        made = [source.made]
        for _ in range(2):
            await reader.read()
            await turns()
            made.append(source.made)
        reader.cancel()
        await turns()
        assert made == [0, 1, 2]

    run(main)


def test_a_stream_ends_when_its_source_does() -> None:
    async def main(world: World) -> None:
        source = Source(b"a", b"b")
        feeding = Feeding(world, source)
        reader = await feeding.reader()
        results = [await reader.read() for _ in range(3)]
        await feeding.task
        assert [result.done for result in results] == [False, False, True]
        assert b"".join(result.value.to_bytes() for result in results[:2]) == b"ab"
        assert (source.closed, feeding.gone) == (1, 0)

    run(main)


def test_two_reads_at_once_get_a_chunk_each() -> None:
    async def main(world: World) -> None:
        feeding = Feeding(world, Source(b"a", b"b"))
        reader = await feeding.reader()
        results = await asyncio.gather(reader.read(), reader.read(), reader.read())
        await feeding.task
        assert [result.done or result.value.to_bytes() for result in results] == [b"a", b"b", True]

    run(main)


def test_a_failure_breaks_the_stream_and_shows_nothing() -> None:
    async def main(world: World) -> None:
        feeding = Feeding(world, Source(b"a", then=LookupError("secret")))
        reader = await feeding.reader()
        await reader.read()
        with pytest.raises(JsException) as caught:
            await reader.read()
        with pytest.raises(LookupError):
            await feeding.task
        assert "secret" not in str(caught.value)

    run(main)


def test_a_stream_that_is_cancelled_between_chunks_closes_its_source_once() -> None:
    async def main(world: World) -> None:
        source = Source(b"a", b"b")
        feeding = Feeding(world, source)
        reader = await feeding.reader()
        await reader.read()
        reader.cancel("gone")
        await feeding.task
        assert (source.made, source.closed, source.cancelled, feeding.gone) == (1, 1, False, 1)

    run(main)


def test_a_stream_that_is_cancelled_while_it_waits_for_a_chunk_cancels_its_source() -> None:
    async def main(world: World) -> None:
        source = Source(b"a", hangs=True)
        feeding = Feeding(world, source)
        reader = await feeding.reader()
        await reader.read()
        pending = reader.read()
        await turns()
        reader.cancel()
        await feeding.task
        assert (await pending).done
        assert (source.closed, source.cancelled, feeding.gone) == (1, True, 1)

    run(main)


def test_a_stream_that_is_cancelled_before_it_was_read_closes_its_source() -> None:
    async def main(world: World) -> None:
        source = Source(b"a")
        feeding = Feeding(world, source)
        (await feeding.reader()).cancel()
        await feeding.task
        assert (source.made, feeding.gone) == (0, 1)

    run(main)


def test_a_stream_that_is_wanted_and_cancelled_in_one_turn_makes_nothing() -> None:
    async def main(world: World) -> None:
        source = Source(b"a")
        feeding = Feeding(world, source)
        reader = await feeding.reader()
        pending = reader.read()
        reader.cancel()
        await feeding.task
        assert ((await pending).done, source.made) == (True, 0)

    run(main)


def test_a_task_that_is_cancelled_before_the_first_chunk_breaks_the_stream() -> None:
    async def main(world: World) -> None:
        feeding = Feeding(world, Source(b"a"))
        reader = await feeding.reader()
        feeding.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await feeding.task
        with pytest.raises(JsException):
            await reader.read()
        await turns()

    run(main)


def test_a_task_that_is_cancelled_by_others_breaks_the_stream() -> None:
    async def main(world: World) -> None:
        feeding = Feeding(world, Source(b"a", hangs=True))
        reader = await feeding.reader()
        await reader.read()
        pending = reader.read()
        await turns()
        feeding.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await feeding.task
        with pytest.raises(JsException):
            await pending

    run(main)


def test_a_stream_of_known_length_tells_the_runtime() -> None:
    async def main(world: World) -> None:
        feeding = Feeding(world, Source(b"ab", b"c"), length=3)
        reader = await feeding.reader()
        assert feeding.body is not None
        assert feeding.body.readable.length == 3
        assert [(await reader.read()).done for _ in range(3)] == [False, False, True]
        await feeding.task

    run(main)


def test_a_stream_of_known_length_is_cancelled_and_fails_like_any_other() -> None:
    async def main(world: World) -> None:
        source = Source(b"a", hangs=True)
        feeding = Feeding(world, source, length=3)
        reader = await feeding.reader()
        await reader.read()
        await turns()
        reader.cancel()
        await feeding.task
        failing = Feeding(world, Source(b"a", then=LookupError()), length=3)
        reader = await failing.reader()
        await reader.read()
        with pytest.raises(JsException):
            await reader.read()
        with pytest.raises(LookupError):
            await failing.task
        assert (source.closed, feeding.gone) == (1, 1)

    run(main)


IDLE = Idle(0.0, b".")


async def read(reader: Reader) -> bytes:
    """The next piece; empty at the end."""
    result = await reader.read()
    return b"" if result.done else result.value.to_bytes()


def test_an_idle_chunk_stands_in_for_each_that_is_wanted_and_takes_long() -> None:
    async def main(world: World) -> None:
        gate = asyncio.Event()
        source = Source(b"a", b"b", b"c", gate=gate)
        feeding = Feeding(world, source, idle=IDLE)
        reader = await feeding.reader()
        first = [await read(reader) for _ in range(4)]
        gate.set()
        rest = [piece async for piece in pieces(reader) if piece != b"."]
        await feeding.task
        assert (first, rest) == ([b"a", b".", b".", b"."], [b"b", b"c"])
        assert (source.closed, feeding.gone) == (1, 0)

    run(main)


async def pieces(reader: Reader) -> AsyncIterator[bytes]:
    """All of them, to the end."""
    while piece := await read(reader):
        yield piece


def test_a_source_that_was_stood_in_for_does_not_run_ahead() -> None:
    async def main(world: World) -> None:
        gate = asyncio.Event()
        source = Source(b"a", b"b", b"c", gate=gate)
        feeding = Feeding(world, source, idle=IDLE)
        reader = await feeding.reader()
        assert [await read(reader), await read(reader)] == [b"a", b"."]
        gate.set()
        await turns()
        assert source.made == 2
        assert [await read(reader), source.made] == [b"b", 2]
        await turns()
        assert source.made == 2
        reader.cancel()
        await feeding.task
        assert (source.closed, feeding.gone) == (1, 1)

    run(main)


def test_nothing_stands_in_for_what_is_not_wanted() -> None:
    async def main(world: World) -> None:
        feeding = Feeding(world, Source(b"a", hangs=True), idle=IDLE)
        reader = await feeding.reader()
        assert [await read(reader), await read(reader)] == [b"a", b"."]
        await asyncio.sleep(SHORTEST_SLEEP * 3)
        pending = reader.read()
        await turns()
        assert not pending.done()
        reader.cancel()
        await feeding.task

    run(main)


@pytest.mark.parametrize("is_wanted", [False, True])
def test_a_stream_that_is_cancelled_in_a_silence_closes_its_source_once(is_wanted: bool) -> None:
    async def main(world: World) -> None:
        source = Source(b"a", hangs=True)
        feeding = Feeding(world, source, idle=IDLE)
        reader = await feeding.reader()
        assert [await read(reader), await read(reader)] == [b"a", b"."]
        if is_wanted:
            pending = reader.read()
            await turns()
            reader.cancel()
            assert (await pending).done
        else:
            reader.cancel()
        await feeding.task
        assert (source.closed, source.cancelled, feeding.gone) == (1, True, 1)

    run(main)


def test_a_chunk_that_was_stood_in_for_and_is_never_wanted_is_dropped() -> None:
    async def main(world: World) -> None:
        gate = asyncio.Event()
        source = Source(b"a", b"b", gate=gate)
        feeding = Feeding(world, source, idle=IDLE)
        reader = await feeding.reader()
        assert [await read(reader), await read(reader)] == [b"a", b"."]
        gate.set()
        await turns()
        reader.cancel()
        await feeding.task
        assert (source.made, source.closed, source.cancelled, feeding.gone) == (2, 1, False, 1)

    run(main)


def test_a_failure_in_a_silence_breaks_the_stream() -> None:
    async def main(world: World) -> None:
        gate = asyncio.Event()
        source = Source(b"a", b"b", then=LookupError("midway"), gate=gate)
        feeding = Feeding(world, source, idle=IDLE)
        reader = await feeding.reader()
        assert [await read(reader), await read(reader)] == [b"a", b"."]
        gate.set()
        with pytest.raises(JsException):
            _ = [piece async for piece in pieces(reader)]
        with pytest.raises(LookupError):
            await feeding.task

    run(main)
