"""Cases: what an application must do behind every adapter, each written once.

A case is a function of one argument, a `Client`, whose name is a sentence and which asserts::

    @case("methods")
    def a_head_answer_keeps_content_length_and_has_no_body(client: Client) -> None:
        answer = client.request("HEAD", "/text")
        assert answer.get("content-length") == "5"
        assert answer.body == b""

A case that needs a capability says so, and says what must happen instead where the row does not
have it natively; there are no skips::

    @case("streams", needs=Capability.STREAM_RESPONSE, otherwise=the_stream_arrives_whole)
    def the_first_chunk_arrives_before_the_last_is_made(client: Client) -> None: ...

Data tables become one case a record: `@case("paths", each=[...])` passes the record as the second
argument, and its `id` is a part of the case's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from portico.contract import Capabilities, Capability, Support
from portico_conformance._wire import WireRequest, WireResponse

F = TypeVar("F", bound=Callable[..., None])

LONG_TABLE: Final = 12
"""Records above which a table is long."""

TURNS: Final = 4
"""Among how many rows a long table is shared: each takes one record of so many, in turn."""


class IncompleteAnswerError(Exception):
    """The connection broke before the answer was complete.

    Attributes:
        partial: what arrived: the head, and as much of the body.
    """

    def __init__(self, partial: WireResponse) -> None:
        super().__init__(f"the answer broke off after {len(partial.body)} bytes of its body")
        self.partial = partial


class NoAnswerError(Exception):
    """The connection was closed or refused without any answer."""


class Exchange(Protocol):
    """One request and its answer, step by step. Every wait is bounded, by `TimeoutError`."""

    def send(self, data: bytes) -> None:
        """Send a part of the body."""
        ...

    def end(self) -> None:
        """Say that the body is complete."""
        ...

    def head(self) -> WireResponse:
        """Wait for status and headers; the body of what is returned is empty."""
        ...

    def receive(self) -> bytes:
        """Wait for the next piece of the body; empty at its end.

        Raises:
            IncompleteAnswerError: the answer broke off.
        """
        ...

    def disconnect(self) -> None:
        """Drop the connection, now and without a farewell."""
        ...


class SocketEnd(NamedTuple):
    """How a WebSocket ended, as its client sees it: 1005 without a code, 1006 without a close."""

    code: int
    reason: str = ""


class SocketExchange(Protocol):
    """A request for a WebSocket, and the connection where it was accepted.

    Attributes:
        answer: to the request: 101, or what refuses it, with its body.
    """

    answer: WireResponse

    def send(self, data: str | bytes) -> None:
        """Send a message."""
        ...

    def receive(self) -> str | bytes | SocketEnd:
        """Wait for the next message, or for the end."""
        ...

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame."""
        ...

    def disconnect(self) -> None:
        """Drop the connection, now and without a farewell."""
        ...


class Client(Protocol):
    """A way to one application behind one adapter: in process, or on the wire."""

    row: Row

    def request(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> WireResponse:
        """Send a request and wait for the whole answer.

        A Host and, with a body, a Content-Length are added unless they are given.

        Raises:
            IncompleteAnswerError: the answer broke off.
            NoAnswerError: there was none.
        """
        ...

    def send(self, request: WireRequest) -> WireResponse:
        """The same with a `WireRequest`."""
        ...

    def open(
        self, method: str, target: str, headers: Sequence[tuple[str, str]] = ()
    ) -> AbstractContextManager[Exchange]:
        """Begin a request whose body is sent in parts: chunked, unless a length is given."""
        ...

    def connect(
        self, target: str, headers: Sequence[tuple[str, str]] = ()
    ) -> AbstractContextManager[SocketExchange]:
        """Ask for a WebSocket (RFC 6455); where the row has none, it is a request for `GET`."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """One behaviour.

    Attributes:
        name: the sentence, with the record's id in brackets where it came from a table.
        group: the area that it belongs to.
        run: asserts, given a client.
        needs: the capability that it is about, or None.
        otherwise: asserts what happens where the row does not have it natively.
        record: its place in a table of more than `LONG_TABLE` records; None elsewhere.
    """

    name: str
    group: str
    run: Callable[[Client], None]
    needs: Capability | None = None
    otherwise: Callable[[Client], None] | None = None
    record: int | None = None

    def run_on(self, client: Client) -> None:
        """Assert what the row of this client owes."""
        if self.needs is None or client.row.has(self.needs):
            self.run(client)
        elif self.otherwise is not None:
            self.otherwise(client)


@dataclass(frozen=True, slots=True)
class Row:
    """One adapter behind one driver.

    Attributes:
        id: `"asgi-asyncio"`, `"uvicorn-h11"`, `"lambda-http"`, ...
        adapter: `"asgi"`, `"wsgi"`, `"lambda"` or `"cloudflare"`.
        on_wire: whether there is a real server and a socket.
        capabilities: the adapter's table, as this row has it.
        open: starts what the row needs; shared by all cases of a run.
        concurrent: whether a second request is answered while a first is under way.
        quick: whether it belongs to the short list of rows.
        turn: which of the long tables' records it takes, one of `TURNS`; None takes all.
    """

    id: str
    adapter: str
    on_wire: bool
    capabilities: Capabilities
    open: Callable[[], AbstractContextManager[Client]] = field(repr=False, compare=False)
    concurrent: bool = True
    quick: bool = False
    turn: int | None = None

    def takes(self, case: Case) -> bool:
        """Whether a case is this row's to run, where rows share the long tables."""
        return self.turn is None or case.record is None or case.record % TURNS == self.turn

    def has(self, capability: Capability) -> bool:
        """Whether the capability is native here."""
        return self.capabilities[capability] is Support.NATIVE


_cases: list[Case] = []


def case(
    group: str,
    *,
    needs: Capability | None = None,
    otherwise: Callable[..., None] | None = None,
    each: Iterable[tuple[str, Any]] | None = None,
) -> Callable[[F], F]:
    """Register a case, or one case a record of `each`: pairs of an id and the record.

    With `each`, `otherwise` gets the record as well.

    Raises:
        ValueError: it needs a capability but does not say what happens without it.
    """
    if needs is not None and otherwise is None:
        raise ValueError(f"A case that needs {needs} says with `otherwise` what happens without.")

    def register(fn: F) -> F:
        if each is None:
            _cases.append(Case(fn.__name__, group, fn, needs, otherwise))
        records = list(each or ())
        for index, (identifier, record) in enumerate(records):
            name = f"{fn.__name__}[{identifier}]"
            without = None if otherwise is None else _with(otherwise, record)
            place = index if len(records) > LONG_TABLE else None
            _cases.append(Case(name, group, _with(fn, record), needs, without, place))
        return fn

    return register


def _with(fn: Callable[..., None], record: Any) -> Callable[[Client], None]:
    return lambda client: fn(client, record)


def all_cases() -> Iterator[Case]:
    """Every registered case, the modules of cases imported."""
    import portico_conformance.cases as _modules

    del _modules
    yield from _cases
