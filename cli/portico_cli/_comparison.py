"""Whether answers are the same, and where they differ.

Two answers are the same when their status and body are, and their fields but those with which a
server frames a message or speaks of itself.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from portico_cli._column import Answer, Column

# A server decides how a body is framed (RFC 9112 section 6) and for how long a connection is kept,
# dates the answer and gives its name (RFC 9110 sections 6.6.1 and 10.2.4).
SERVERS_OWN: Final = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding", "via"}
)


class Difference(NamedTuple):
    """One thing that is not the same in all answers.

    Attributes:
        what: `"status"`, `"body"`, `"answer"` where there was none, or the name of a field.
        found: what each runtime has there, in the order of the columns.
        odd: the runtimes that do not have what most have.
    """

    what: str
    found: Mapping[str, str]
    odd: Sequence[str]

    def __str__(self) -> str:
        """`status: gunicorn, lambda`."""
        return f"{self.what}: {', '.join(self.odd)}"


def differences(columns: Sequence[Column], row: int) -> list[Difference]:
    """What differs in the answers to one request, among the runtimes that ran."""
    answers = {column.name: column.answers[row] for column in columns if column.ran}
    parts = {name: _parts(answer) for name, answer in answers.items()}
    return list(_uneven(parts))


def _parts(answer: Answer) -> dict[str, str]:
    """An answer by what it consists of. The first that differs is the first to be told."""
    if isinstance(answer, str):
        return {"answer": answer}
    fields: dict[str, str] = {}
    for name, value in answer.headers:
        if name not in SERVERS_OWN:
            fields[name] = f"{fields[name]} | {value}" if name in fields else value
    body = answer.body.decode("utf-8", "backslashreplace")
    return {"status": str(answer.status), **dict(sorted(fields.items())), "body": body}


def _uneven(parts: Mapping[str, Mapping[str, str]]) -> Iterator[Difference]:
    names = dict.fromkeys(what for part in parts.values() for what in part)
    silent = any("answer" in part for part in parts.values())
    for what in ["answer"] if silent else names:
        found = {name: part.get(what, "(none)") for name, part in parts.items()}
        [(usual, _), *others] = Counter(found.values()).most_common()
        if others or silent:
            odd = [name for name, value in found.items() if value != usual] or list(found)
            yield Difference(what, found, odd)
