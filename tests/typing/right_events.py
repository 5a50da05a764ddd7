"""`sse` keeps the type of the data, and tells a source from data."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import assert_type

from portico import Context, Portico, Response, ServerSentEvent, sse

app = Portico()

assert_type(sse("a"), ServerSentEvent[str])
assert_type(sse([1], event="numbers", id=1, retry=timedelta(seconds=1)), ServerSentEvent[list[int]])
assert_type(sse(None, comment="still here", retry=1000), ServerSentEvent[None])
assert_type(sse(iter([1])), Iterator[ServerSentEvent[int]])
assert_type(sse(iter([sse(1)]), keep_alive=15), Iterator[ServerSentEvent[int]])
assert_type(sse("a").data, str)
assert_type(sse("a").id, str | None)


async def numbers() -> AsyncIterator[int]:
    yield 1


async def both() -> AsyncIterator[ServerSentEvent[int] | int]:
    yield sse(1, id="1")
    yield 2


assert_type(sse(numbers()), AsyncIterator[ServerSentEvent[int]])
assert_type(sse(both(), keep_alive=0.5), AsyncIterator[ServerSentEvent[int]])
Response(sse(numbers(), keep_alive=15), headers={"x-own": "1"})


@app.get("/events")
async def events(ctx: Context) -> AsyncIterator[ServerSentEvent[int] | int]:
    assert_type(ctx.last_event_id, str | None)
    yield sse(1)
    yield 2


@app.get("/source")
def source() -> AsyncIterator[ServerSentEvent[int]]:
    return sse(numbers(), keep_alive=15)
