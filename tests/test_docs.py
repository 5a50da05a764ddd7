"""The examples of the documentation run, and answer what the pages say that they answer."""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from portico import Portico
from portico.contract import NATIVE, Capability
from portico_asgi import ASGI
from portico_conformance._case import Client, Row, SocketEnd
from portico_conformance._in_process_asgi import asgi_client

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))

_blocks = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_is_header = re.compile(r"[a-z][a-z-]*: ").match


def no_client() -> Any:
    raise NotImplementedError


ROW = Row("docs", "docs", False, dict.fromkeys(Capability, NATIVE), no_client)


class Exchange(NamedTuple):
    """One line of a block of requests: what is sent, and what is shown as the answer."""

    line: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    status: int
    text: str
    fields: list[str]


def read(line: str) -> Exchange:
    request, _, answer = line.partition("  -> ")
    (method, target), *parts = request.split(" ", 1), *request.split("  ")[1:]
    target = target.split("  ")[0]
    headers = [tuple(part.split(": ", 1)) for part in parts if _is_header(part)]
    body = "".join(part for part in parts if not _is_header(part)).encode()
    if body[:1] in (b"{", b"["):
        headers.append(("content-type", "application/json"))
    shown, *fields = answer.split("  ")
    status, _, text = shown.partition(" ")
    return Exchange(
        line, method, target, [(n, v) for n, v in headers], body, int(status), text, fields
    )


def ask(client: Client, exchange: Exchange) -> str:
    """The answer in the form in which the line shows it, as far as the line shows it."""
    answer = client.request(exchange.method, exchange.target, exchange.headers, exchange.body)
    text = answer.body.decode().replace("\n", "\\n")
    shown = f"{answer.status} {cut(text, exchange.text)}".rstrip()
    names = dict.fromkeys(field.partition(": ")[0] for field in exchange.fields)
    values = [f"{name}: {value}" for name in names for value in answer.get_all(name)]
    wanted = [*exchange.fields, *values[len(exchange.fields) :]]
    fields = [cut(value, field) for value, field in zip(values, wanted, strict=True)]
    return "  ".join([shown, *fields])


def cut(actual: str, shown: str) -> str:
    """What is shown, where it is the beginning of what there is."""
    is_cut = shown.endswith("...") and actual.startswith(shown.removesuffix("..."))
    return shown if is_cut else actual


@cache
def examples(page: str) -> dict[int, list[tuple[str, str]]]:
    """By the line in which a block of requests begins: what is shown, and what was answered."""
    text = (DOCS / page).read_text("utf-8")
    module = sys.modules[f"docs_{page}"] = ModuleType(f"docs_{page}")
    found: dict[int, list[tuple[str, str]]] = {}
    for block in _blocks.finditer(text):
        language, source = block.groups()
        line = text.count("\n", 0, block.start(2)) + 1
        if language == "python":
            code = "\n" * (line - 1) + source
            exec(compile(code, str(DOCS / page), "exec"), module.__dict__)
        elif language == "http":
            found[line] = list(answered(module.__dict__["app"], source))
        elif language == "websocket":
            found[line] = list(talked(module.__dict__["app"], source))
    return found


def talked(app: Portico, source: str) -> Iterator[tuple[str, str]]:
    """A connection: what is asked for, then what goes out (`>`), comes in (`<`) and ends it."""
    asked, *lines = source.splitlines()
    request, _, answer = asked.partition("  -> ")
    target, *fields = request.removeprefix("GET ").split("  ")
    headers = [(name, value) for name, _, value in (field.partition(": ") for field in fields)]
    with asgi_client(ROW, ASGI(app), "asyncio") as client, client.connect(target, headers) as peer:
        got = f"{peer.answer.status} {peer.answer.body.decode()}".rstrip()
        yield answer, cut(got, answer)
        for line in lines:
            mark, _, data = line.partition(" ")
            if mark == ">":
                peer.send(data)
                continue
            found = peer.receive()
            if isinstance(found, SocketEnd):
                assert mark == "end", line
                found = f"{found.code} {found.reason}".rstrip()
            yield data, str(found)


def answered(app: Portico, source: str) -> Iterator[tuple[str, str]]:
    with asgi_client(ROW, ASGI(app), "asyncio") as client:
        for exchange in map(read, source.splitlines()):
            yield exchange.line.partition("  -> ")[2], ask(client, exchange)


def requests_of(page: str) -> Iterator[int]:
    text = (DOCS / page).read_text("utf-8")
    for block in _blocks.finditer(text):
        if block.group(1) in ("http", "websocket"):
            yield text.count("\n", 0, block.start(2)) + 1


@pytest.mark.parametrize(
    ("page", "line"), [(page, line) for page in PAGES for line in requests_of(page)]
)
def test_the_requests_that_a_page_shows_get_the_answers_that_it_shows(page: str, line: int) -> None:
    shown, got = zip(*examples(page)[line], strict=True)

    assert got == shown


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_a_page_runs(page: str) -> None:
    assert set(examples(page)) == set(requests_of(page))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    headings = {
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]

    anchors = {link[1:] for link in links if link.startswith("#")}
    files = {link.partition("#")[0] for link in links if not link.startswith("#")}
    assert anchors - headings == set()
    assert {file for file in files if not (DOCS / file).exists()} == set()
