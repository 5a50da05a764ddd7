"""Cron triggers and queue messages in the real workerd, sent by a Worker in front."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from portico_conformance._require_component import require_component
from portico_conformance._workerd import Worker
from portico_conformance.components import ensure_worker_packages, ensure_workerd

APP = """
from typing import Any

from msgspec import Struct
from portico import Portico, QueueMessage, ScheduledEvent
from portico_cloudflare import Worker

app = Portico()
seen = []


class Order(Struct):
    id: int


@app.on("queue", "orders")
async def handle(message: QueueMessage[Order]) -> None:
    if message.body.id == 13:
        raise LookupError("unlucky")
    seen.append([message.id, message.queue, message.attempts, message.sent.isoformat()])
    seen.append(message.body.id)


@app.on("queue", "any")
def keep(message: QueueMessage[Any]) -> None:
    seen.append(repr(message.body))


@app.on("schedule", "0 3 * * *")
def nightly(event: ScheduledEvent) -> None:
    seen.append([event.name, event.due.isoformat()])


@app.on("schedule", "1 3 * * *")
async def broken() -> None:
    raise LookupError("no rates")


@app.get("/seen")
def look() -> list[object]:
    found = seen[:]
    seen.clear()
    return found


Default = Worker(app)
"""

CALLER = """
const at = new Date("2026-01-02T03:04:05.678Z");
const messages = (...bodies) =>
  bodies.map((body, index) => ({id: `m${index + 1}`, timestamp: at, attempts: 1, body}));
const calls = {
  "/orders": (main) => main.queue("orders", messages({id: 1}, {id: 13}, {id: "x"}, {id: 4})),
  "/any": (main) =>
    main.queue("any", messages("text", new Uint8Array([1, 2]), [1, {a: null}], 5, 1.5, true, null)),
  "/unknown": (main) => main.queue("returns", messages("text")),
  "/cron": (main) => main.scheduled({scheduledTime: at, cron: "0 3 * * *"}),
  "/broken": (main) => main.scheduled({scheduledTime: at, cron: "1 3 * * *"}),
};
export default {
  async fetch(request, env) {
    const call = calls[new URL(request.url).pathname];
    if (call === undefined) return env.MAIN.fetch(request);
    return Response.json(await call(env.MAIN));
  },
};
"""


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    require_component(ensure_workerd)
    require_component(ensure_worker_packages)
    packages = [_folder(name) for name in ("portico", "portico_cloudflare")]
    with Worker(APP, packages=packages, caller=CALLER, snapshot=True) as running:
        yield running


def _folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def get(worker: Worker, path: str) -> Any:
    with closing(http.client.HTTPConnection("127.0.0.1", worker.port, timeout=30)) as connection:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())


def test_messages_are_handled_and_told_apart_by_what_became_of_them(worker: Worker) -> None:
    result = get(worker, "/orders")

    sent = "2026-01-02T03:04:05.678000+00:00"
    assert get(worker, "/seen") == [["m1", "orders", 1, sent], 1, ["m4", "orders", 1, sent], 4]
    assert result["outcome"] == "ok"
    assert result["explicitAcks"] == ["m1", "m4"]
    assert [each["msgId"] for each in result["retryMessages"]] == ["m2", "m3"]
    assert "unlucky" in worker.log()
    assert "body/id: expected an integer" in worker.log()


def test_bodies_become_values_of_python(worker: Worker) -> None:
    get(worker, "/any")

    assert get(worker, "/seen") == [
        "'text'",
        "b'\\x01\\x02'",
        "[1, {'a': None}]",
        "5",
        "1.5",
        "True",
        "None",
    ]


def test_a_queue_without_a_handler_is_an_error(worker: Worker) -> None:
    assert get(worker, "/unknown")["outcome"] == "exception"
    assert "'queue' event of 'returns'" in worker.log()


def test_a_cron_trigger_goes_to_the_handler_of_its_expression(worker: Worker) -> None:
    assert get(worker, "/cron")["outcome"] == "ok"
    assert get(worker, "/seen") == [["0 3 * * *", "2026-01-02T03:04:05.678000+00:00"]]


def test_a_cron_trigger_that_fails_is_an_error(worker: Worker) -> None:
    assert get(worker, "/broken")["outcome"] == "exception"
    assert "no rates" in worker.log()
