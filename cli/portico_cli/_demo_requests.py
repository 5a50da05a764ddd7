"""What `portico demo` asks of every runtime."""

from typing import NamedTuple

from portico_conformance.runtimes import WireRequest


class Call(NamedTuple):
    """A request and what the table calls it."""

    label: str
    request: WireRequest


def _get(target: str, *headers: tuple[str, str], method: str = "GET", about: str = "") -> Call:
    return Call(f"{method} {target}{about}", WireRequest(method, target, [*headers]))


def _post(target: str, json: str, about: str) -> Call:
    headers = [("Content-Type", "application/json")]
    return Call(f"POST {target}{about}", WireRequest("POST", target, headers, json.encode()))


CALLS = (
    _get("/"),
    _get("/", method="HEAD"),
    _get("/notes?min_stars=4"),
    _get("/notes/2?shout=yes"),
    _get("/notes/2?shout=true"),
    _get("/notes/9"),
    _post("/notes", '{"text": "Water the plants"}', ", valid"),
    _post("/notes", '{"text": "", "stars": 9}', ", 2 faults"),
    _post("/notes", '{"text": ', ", cut off"),
    _get("/visits", ("Cookie", "visits=6"), about=", a cookie"),
    _get("/count?to=3", about=", a stream"),
    _get("/nowhere"),
    _get("/notes", method="DELETE"),
)
