"""Server-sent events: one event as bytes, and what `sse()` makes of a source."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from datetime import timedelta
from enum import Enum, StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico import Context, Portico, Request, Response, ServerSentEvent, UnencodableError, sse
from portico.contract import ByteStream, Platform
from portico_conformance.cases._event_stream import Event, read_events


class Word(StrEnum):
    YES = "yes"


class Mixed(str, Enum):  # noqa: UP042 - its `str()` is not its text
    YES = "yes"


ENCODED: list[tuple[ServerSentEvent[Any], bytes]] = [
    (sse("a"), b"data: a\n\n"),
    (sse(""), b"data: \n\n"),
    (sse(" a"), b"data:  a\n\n"),
    (sse("a\nb"), b"data: a\ndata: b\n\n"),
    (sse("a\r\nb"), b"data: a\ndata: b\n\n"),
    (sse("a\rb"), b"data: a\ndata: b\n\n"),
    (sse("a\n\rb"), b"data: a\ndata: \ndata: b\n\n"),
    (sse("\n"), b"data: \ndata: \n\n"),
    (sse("a\u2028b\x85c\x0bd"), "data: a\u2028b\x85c\x0bd\n\n".encode()),
    (sse("ü€😀"), "data: ü€😀\n\n".encode()),
    (sse(Word.YES), b"data: yes\n\n"),
    (sse(Mixed.YES), b"data: yes\n\n"),
    (sse(1), b"data: 1\n\n"),
    (sse(False), b"data: false\n\n"),
    (sse({"a": "x\ny"}), b'data: {"a":"x\\ny"}\n\n'),
    (sse([]), b"data: []\n\n"),
    (sse(None), b":\n\n"),
    (sse(None, id=""), b"id: \n\n"),
    (sse(None, id=0), b"id: 0\n\n"),
    (sse(None, retry=0), b"retry: 0\n\n"),
    (sse(None, retry=timedelta(milliseconds=1.5)), b"retry: 1\n\n"),
    (sse(None, retry=10**20), b"retry: 100000000000000000000\n\n"),
    (sse(None, comment=""), b": \n\n"),
    (sse(None, comment="a\nb\r"), b": a\n: b\n: \n\n"),
    (
        sse("a", event="e", id="1", retry=2, comment="c"),
        b": c\nid: 1\nevent: e\nretry: 2\ndata: a\n\n",
    ),
]


@pytest.mark.parametrize(("event", "data"), ENCODED, ids=[repr(event) for event, _ in ENCODED])
def test_an_event_has_its_form(event: ServerSentEvent[Any], data: bytes) -> None:
    assert bytes(event) == data


ONE_LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"))
LINES = st.text(st.characters(exclude_categories=["Cs"]))


@given(LINES, ONE_LINE.filter(bool), ONE_LINE, st.integers(0), LINES)
def test_a_reader_gets_what_was_sent(
    data: str, type_: str, identifier: str, retry: int, comment: str
) -> None:
    event = sse(data, event=type_, id=identifier, retry=retry, comment=comment)

    read = read_events(bytes(event))

    lines = data.replace("\r\n", "\n").replace("\r", "\n")
    assert read.events == [Event(lines, type_, identifier)]
    assert (read.retry, read.last_id) == (retry, identifier)


@given(st.lists(LINES))
def test_events_never_run_into_each_other(texts: list[str]) -> None:
    read = read_events(b"".join(bytes(sse(text)) for text in texts))

    expected = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    assert [event.data for event in read.events] == expected


WRONG: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: sse(b"a"), TypeError, r"data of type bytes\. .*Decode the bytes"),
    (lambda: sse(bytearray()), TypeError, "data of type bytearray"),
    (lambda: sse(memoryview(b"")), TypeError, "data of type memoryview"),
    (lambda: sse("", event="a\nb"), ValueError, r"the event 'a\\nb'"),
    (lambda: sse("", event="a\r"), ValueError, r"the event 'a\\r'"),
    (lambda: sse("", id="a\nb"), ValueError, r"the id 'a\\nb'"),
    (lambda: sse("", id="a\rb"), ValueError, r"the id 'a\\rb'"),
    (lambda: sse("", id="a\0b"), ValueError, r"the id 'a\\x00b'"),
    (lambda: sse("", retry=-1), ValueError, "the retry -1. It is 0 milliseconds or more"),
    (lambda: sse("", retry=timedelta(seconds=-1)), ValueError, "the retry -1000"),
    (lambda: sse("", retry=1.5), TypeError, "the retry 1.5 of type float"),  # type: ignore[call-overload]
    (lambda: sse("", retry=True), TypeError, "the retry True of type bool"),
    (lambda: sse("", keep_alive=1), TypeError, "which is one event"),  # type: ignore[call-overload]
    (lambda: sse(iter(["a"]), event="b"), TypeError, "a source and event"),
    (lambda: sse(iter(["a"]), keep_alive=0), ValueError, "the keep_alive 0"),
    (lambda: sse(iter(["a"]), keep_alive=-1), ValueError, "the keep_alive -1"),
    (lambda: sse(iter(["a"]), keep_alive=float("nan")), ValueError, "the keep_alive nan"),
    (lambda: sse(iter(["a"]), keep_alive=float("inf")), ValueError, "the keep_alive inf"),
]


@pytest.mark.parametrize(("make", "kind", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_a_mistake_is_named_where_it_is_made(
    make: Callable[[], object], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        make()


def test_data_that_has_no_form_in_json_says_so_when_it_is_sent() -> None:
    event = sse(object())

    with pytest.raises(UnencodableError, match="object"):
        bytes(event)


def test_events_are_equal_when_all_of_them_is() -> None:
    assert sse("a", id=1) == sse("a", id="1")
    assert sse("a") != sse("a", event="b")
    assert sse("a") != "a"


def test_an_event_shows_what_it_was_given() -> None:
    assert repr(sse({"a": 1}, id=3, comment="c")) == (
        "ServerSentEvent({'a': 1}, id='3', comment='c')"
    )


class Values:
    """An iterator, synchronous or not by its use, that counts how often it is closed."""

    def __init__(self, *values: Any) -> None:
        self.values = iter(values)
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class SyncValues(Values):
    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self.values)


class AsyncValues(Values):
    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self.values)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.close()


def content_of(
    source: Iterator[Any] | AsyncIterable[Any], keep_alive: float | None = None
) -> ByteStream:
    if isinstance(source, Iterator):
        content = Response(sse(source, keep_alive=keep_alive)).content
    else:
        content = Response(sse(source, keep_alive=keep_alive)).content
    assert isinstance(content, ByteStream)
    return content


def test_a_source_gives_events() -> None:
    given = ("a", None, sse("b", id=1), {"c": 1})
    expected = [sse("a"), sse("b", id=1), sse({"c": 1})]

    async def collected() -> list[ServerSentEvent[Any]]:
        return [event async for event in sse(AsyncValues(*given))]

    assert list(sse(SyncValues(*given))) == expected
    assert asyncio.run(collected()) == expected


def test_a_list_is_the_data_of_one_event() -> None:
    assert bytes(sse(["a", "b"])) == b'data: ["a","b"]\n\n'


@pytest.mark.parametrize("read", [0, 1, 9])
@pytest.mark.parametrize("keep_alive", [None, 60.0])
@pytest.mark.parametrize("kind", [SyncValues, AsyncValues])
def test_a_source_is_closed_once(
    kind: type[SyncValues] | type[AsyncValues], keep_alive: float | None, read: int
) -> None:
    source = kind("a", "b")
    content = content_of(source, keep_alive)

    async def use() -> None:
        for _ in range(read):
            await anext(content, None)
        await content.aclose()
        await content.aclose()

    asyncio.run(use())

    assert source.closed == 1


def test_an_iterable_and_its_iterator_are_both_closed() -> None:
    closed: list[str] = []

    class Rows:
        async def __aiter__(self) -> AsyncIterator[str]:
            try:
                yield "a"
                yield "b"
            finally:
                closed.append("iterator")

        async def aclose(self) -> None:
            closed.append("rows")

    async def use() -> None:
        content = content_of(Rows())
        assert await anext(content) == b"data: a\n\n"
        await content.aclose()

    asyncio.run(use())

    assert closed == ["iterator", "rows"]


@pytest.mark.parametrize("kind", [SyncValues, AsyncValues])
def test_only_a_source_that_is_kept_alive_says_what_its_silence_is_filled_with(
    kind: type[SyncValues] | type[AsyncValues],
) -> None:
    assert content_of(kind(), 15).idle == (15, b":\n\n")
    assert content_of(kind(), None).idle is None


def test_nothing_comes_between_the_chunks_of_a_body_of_known_length() -> None:
    content = content_of(SyncValues("a"), 15)

    content.expect(12)

    assert content.idle is None


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (None, None),
        ("", None),
        ("7", "7"),
        ("ü€".encode().decode("latin-1"), "ü€"),
        ("\xff", "\ufffd"),
    ],
)
def test_the_last_event_id_is_decoded(value: str | None, seen: str | None) -> None:
    app = Portico()
    ids: list[str | None] = []

    @app.get("/")
    def index(ctx: Context) -> str:
        ids.append(ctx.last_event_id)
        return ""

    headers = [] if value is None else [("last-event-id", value)]
    with app.start(Platform()) as running:
        app.handle(Request("http://x/", headers=headers), Platform(), running)

    assert ids == [seen]
