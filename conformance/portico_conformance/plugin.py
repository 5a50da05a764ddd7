"""The pytest plugin: every case on every row, or on an adapter of your own.

    pytest --pyargs portico_conformance                            all rows
    PORTICO_ROWS=quick pytest --pyargs portico_conformance         in process, and one server each
    PORTICO_ROWS=asgi-trio,daphne pytest --pyargs portico_conformance
    pytest --pyargs portico_conformance --adapter module:factory   an adapter of your own
    TEST_HOST=http://host:port pytest --pyargs portico_conformance   a deployed application

What `module:factory` is, `portico_conformance.adapted` says.

The plugin is loaded into every run of pytest where Portico is installed, so it imports nothing
until a test of the suite is collected.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from portico_conformance._case import Case, Client, Row
    from portico_conformance._open_rows import OpenRows
    from portico_conformance.differences import Difference

_SHORT = 0.5  # seconds

pytest.register_assert_rewrite("portico_conformance.cases")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--adapter`."""
    group = parser.getgroup("portico conformance")
    group.addoption(
        "--adapter",
        action="append",
        default=[],
        metavar="MODULE:FACTORY",
        help="run the conformance suite on this adapter instead of Portico's own; repeatable",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register our marker, as `--strict-markers` wants."""
    config.addinivalue_line("markers", "conformance_hangs: the known difference is silence")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that takes them its rows and cases."""
    if "conformance_row" not in metafunc.fixturenames:
        return
    rows = _rows(metafunc.config)
    if "conformance_case" not in metafunc.fixturenames:
        metafunc.parametrize("conformance_row", rows, ids=[row.id for row in rows])
        return
    from portico_conformance._case import all_cases
    from portico_conformance.differences import differences_of

    cases = list(all_cases())
    metafunc.parametrize(
        ("conformance_row", "conformance_case"),
        [
            pytest.param(row, case, id=f"{row.id}-{case.name}", marks=_marks(case, known))
            for row in rows
            for known in [differences_of(row.id)]
            for case in cases
        ],
    )


@pytest.fixture(scope="module")
def conformance_rows(request: pytest.FixtureRequest) -> Iterator[OpenRows]:
    """The rows that the tests of this run take, starting; they stop with the last of them."""
    from portico_conformance._case import Row
    from portico_conformance._open_rows import OpenRows

    needed: dict[str, Row] = {}
    for item in request.session.items:
        callspec = getattr(item, "callspec", None)
        row = callspec.params.get("conformance_row") if callspec else None
        if isinstance(row, Row):
            needed[row.id] = row
    with OpenRows(needed.values()) as rows:
        yield rows


@pytest.fixture
def conformance_client(
    request: pytest.FixtureRequest, conformance_rows: OpenRows, conformance_row: Row
) -> Iterator[Client]:
    """The client of the row that the test is about."""
    from portico_conformance._on_wire import WireClient

    client = _client(conformance_rows, conformance_row)
    if isinstance(client, WireClient) and request.node.get_closest_marker("conformance_hangs"):
        # Where silence is the known difference, there is no use in waiting for long.
        with client.patience(_SHORT):
            yield client
    else:
        yield client


def _client(rows: OpenRows, row: Row) -> Client:
    from portico_conformance._servers import ServerMissingError
    from portico_conformance.components import ComponentMissingError

    try:
        return rows.client(row)
    except (ComponentMissingError, ServerMissingError) as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"With CI=true each component has to be there. {error}", pytrace=False)
        pytest.skip(str(error))


def _rows(config: pytest.Config) -> list[Row]:
    adapters: list[str] = config.getoption("--adapter") or []
    host = os.environ.get("TEST_HOST", "")
    try:
        if adapters or host:
            from portico_conformance.adapted import adapted_row, deployed_row

            deployed = [deployed_row(host)] if host else []
            return [*map(adapted_row, adapters), *deployed]
        from portico_conformance.rows import selected_rows

        return selected_rows(os.environ.get("PORTICO_ROWS", "all"))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def _marks(case: Case, differences: Iterable[Difference]) -> list[pytest.MarkDecorator]:
    from portico_conformance._case import IncompleteAnswerError, NoAnswerError

    raises = (AssertionError, IncompleteAnswerError, NoAnswerError, TimeoutError)
    marks: list[pytest.MarkDecorator] = []
    for known in differences:
        if known.is_about_case(case.name):
            marks.append(pytest.mark.xfail(strict=True, reason=known.reason, raises=raises))
            if known.hangs:
                marks.append(pytest.mark.conformance_hangs)
    return marks
