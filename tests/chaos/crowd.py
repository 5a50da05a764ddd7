"""Many clients at once, each on a connection that it keeps, on one event loop."""

import asyncio
from asyncio import StreamReader
from collections import Counter
from typing import NamedTuple


class Question(NamedTuple):
    """What is sent, and the body that has to come back with a 200."""

    request: bytes
    body: bytes


def get(path: str, body: bytes) -> Question:
    return Question(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), body)


def post(path: str, body: bytes) -> Question:
    """A JSON body that comes back as it is."""
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    return Question(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, body)


def gather_crowd(port: int, connections: int, questions: list[Question]) -> Counter[str]:
    """Ask all questions on each of the connections, side by side; outcomes with their numbers."""
    return asyncio.run(_gather(port, connections, questions))


async def _gather(port: int, connections: int, questions: list[Question]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        for number in range(connections):
            first = number % len(questions)  # so that the questions mix
            order = questions[first:] + questions[:first]
            group.create_task(_ask(port, order, outcomes))
    return outcomes


async def _ask(port: int, questions: list[Question], outcomes: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for question in questions:
            writer.write(question.request)
            status, body = await _read(reader)
            right = status == b"200" and body == question.body
            outcomes["right" if right else f"{status!r} {body[:100]!r}"] += 1
    except (OSError, EOFError) as error:
        outcomes[f"{type(error).__name__}: {error}"] += 1
    finally:
        writer.close()


async def _read(reader: StreamReader) -> tuple[bytes, bytes]:
    """The status and the body of one answer.

    Raises:
        EOFError: it was cut short.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = head.split(b" ", 2)[1]
    if b"\r\ntransfer-encoding: chunked\r\n" not in head:
        size = int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
        return status, await reader.readexactly(size)
    chunks: list[bytes] = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        chunks.append((await reader.readexactly(size + 2))[:-2])
    await reader.readexactly(2)
    return status, b"".join(chunks)
