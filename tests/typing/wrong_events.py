"""What both checkers refuse of events."""

from collections.abc import Iterator

from portico import ServerSentEvent, sse

sse()  # error: mypy[call-overload] pyright[reportCallIssue]
sse("a", retry=1.5)  # error: mypy[call-overload] pyright[reportArgumentType]
sse("a", keep_alive=15)  # error: mypy[call-overload] pyright[reportCallIssue, reportArgumentType]
sse("a", name="tick")  # error: mypy[call-overload] pyright[reportCallIssue]
ServerSentEvent("a", id=b"1")  # error: mypy[arg-type] pyright[reportArgumentType]


def texts() -> Iterator[ServerSentEvent[str]]:
    return sse(iter([1]))  # error: mypy[return-value] pyright[reportReturnType]
