"""A service that is told its hosts answers for these alone, behind every adapter."""

import pytest

from portico_conformance._case import Row
from portico_conformance.application import OPTIONS
from portico_conformance.rows import all_rows

IN_PROCESS = [row for row in all_rows() if not row.on_wire]


@pytest.mark.parametrize("row", IN_PROCESS, ids=lambda row: row.id)
def test_a_host_outside_of_those_is_refused_before_any_route(
    row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPTIONS, "hosts", ["app.example", "app.example:8443"])
    monkeypatch.setenv("PORTICO_CONFORMANCE_DIR", "")

    with row.open() as client:
        found = {
            host: client.request("GET", "/text", [("Host", host)]).status
            for host in ("app.example", "APP.example", "evil.example", "app.example.evil.example")
        }

    assert found == {
        "app.example": 200,
        "APP.example": 200,
        "evil.example": 400,
        "app.example.evil.example": 400,
    }
