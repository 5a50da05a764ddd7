"""Every case on every row; `portico_conformance.plugin` says which rows there are."""

import pytest

from portico_conformance._case import Case, Client, Row
from portico_conformance._open_rows import OpenRows, Task
from portico_conformance._require_component import components_required

# `wsgiref.validate` warns of methods that it has not heard of, such as PURGE.
pytestmark: pytest.MarkDecorator = pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")


def test_conformance(
    conformance_rows: OpenRows, conformance_row: Row, conformance_task: Task
) -> None:
    with components_required():
        conformance_rows.run(conformance_row, conformance_task)


def test_the_canary_is_found_dead(conformance_rows: OpenRows, conformance_row: Row) -> None:
    with components_required():
        client = conformance_rows.client(conformance_row)

    # A driver or a harness on which nothing can fail would make every case above worthless.
    with pytest.raises(AssertionError, match="the canary"):
        CANARY.run_on(client)


def _the_answer_is_another_one(client: Client) -> None:
    answer = client.request("GET", "/text")
    assert answer.body == b"Goodbye, World!", "the canary"


CANARY = Case("the_answer_is_another_one", "canary", _the_answer_is_another_one)
