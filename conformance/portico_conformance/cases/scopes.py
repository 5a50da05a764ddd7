"""Scopes: which routes a hook, a key or a schema reaches, for each kind, scope and position."""

from typing import Final

from portico_conformance._case import Client, case
from portico_conformance._wire import WireResponse
from portico_conformance.application._scopes import (
    CELLS,
    PARTS,
    POSITIONS,
    STANDALONE,
)
from portico_conformance.cases._reading import JSON, TEXT
from portico_conformance.cases._signalling import count_of, new_name

REACH: Final[dict[str, set[str]]] = {
    "local": {"child", "current"},
    "scoped": {"child", "current", "parent"},
    "global": {"child", "current", "parent", "main"},
    "as-scoped": {"child", "current", "parent"},
    "as-scoped-twice": {"child", "current", "parent", "main"},
    "as-global": {"child", "current", "parent", "main"},
}

# In front of what was registered and used: never reached.
EARLY: Final = tuple(f"early-{position}" for position in POSITIONS)


def ask(client: Client, kind: str, scope: str, position: str, name: str = "") -> WireResponse:
    """Ask the route of a position, with nothing of what a schema demands."""
    target = f"/scopes/{kind}/{scope}/{position}/x"
    headers = [("X-Name", f"{name}-{position}")]
    if kind == "parse":
        return client.request("POST", target, [*headers, TEXT], b"unparsed")
    if kind in ("body", "standalone-body"):
        return client.request("POST", target, [*headers, JSON], b'{"other":1}')
    return client.request("GET", target, headers)


def is_reached(kind: str, answer: WireResponse) -> bool:
    if kind in PARTS or kind in STANDALONE:
        assert answer.status in (200, 422), answer.body
        return answer.status == 422
    assert answer.status == (409 if kind == "error" else 200), answer.body
    if kind == "response":
        return b"hidden" not in answer.body
    return answer.get("x-reached") == "yes"


@case("scopes", each=[(f"{kind}-{scope}", (kind, scope)) for kind, scope in CELLS])
def what_is_registered_reaches_the_routes_of_its_scope(
    client: Client, cell: tuple[str, str]
) -> None:
    kind, scope = cell
    if kind == "after_response":
        _after_the_answer(client, scope)
        return

    found = {
        position
        for position in (*POSITIONS, *EARLY)
        if is_reached(kind, ask(client, kind, scope, position))
    }

    assert found == REACH[scope]


def _after_the_answer(client: Client, scope: str) -> None:
    name = new_name()
    for position in (*EARLY, *reversed(POSITIONS)):
        assert ask(client, "after_response", scope, position, name).status == 200

    reached = REACH[scope]
    counts = {position: count_of(client, f"{name}-{position}") for position in reached}
    for position in {*POSITIONS, *EARLY} - reached:
        counts[position] = count_of(client, f"{name}-{position}", least=0)

    assert {position for position, count in counts.items() if count} == reached
    assert set(counts.values()) <= {0, 1}
