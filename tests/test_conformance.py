"""The conformance suite as a part of our own tests, and what the suite itself promises."""

from dataclasses import replace

import pytest

from portico_conformance._case import all_cases
from portico_conformance.differences import DIFFERENCES, differences_of
from portico_conformance.rows import WHOLE, all_rows, selected_rows
from portico_conformance.test_conformance import (
    test_conformance,
    test_the_canary_is_found_dead,
)

__all__ = ["test_conformance", "test_the_canary_is_found_dead"]

pytestmark = pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")


def test_every_known_difference_is_about_cases_and_rows_that_there_are() -> None:
    cases, rows = [case.name for case in all_cases()], [row.id for row in all_rows()]
    for known in DIFFERENCES:
        for pattern in known.cases:
            alone = replace(known, cases=(pattern,))
            assert any(map(alone.is_about_case, cases)), pattern
        for pattern in known.rows:
            alone = replace(known, rows=(pattern,))
            assert any(map(alone.is_about_row, rows)), pattern


def test_a_case_on_a_row_has_one_known_difference_at_most() -> None:
    cases = [case.name for case in all_cases()]
    for row in all_rows():
        differences = differences_of(row.id)
        for case in cases:
            assert sum(known.is_about_case(case) for known in differences) <= 1, (row.id, case)


def test_each_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in all_cases()]
    assert sorted(set(names)) == sorted(names)


def test_each_row_has_an_id_of_its_own() -> None:
    ids = [row.id for row in all_rows()]
    assert sorted(set(ids)) == sorted(ids)


def test_the_quick_rows_are_those_in_process_and_one_on_the_wire_for_each_adapter() -> None:
    on_wire = [row.adapter for row in selected_rows("quick") if row.on_wire]
    in_process = [row for row in all_rows() if not row.on_wire]
    assert sorted(on_wire) == ["asgi", "cloudflare", "lambda", "wsgi"]
    assert all(row.quick for row in in_process)


def test_a_row_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"no row 'uvicorn'.*uvicorn-h11"):
        selected_rows("asgi-trio,uvicorn")


@pytest.mark.parametrize("choice", ["all", "quick"])
def test_rows_share_long_tables_and_leave_no_record_and_no_behaviour_out(choice: str) -> None:
    cases, rows = list(all_cases()), selected_rows(choice)
    behaviours = {case.name.partition("[")[0] for case in cases}

    taken = {row.id: [case for case in cases if row.takes(case)] for row in rows}
    by_turns = [taken[row.id] for row in rows if row.id not in WHOLE]

    assert all(len(taken[row]) == len(cases) for row in WHOLE)
    assert all(len(some) < len(cases) * 0.6 for some in by_turns)
    assert {case.name for some in by_turns for case in some} == {case.name for case in cases}
    for some in by_turns:
        assert {case.name.partition("[")[0] for case in some} == behaviours


def test_a_row_that_is_named_takes_long_tables_whole() -> None:
    (row,) = selected_rows("daphne")
    assert all(map(row.takes, all_cases()))
