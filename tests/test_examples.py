"""The examples do what they say, behind the ASGI adapter."""

import json
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

from portico.contract import NATIVE, Capability
from portico_asgi import ASGI
from portico_conformance._case import Client, Row
from portico_conformance._in_process_asgi import asgi_client
from portico_conformance._wire import WireResponse

EXAMPLES = Path(__file__).parents[1] / "examples"
JSON = ("content-type", "application/json")


def no_client() -> Any:
    raise NotImplementedError


ROW = Row("examples", "examples", False, dict.fromkeys(Capability, NATIVE), no_client)


def example(name: str) -> ModuleType:
    spec = util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(name="client", params=["asyncio", "trio"])
def client_of_the_board(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    monkeypatch.setenv("COOKIE_SECRET", "a secret that only tests know")
    backend: Literal["asyncio", "trio"] = request.param
    with asgi_client(ROW, ASGI(example("board").app), backend) as client:
        yield client


def log_in(client: Client, name: str) -> tuple[str, str]:
    """The Cookie field of somebody who logged in."""
    answer = client.request("POST", "/login", [JSON], json.dumps({"name": name}).encode())
    assert answer.status == 204
    [cookie] = answer.get_all("set-cookie")
    return "cookie", cookie.partition(";")[0]


def write(client: Client, text: str, *headers: tuple[str, str]) -> WireResponse:
    return client.request("POST", "/posts", [JSON, *headers], json.dumps({"text": text}).encode())


def test_members_write_and_everyone_reads(client: Client) -> None:
    written = write(client, "Hello", log_in(client, "ada"))

    assert written.status == 201
    assert json.loads(written.body) == {"id": 1, "author": "ada", "text": "Hello"}
    assert json.loads(client.request("GET", "/posts").body) == [json.loads(written.body)]


@pytest.mark.parametrize(
    "headers", [[], [("cookie", "user=ada")], [("cookie", "user=ada.forged")]], ids=str
)
def test_a_stranger_is_told_to_log_in(client: Client, headers: list[tuple[str, str]]) -> None:
    answer = write(client, "Hello", *headers)

    assert answer.status == 401
    assert json.loads(answer.body)["detail"] == "Log in first: POST /login."
    assert answer.get("www-authenticate") == 'Cookie realm="board"'


def test_the_cookie_of_another_name_is_not_admitted(client: Client) -> None:
    _, cookie = log_in(client, "ada")
    _, _, signature = cookie.rpartition(".")

    assert write(client, "Hello", ("cookie", f"user=grace.{signature}")).status == 401


@pytest.mark.parametrize(("name", "status"), [("ada", 403), ("grace", 204)])
def test_moderators_alone_take_posts_away(client: Client, name: str, status: int) -> None:
    write(client, "Hello", log_in(client, "ada"))

    answer = client.request("DELETE", "/posts/1", [log_in(client, name)])

    assert answer.status == status
    assert len(json.loads(client.request("GET", "/posts").body)) == (status == 403)


def test_what_is_not_there_is_a_problem_that_names_it(client: Client) -> None:
    answer = client.request("DELETE", "/posts/7", [log_in(client, "grace")])

    assert answer.status == 404
    assert json.loads(answer.body)["detail"] == "There is no post 7."


@pytest.mark.parametrize("text", ["", "x" * 501], ids=["empty", "too long"])
def test_a_post_has_from_1_to_500_characters(client: Client, text: str) -> None:
    assert write(client, text, log_in(client, "ada")).status == 422


def test_logging_out_removes_the_cookie(client: Client) -> None:
    [removal] = client.request("POST", "/logout").get_all("set-cookie")

    assert removal.startswith("user=; Max-Age=0")


def test_readers_follow_the_board_and_go_on_where_they_stopped(client: Client) -> None:
    member = log_in(client, "ada")
    write(client, "one", member)
    write(client, "two", member)

    with client.open("GET", "/events", [("last-event-id", "1")]) as exchange:
        head = exchange.head()
        assert head.status == 200
        assert head.get("content-type") == "text/event-stream"
        assert b"id: 2\n" in exchange.receive()
        write(client, "three", member)
        event = exchange.receive()

    assert event.startswith(b"id: 3\nevent: post\n")
    assert json.loads(event.partition(b"data: ")[2]) == {"id": 3, "author": "ada", "text": "three"}


def test_the_time_of_the_handler_is_in_the_answer(client: Client) -> None:
    assert (client.request("GET", "/posts").get("server-timing") or "").startswith("handle;dur=")


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_every_example_passes_its_own_check(name: str) -> None:
    example(name).app.check()
