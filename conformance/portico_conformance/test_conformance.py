"""Every case on every row; `portico_conformance.plugin` says which rows there are."""

import pytest

from portico_conformance._case import Case, Client, Row

# `wsgiref.validate` warns of methods that it has not heard of, such as PURGE.
pytestmark: pytest.MarkDecorator = pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")


def test_the_canary_is_found_dead(conformance_row: Row, conformance_client: Client) -> None:
    # A driver or a harness on which nothing can fail would make every case below worthless.
    with pytest.raises(AssertionError, match="the canary"):
        CANARY.run_on(conformance_client)


def test_conformance(
    conformance_row: Row, conformance_case: Case, conformance_client: Client
) -> None:
    conformance_case.run_on(conformance_client)


def _the_answer_is_another_one(client: Client) -> None:
    answer = client.request("GET", "/text")
    assert answer.body == b"Goodbye, World!", "the canary"


CANARY = Case("the_answer_is_another_one", "canary", _the_answer_is_another_one)
