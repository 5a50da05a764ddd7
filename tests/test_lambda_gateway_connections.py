"""Sending through API Gateway's `@connections`, and the signature that it takes.

The vectors of signatures are those of AWS's test suite for Signature Version 4; the endpoint of the
other tests computes signatures by itself, from what has arrived.
"""

import hashlib
import hmac
import http.server
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from portico import DefinitionError, Portico
from portico_lambda import (
    Connection,
    GatewayConnections,
    GoneError,
    Lambda,
    MissingCredentialsError,
    PostError,
)
from portico_lambda._signature_v4 import Credentials, credentials_of, signed

SUITE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", "us-east-1")
SUITE_TIME = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE=="


@pytest.mark.parametrize(
    ("name", "method", "path", "headers", "signature"),
    [
        (
            "get-vanilla",
            "GET",
            "/",
            {},
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "post-vanilla",
            "POST",
            "/",
            {},
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "get-utf8",
            "GET",
            "/\u1234",
            {},
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ),
        (
            "get-unreserved",
            "GET",
            "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            {},
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        (
            "get-header-value-trim",
            "GET",
            "/",
            {"my-header1": " value1", "my-header2": ' "a   b   c"'},
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "post-header-key-sort",
            "POST",
            "/",
            {"my-header1": "value1"},
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
    ],
)
def test_signatures_are_those_of_the_test_suite(
    name: str, method: str, path: str, headers: dict[str, str], signature: str
) -> None:
    fields = {"host": "example.amazonaws.com", **headers}

    found = signed(method, path, fields, b"", SUITE, "service", SUITE_TIME)

    assert found["authorization"].endswith(f"Signature={signature}"), name
    assert found["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
    )


def test_a_temporary_token_is_signed_too() -> None:
    credentials = SUITE._replace(token=TOKEN)

    found = signed("POST", "/", {"host": "h"}, b"", credentials, "service", SUITE_TIME)

    assert found["x-amz-security-token"] == TOKEN
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token," in found["authorization"]


def test_credentials_are_those_that_lambda_sets() -> None:
    environment = {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "eu-west-1",
    }

    found = credentials_of(environment)

    assert found == ("id", "key", "token", "eu-west-1")
    assert "key" not in repr(found)


@pytest.mark.parametrize("left_out", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"])
def test_missing_credentials_are_an_error_that_names_them(left_out: str) -> None:
    names = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"}

    with pytest.raises(MissingCredentialsError, match=left_out):
        credentials_of(dict.fromkeys(names - {left_out}, "x"))


class Endpoint:
    """What API Gateway does: it checks the signature and keeps what was sent."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []
        self.peers: set[object] = set()
        self.status = 200
        self.keeps_alive = True
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                endpoint.answer(self)

            def do_DELETE(self) -> None:
                endpoint.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/prod"

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length", "0")))
        self.peers.add(handler.client_address)
        expected = expected_signature(handler, body)
        status = self.status
        if not handler.headers["authorization"].endswith(f"Signature={expected}"):
            status = 403
        if status == 200:
            self.taken.append((handler.command, handler.path, body.decode()))
        handler.send_response(status)
        text = b"" if status == 200 else b'{"message":"no"}'
        handler.send_header("content-length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)
        if not self.keeps_alive:  # closed without a word, as an idle connection is
            handler.close_connection = True


def expected_signature(handler: http.server.BaseHTTPRequestHandler, body: bytes) -> str:
    """Step by step as AWS's guide "Create a signed AWS API request" has it."""
    fields = {name.lower(): value.strip() for name, value in handler.headers.items()}
    given = fields["authorization"]
    names = given.split("SignedHeaders=")[1].split(",")[0]
    canonical = f"{handler.command}\n"
    canonical += "/".join(quote(part, safe="") for part in handler.path.split("/")) + "\n\n"
    for name in names.split(";"):
        canonical += f"{name}:{fields[name]}\n"
    canonical += f"\n{names}\n{hashlib.sha256(body).hexdigest()}"
    day = fields["x-amz-date"][:8]
    scope = f"{day}/eu-west-1/execute-api/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{fields['x-amz-date']}\n{scope}\n"
    to_sign += hashlib.sha256(canonical.encode()).hexdigest()
    key = hmac.new(b"AWS4secret", day.encode(), hashlib.sha256).digest()
    key = hmac.new(key, b"eu-west-1", hashlib.sha256).digest()
    key = hmac.new(key, b"execute-api", hashlib.sha256).digest()
    key = hmac.new(key, b"aws4_request", hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    found = Endpoint()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


class Table(GatewayConnections):
    """Handshakes in a dictionary, in place of a table."""

    def __init__(self, endpoint: str | None = None) -> None:
        super().__init__(endpoint=endpoint, timeout=5)
        self.kept: dict[str, str] = {}

    def put(self, connection: Connection, handshake: str, /) -> None:
        self.kept[connection.id] = handshake

    def get(self, connection: Connection, /) -> str | None:
        return self.kept.get(connection.id)

    def delete(self, connection: Connection, /) -> None:
        self.kept.pop(connection.id, None)


@pytest.fixture
def table() -> Iterator[Table]:
    found = Table()
    yield found
    found.disconnect()


PATH = "/prod/@connections/X1y2Zabc_DoCJ3w%3D"


def test_a_message_is_posted_with_a_signature(endpoint: Endpoint, table: Table) -> None:
    connection = Connection("X1y2Zabc_DoCJ3w=", endpoint.url)

    table.post(connection, "grüße")
    table.close(connection)

    assert endpoint.taken == [("POST", PATH, "grüße"), ("DELETE", PATH, "")]


def test_the_wrong_key_is_not_taken(
    endpoint: Endpoint, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")

    with pytest.raises(PostError, match="403") as raised:
        table.post(Connection("a", endpoint.url), "x")

    assert raised.value.status == 403


def test_an_endpoint_of_the_users_comes_first(endpoint: Endpoint) -> None:
    table = Table(f"{endpoint.url}/")

    table.post(Connection("a", "https://unreachable.invalid/prod"), "x")
    table.disconnect()

    assert endpoint.taken == [("POST", "/prod/@connections/a", "x")]


def test_an_empty_message_is_posted(endpoint: Endpoint, table: Table) -> None:
    table.post(Connection("a", endpoint.url), "")

    assert endpoint.taken == [("POST", "/prod/@connections/a", "")]


def test_messages_go_over_one_connection(endpoint: Endpoint, table: Table) -> None:
    for text in "abc":
        table.post(Connection("a", endpoint.url), text)

    assert [text for _, _, text in endpoint.taken] == ["a", "b", "c"]
    assert len(endpoint.peers) == 1


def test_a_connection_that_was_closed_meanwhile_is_made_again(
    endpoint: Endpoint, table: Table
) -> None:
    endpoint.keeps_alive = False

    for text in "abc":
        table.post(Connection("a", endpoint.url), text)

    assert [text for _, _, text in endpoint.taken] == ["a", "b", "c"]
    assert len(endpoint.peers) == 3


def test_a_connection_that_was_idle_for_long_is_not_used_again(
    endpoint: Endpoint, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("portico_lambda._gateway_connections.time", lambda: now[0])

    for elapsed in (0, 5, 60, -3600):
        now[0] += elapsed
        table.post(Connection("a", endpoint.url), "x")

    assert (len(endpoint.taken), len(endpoint.peers)) == (4, 3)


def test_who_is_gone_is_an_error_of_its_own(endpoint: Endpoint, table: Table) -> None:
    endpoint.status = 410

    with pytest.raises(GoneError, match="'a' has ended"):
        table.post(Connection("a", endpoint.url), "x")
    table.close(Connection("a", endpoint.url))


@pytest.mark.parametrize("status", [413, 429, 500])
def test_what_is_not_taken_is_an_error_with_the_status(
    endpoint: Endpoint, table: Table, status: int
) -> None:
    endpoint.status = status

    with pytest.raises(PostError) as raised:
        table.post(Connection("a", endpoint.url), "x")

    assert raised.value.status == status


@pytest.mark.parametrize("url", ["", "abc.example/prod", "wss://abc.example/prod", "https://"])
def test_an_endpoint_is_a_url(url: str) -> None:
    with pytest.raises(DefinitionError, match="endpoint="):
        Table(url)


def test_a_function_answers_over_it(endpoint: Endpoint) -> None:
    app = Portico()

    @app.ws("/")
    def echo(message: str) -> str:
        return message

    table = Table(endpoint.url)
    handler = Lambda(app, connections=table)
    context = {
        "domainName": "abc.execute-api.eu-west-1.amazonaws.com",
        "stage": "prod",
        "connectionId": "X1y2Zabc_DoCJ3w=",
    }
    handler({"requestContext": {**context, "eventType": "CONNECT"}, "headers": {"Host": "h"}})
    handler({"requestContext": {**context, "eventType": "MESSAGE"}, "body": "hi"})
    handler.close()
    table.disconnect()

    assert endpoint.taken == [("POST", PATH, "hi")]
