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
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

    from portico_conformance._case import Row
    from portico_conformance._open_rows import OpenRows, Task
    from portico_conformance.differences import Difference

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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that takes them its rows and cases."""
    if "conformance_row" not in metafunc.fixturenames:
        return
    rows = _rows(metafunc.config)
    if "conformance_task" not in metafunc.fixturenames:
        metafunc.parametrize("conformance_row", rows, ids=[row.id for row in rows])
        return
    from portico_conformance._case import all_cases
    from portico_conformance._open_rows import Task
    from portico_conformance.differences import differences_of

    cases = list(all_cases())
    parameters: list[ParameterSet] = []
    for row in rows:
        differences = differences_of(row.id)
        for case in cases:
            known = next((known for known in differences if known.is_about_case(case.name)), None)
            if known is None and not row.takes(case):
                continue
            task = Task(case, hangs=known is not None and known.hangs)
            marks = [] if known is None else [_expected_failure(known)]
            parameters.append(pytest.param(row, task, id=f"{row.id}-{case.name}", marks=marks))
    metafunc.parametrize(("conformance_row", "conformance_task"), parameters)


@pytest.fixture(scope="module")
def conformance_rows(request: pytest.FixtureRequest) -> Iterator[OpenRows]:
    """The rows that the tests of this module take, starting; they stop with the last of them."""
    from portico_conformance._open_rows import OpenRows

    rows: dict[str, Row] = {}
    tasks: dict[str, list[Task]] = {}
    for item in request.session.items:
        callspec = getattr(item, "callspec", None)
        if callspec is None or item.getparent(pytest.Module) is not request.node:
            continue
        row: Row | None = callspec.params.get("conformance_row")
        if row is not None:
            rows[row.id] = row
            task: Task | None = callspec.params.get("conformance_task")
            tasks.setdefault(row.id, []).extend([] if task is None else [task])
    with OpenRows([(row, tasks[row.id]) for row in rows.values()]) as opened:
        yield opened


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


def _expected_failure(known: Difference) -> pytest.MarkDecorator:
    from portico_conformance._case import IncompleteAnswerError, NoAnswerError

    raises = (AssertionError, IncompleteAnswerError, NoAnswerError, TimeoutError)
    return pytest.mark.xfail(strict=True, reason=known.reason, raises=raises)
