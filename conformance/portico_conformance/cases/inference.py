"""What is inferred of functions by the interpreter of a row: opcodes differ between versions."""

from portico_conformance._case import Client, case
from portico_conformance.cases._reading import json_of


@case("inference")
def what_may_block_is_known_of_each_function_of_the_table(client: Client) -> None:
    told = json_of(client.request("GET", "/inference"))

    assert told["wrong"] == {}
    assert told["count"] > 60
