"""Large bodies, both ways."""

from hashlib import sha256

from portico.contract import Capability
from portico_conformance._case import Client, case
from portico_conformance.cases._reading import COLOURS, json_of

BINARY = ("Content-Type", "application/octet-stream")
MIB = 1024 * 1024
LAMBDA_SIZE = 300 * 1024  # within what every gateway takes, in base64

PATTERN = bytes(range(256))


def pattern(size: int) -> bytes:
    return (PATTERN * (size // 256 + 1))[:size]


def comes_down(client: Client, target: str, size: int) -> None:
    answer = client.request("GET", f"{target}?size={size}")

    assert answer.status == 200
    assert answer.body == pattern(size)


def goes_up(client: Client, size: int) -> None:
    body = pattern(size)

    answer = json_of(client.request("POST", "/async/digest", [BINARY], body))

    assert answer == {"size": size, "sha256": sha256(body).hexdigest()}


def a_large_answer_within_the_limits_comes_down(client: Client, target: str) -> None:
    comes_down(client, target, LAMBDA_SIZE)


@case(
    "large",
    each=[("async", "/async/large"), ("sync", "/sync/large"), ("stream", "/async/large-stream")],
    needs=Capability.STREAM_RESPONSE,
    otherwise=a_large_answer_within_the_limits_comes_down,
)
def a_mebibyte_comes_down(client: Client, target: str) -> None:
    comes_down(client, target, MIB)


def a_large_body_within_the_limits_goes_up(client: Client) -> None:
    goes_up(client, LAMBDA_SIZE)


@case(
    "large",
    needs=Capability.STREAM_REQUEST,
    otherwise=a_large_body_within_the_limits_goes_up,
)
def a_mebibyte_goes_up_to_a_handler_that_streams(client: Client) -> None:
    goes_up(client, MIB)


@case("large", each=COLOURS)
def a_large_body_that_is_read_whole_goes_up(client: Client, colour: str) -> None:
    body = pattern(200 * 1024)

    answer = json_of(client.request("POST", f"/{colour}/digest", [BINARY], body))

    assert answer == {"size": len(body), "sha256": sha256(body).hexdigest()}


@case("large", each=COLOURS)
def a_large_body_comes_back_as_it_is_read(client: Client, colour: str) -> None:
    body = pattern(200 * 1024)

    answer = client.request("POST", f"/{colour}/echo-stream", [BINARY], body)

    assert answer.status == 200
    assert answer.body == body
