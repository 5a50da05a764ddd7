"""A whole application behind `WSGI`, under `wsgiref.validate`."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from wsgiref.validate import validator

import pytest
from werkzeug.test import Client, TestResponse

from portico import Context, Portico
from portico_wsgi import WSGI


class Pool:
    """Something that may only be used on the loop that it was made on."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()


app = Portico()
app.get("/", "hello")


@app.resource
async def pool() -> AsyncIterator[Pool]:
    yield Pool()


@app.get("/users/{name}")
def user(name: str, times: int = 1) -> str:
    return name * times


@app.get("/pool")
async def own_loop(ctx: Context) -> bool:
    return ctx[pool].loop is asyncio.get_running_loop()


@app.post("/synchronous")
def synchronous_length(body: bytes) -> int:
    return len(body)


@app.post("/asynchronous")
async def asynchronous_length(ctx: Context) -> int:
    return sum([len(chunk) async for chunk in ctx.request.stream()])


@app.get("/stream/synchronous")
def synchronous_stream() -> Iterator[str]:
    yield "one"
    yield "two"


@app.get("/stream/asynchronous")
async def asynchronous_stream() -> AsyncIterator[str]:
    yield "one"
    await asyncio.sleep(0)
    yield "two"


@app.get("/fails")
async def fails() -> str:
    raise LookupError("secret")


class Site:
    """The application as one server calls it."""

    def __init__(self, *, multithread: bool) -> None:
        self.wsgi = WSGI(app, max_body_size=200_000)
        self._client = Client(validator(self.wsgi))
        self._multithread = multithread

    def send(self, method: str, path: str, body: bytes | None = None) -> TestResponse:
        response = self._client.open(
            path, method=method, data=body, multithread=self._multithread, buffered=True
        )
        response.close()
        return response


@pytest.fixture(params=[False, True], ids=["serial", "threads"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    site = Site(multithread=request.param)
    yield site
    site.wsgi.close()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "hello"),
        ("/users/a%2Fb?times=2", "a/ba/b"),
        ("/users/caf%C3%A9", "caf\xe9"),
        ("/pool", "true"),
        ("/stream/synchronous", "onetwo"),
        ("/stream/asynchronous", "onetwo"),
    ],
)
def test_a_get_has_its_answer(site: Site, path: str, text: str) -> None:
    response = site.send("GET", path)

    assert (response.status_code, response.text) == (200, text)


@pytest.mark.parametrize("path", ["/", "/pool", "/stream/synchronous", "/stream/asynchronous"])
def test_a_head_has_the_fields_of_the_get_and_no_content(site: Site, path: str) -> None:
    get, head = site.send("GET", path), site.send("HEAD", path)

    assert head.headers.get("content-length") == get.headers.get("content-length")
    assert (head.status_code, head.data) == (200, b"")


@pytest.mark.parametrize("path", ["/synchronous", "/asynchronous"])
def test_an_upload_is_read_whole(site: Site, path: str) -> None:
    assert site.send("POST", path, b"x" * 200_000).text == "200000"


def test_an_upload_over_the_limit_is_refused(site: Site) -> None:
    assert site.send("POST", "/synchronous", b"x" * 200_001).status_code == 413


@pytest.mark.parametrize(
    ("path", "status"), [("/missing", 404), ("/users/x?times=many", 422), ("/fails", 500)]
)
def test_a_failure_is_a_problem_without_a_secret(
    site: Site, path: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    response = site.send("GET", path)

    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert "secret" not in response.text
    assert len(caplog.records) == (status == 500)
