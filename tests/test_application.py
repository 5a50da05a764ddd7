"""`Portico`: registration, routing's answers, the host, and being an ASGI application."""

import asyncio
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from portico import (
    BodyLimits,
    CapabilityError,
    Context,
    DefinitionError,
    Headers,
    Portico,
    Request,
    Response,
    use,
)
from portico.contract import (
    ABSENT,
    NATIVE,
    Capability,
    NativeRequest,
    Options,
    Platform,
)


class Native(NativeRequest):
    """A request as a server hands it over."""

    __slots__ = ("name",)

    def __init__(self, method: str, target: str, host: str = "app.test") -> None:
        self.name = host
        super().__init__(method, target, "", None, BodyLimits(10, 10, 10))

    def _read_headers(self) -> Headers:
        return Headers({"host": self.name})

    def _read_host(self) -> str:
        return self.name

    def _read_scheme(self) -> str:
        return "http"


class Quiet(Platform):
    """A platform that keeps its reports."""

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.reports: list[str] = []

    def report(self, error: BaseException, where: str) -> None:
        self.reports.append(f"{where}: {error}")


def respond(app: Portico, request: Request, platform: Platform | None = None) -> Response:
    platform = platform or Platform()
    response = app.handle(request, platform, app.start(platform))
    assert isinstance(response, Response)
    return response


def ask(app: Portico, method: str, target: str = "/") -> tuple[int, str | None, bytes]:
    response = respond(app, Native(method, target))
    assert isinstance(response.content, bytes)
    return response.status, response.headers.get("allow"), response.content


def by(name: str) -> Callable[[], str]:
    """A handler that answers with a name."""
    return lambda: name


# Registration


def test_every_method_has_its_decorator_bare_or_with_options() -> None:
    for method in ("get", "post", "put", "patch", "delete", "options"):
        app, handler = Portico(), by(method)
        register = getattr(app, method)
        assert register("/bare")(handler) is handler
        assert register("/options", blocking=False)(handler) is handler
        assert register("/call", handler) is handler
        assert register("/call-options", handler, blocking=False) is handler

        for path in ("/bare", "/options", "/call", "/call-options"):
            assert ask(app, method.upper(), path)[::2] == (200, method.encode())


def test_any_method_and_every_method_can_be_answered() -> None:
    app = Portico()
    app.route("PURGE", "/", by("purge"))
    app.all("/any", by("any"))
    app.put("/any", by("put"))

    assert ask(app, "PURGE") == (200, None, b"purge")
    assert ask(app, "BREW", "/any") == (200, None, b"any")
    assert ask(app, "PUT", "/any") == (200, None, b"put")


def test_the_last_registration_of_a_method_and_path_wins() -> None:
    app = Portico()
    app.get("/", by("first"))
    app.get("/", by("second"))

    assert ask(app, "GET")[2] == b"second"


def test_a_handler_stays_a_plain_function() -> None:
    app = Portico()

    @app.get("/{n}")
    def double(n: int) -> int:
        return 2 * n

    assert double(2) == 4
    assert ask(app, "GET", "/4")[2] == b"8"


@pytest.mark.parametrize("value", ["text", b"octets", {"a": 1}, [1], None, 7, Response("x")])
def test_what_is_not_callable_is_the_answer(value: object) -> None:
    app = Portico()
    app.get("/", value)

    assert ask(app, "GET") == ask(app, "GET")
    assert ask(app, "GET")[0] == 200


@pytest.mark.parametrize("make", [lambda: iter("ab"), lambda: Response(iter([b"a"]))])
def test_a_value_that_the_first_request_would_use_up_is_refused(make: Callable[[], Any]) -> None:
    app = Portico()
    app.get("/feed", make())

    with pytest.raises(DefinitionError, match=r"GET /feed \(.*test_application.*read once"):
        app.check()


@pytest.mark.parametrize("method", ["get", "", "GE T", "Get", "GET\n", "É"])
def test_a_method_that_is_none_is_refused(method: str) -> None:
    with pytest.raises(DefinitionError, match="method"):
        Portico().route(method, "/", by("x"))


@pytest.mark.parametrize("path", ["", "a", "/a?b", "/a#b", "/%41", "/{", "/{a}{b}", "/{body}"])
def test_a_path_that_is_none_is_refused_before_the_function_is_decorated(path: str) -> None:
    with pytest.raises(DefinitionError):
        Portico().get(path)


def test_an_unknown_option_is_named_beside_those_that_there_are() -> None:
    options: Any = {"bloking": False}

    with pytest.raises(DefinitionError, match=r"GET /.*'bloking'.*blocking, on_disconnect, needs"):
        Portico().get("/", **options)


def _line() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def _use_by_check(app: Portico) -> None:
    app.check()


def _use_by_start(app: Portico) -> None:
    app.start(Platform())


def _use_by_compile(app: Portico) -> None:
    app.compile()


def _use_by_adapter(app: Portico) -> None:
    from portico_asgi import ASGI

    ASGI(app)


@pytest.mark.parametrize("begin", [_use_by_check, _use_by_start, _use_by_compile, _use_by_adapter])
def test_registration_ends_with_the_first_use_and_both_lines_are_named(
    begin: Any,
) -> None:
    app = Portico()
    late = app.get("/late")
    begin(app)

    def resource() -> int:
        return 1

    attempts: list[Any] = [
        lambda: app.get("/", "x"),
        lambda: app.post("/"),
        lambda: late(by("x")),
        lambda: app.resource(resource),
    ]
    for attempt in attempts:
        with pytest.raises(DefinitionError, match="in use since") as caught:
            attempt()
        message = str(caught.value)
        here = f"{__file__}:"
        used = re.search(rf"in use since {re.escape(here)}(\d+)", message)
        assert used is not None
        first = begin.__code__.co_firstlineno
        assert first < int(used[1]) <= first + 3
        assert f"registered at {here}{attempt.__code__.co_firstlineno}" in message


def test_what_is_registered_is_listed() -> None:
    app = Portico()
    handler = by("x")
    app.get("/{id}", handler)
    line = _line() - 1

    (route,) = app.routes

    assert (route.method, route.path, route.handler) == ("GET", "/{id}", handler)
    assert route.where == f"{__file__}:{line}"


# check()


def test_a_route_that_needs_what_is_absent_names_itself_and_the_runtime() -> None:
    app = Portico()
    app.get("/", by("x"))
    app.get("/chat", by("x"), needs=[Capability.WEBSOCKET])
    line = _line() - 1
    native = dict.fromkeys(Capability, NATIVE)

    app.check()
    app.check(native, "here")
    with pytest.raises(CapabilityError) as caught:
        app.check({**native, Capability.WEBSOCKET: ABSENT}, "there")

    message = str(caught.value)
    for words in ("GET /chat", f"{__file__}:{line}", "'websocket'", "'there'"):
        assert words in message


def test_of_routes_that_share_a_handler_each_is_checked_for_what_it_has_of_its_own() -> None:
    handler = by("x")

    def wrong(ctx: Context, more: object) -> None: ...

    def with_hook(app: Portico) -> None:
        app.get("/c", handler, before_handle=cast("Any", wrong))

    def in_group(app: Portico) -> None:
        app.group("/c", before_handle=cast("Any", wrong)).get("", handler)

    def behind_hook(app: Portico) -> None:
        app.before_handle(cast("Any", wrong))
        app.get("/c", handler)

    def with_need(app: Portico) -> None:
        app.get("/c", handler, needs=cast("Any", ["websocket"]))

    for make in (with_hook, in_group, behind_hook, with_need):
        app = Portico()
        app.get("/a", handler)
        app.get("/b/{id}", handler)
        make(app)

        with pytest.raises(DefinitionError, match=r"wrong\(\)|GET /c"):
            app.check()


def test_a_need_that_is_no_capability_is_refused() -> None:
    app = Portico()
    needs: Any = ["websocket"]
    app.get("/chat", by("x"), needs=needs)

    with pytest.raises(DefinitionError, match=r"GET /chat .*'websocket'.*Capability"):
        app.check()


def test_a_route_that_is_wrong_is_an_error_of_its_own_requests_only() -> None:
    app = Portico()

    def wrong(thing: object) -> str:
        return str(thing)

    app.get("/wrong", wrong)
    app.get("/right", by("right"))
    platform = Quiet()

    assert respond(app, Request("http://app.test/wrong"), platform).status == 500
    assert respond(app, Request("http://app.test/right"), platform).status == 200
    assert "'thing'" in platform.reports[0]


def test_compiling_finds_what_checking_finds() -> None:
    app = Portico()

    def wrong(thing: object) -> str:
        return str(thing)

    app.get("/wrong", wrong)

    with pytest.raises(DefinitionError, match="'thing'"):
        app.compile()


def test_a_compiled_application_answers_alike() -> None:
    app = Portico()
    app.get("/{n}", by("x"))
    app.get("/", "y")
    app.compile()

    assert ask(app, "GET", "/1")[2] == b"x"
    assert ask(app, "GET")[2] == b"y"


USES = """
import sys
from portico import Context, FormData, Portico, Request, file
from portico.contract import Platform

app = Portico()

@app.get("/cookies")
def cookies(ctx: Context) -> str:
    ctx.cookies["seen"].value = "yes"
    return ctx.request.cookies["a"]

@app.post("/form")
def form(body: FormData) -> str:
    return str(body.get("a"))

app.get("/file", file(__file__))
app.compile()
compiled = {*sys.modules}
running = app.start(Platform())
form = FormData()
form.append("a", "b")
for path, method, body, headers in (
    ("/cookies", "GET", None, {"cookie": "a=b"}),
    ("/form", "POST", form, None),
    ("/form", "POST", b"a=b", {"content-type": "application/x-www-form-urlencoded"}),
    ("/file", "GET", None, {"range": "bytes=0-1"}),
    ("/missing", "GET", None, None),
):
    request = Request("http://app.test" + path, method=method, body=body, headers=headers)
    answer = app.handle(request, Platform(), running)
    assert answer.status == (404 if path == "/missing" else 206 if path == "/file" else 200), path
print(*(name for name in {*sys.modules} - compiled if name.startswith(("portico", "werkzeug"))))
"""


def test_a_compiled_application_imports_nothing_for_forms_files_and_cookies(tmp_path: Path) -> None:
    program = tmp_path / "uses.py"
    program.write_text(USES)
    command = [sys.executable, str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout.split(), done.stderr) == ([], "")


# Routing's answers


def test_head_follows_get_before_a_handler_of_any_method() -> None:
    app = Portico()

    def marked(name: str) -> Callable[[], Response]:
        return lambda: Response(name, headers={"x-by": name})

    app.get("/a", marked("get"))
    app.all("/a", marked("all"))
    app.all("/{rest:path}", marked("rest"))
    app.get("/b/{id}", marked("get"))
    app.get("/c", marked("get"))
    app.head("/c", marked("head"))

    answers = {
        path: respond(app, Native("HEAD", path)).headers["x-by"]
        for path in ("/a", "/b/1", "/c", "/d")
    }

    assert answers == {"/a": "get", "/b/1": "get", "/c": "head", "/d": "rest"}


ROUTES = [
    ("GET", "/", 200, None),
    ("HEAD", "/", 200, None),
    ("OPTIONS", "/", 204, "GET, HEAD, OPTIONS, POST"),
    ("PUT", "/", 405, "GET, HEAD, OPTIONS, POST"),
    ("get", "/", 405, "GET, HEAD, OPTIONS, POST"),
    ("HEAD", "/post", 405, "OPTIONS, POST"),
    ("GET", "/post", 405, "OPTIONS, POST"),
    ("GET", "/none", 404, None),
    ("OPTIONS", "/none", 404, None),
    ("HEAD", "/none", 404, None),
    ("OPTIONS", "/own", 200, None),
    ("OPTIONS", "/any", 200, None),
    ("OPTIONS", "*", 204, "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
    ("GET", "*", 404, None),
    ("GET", "/%", 400, None),
    ("GET", "/%00", 400, None),
    ("GET", "/%FF", 400, None),
    ("HEAD", "/%FF", 400, None),
    ("GET", "//evil.example", 404, None),
    ("GET", "http://app.test/", 200, None),
]


@pytest.mark.parametrize(("method", "target", "status", "allow"), ROUTES)
def test_every_request_has_an_answer(
    method: str, target: str, status: int, allow: str | None
) -> None:
    app = Portico()
    app.get("/", by("get"))
    app.post("/", by("post"))
    app.post("/post", by("post"))
    app.options("/own", by("own"))
    app.all("/any", by("any"))

    response = respond(app, Native(method, target))
    content = response.content

    assert (response.status, response.headers.get("allow")) == (status, allow)
    assert isinstance(content, bytes)
    if method == "HEAD" or status == 204:
        assert content == b""
    if status >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert int(response.headers["content-length"]) > 0
        if method != "HEAD":
            assert json.loads(content)["status"] == status
    assert response.headers.has("content-length") is (status != 204)


@pytest.mark.parametrize(
    ("strict", "paths"), [(False, {"/a": 200, "/a/": 200}), (True, {"/a": 200, "/a/": 404})]
)
def test_a_slash_at_the_end_counts_only_where_paths_are_strict(
    strict: bool, paths: dict[str, int]
) -> None:
    app = Portico(strict_path=strict)
    app.get("/a", by("a"))

    assert {path: ask(app, "GET", path)[0] for path in paths} == paths


# The host


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("app.test", 200),
        ("APP.test", 200),
        ("app.test:80", 200),
        ("app.test:443", 400),
        ("app.test:8000", 400),
        ("other.test:8000", 200),
        ("other.test", 400),
        ("evil.example", 400),
        ("app.test.evil.example", 400),
        ("evil@app.test", 400),
        ("app.test#", 400),
        ("", 400),
    ],
)
def test_only_the_hosts_of_the_service_are_answered(host: str, status: int) -> None:
    app = Portico()
    app.get("/", by("x"))
    platform = Quiet(Options(hosts=["app.test", "Other.test:8000"]))

    assert respond(app, Native("GET", "/", host), platform).status == status
    assert platform.reports == []


def test_without_the_option_any_well_formed_host_is_answered() -> None:
    app = Portico()
    app.get("/", by("x"))

    assert respond(app, Native("GET", "/", "any.example:1")).status == 200
    assert respond(app, Native("GET", "/", "a b")).status == 400


# url()


def test_the_path_of_a_handler_is_built_from_its_parameters() -> None:
    app = Portico()

    class Views:
        def show(self, id: int) -> str:
            return str(id)

    def listing(year: int | None = None) -> str:
        return str(year)

    def files(path: str) -> str:
        return path

    views = Views()
    app.get("/views/{id}", views.show)
    app.get("/years/{year?}", listing)
    app.get("/files/{path:path}", files)

    assert app.url(views.show, id=7) == "/views/7"
    assert app.url(listing) == "/years"
    assert app.url(listing, year=2024) == "/years/2024"
    assert app.url(files, path="a b/ü") == "/files/a%20b/%C3%BC"
    assert ask(app, "GET", app.url(files, path="a b/ü"))[2] == "a b/ü".encode()


def test_a_path_that_cannot_be_built_says_what_there_is() -> None:
    app = Portico()

    def show(id: int) -> str:
        return str(id)

    app.get("/views/{id}", show)

    with pytest.raises(ValueError, match=r"show.*\['name'\].*'/views/\{id\}'"):
        app.url(show, name="x")
    with pytest.raises(ValueError, match="no path"):
        app.url(by("x"))


# As an ASGI application


def test_a_server_takes_it_for_an_asynchronous_function_of_three_arguments() -> None:
    app = Portico()

    assert inspect.iscoroutinefunction(app.__call__)
    assert app.__call__ is app.__call__
    assert callable(app)


def test_it_serves_asgi() -> None:
    app = Portico()
    app.get("/", "Hello")
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"app.test")],
    }

    asyncio.run(_serve(app, scope, receive, send))

    assert sent[0]["status"] == 200
    assert b"".join(message.get("body", b"") for message in sent) == b"Hello"


async def _serve(app: Portico, scope: Any, receive: Any, send: Any) -> None:
    await app(scope, receive, send)


def test_it_refuses_a_wsgi_server_at_once() -> None:
    app: Any = Portico()

    with pytest.raises(TypeError, match=r"two arguments.*portico_wsgi\.WSGI\(app\)"):
        app({}, print)


# Debug, context


def test_the_context_has_the_route_the_path_and_the_parameters() -> None:
    app = Portico()

    @app.get("/users/{id}/{rest:path}")
    def show(ctx: Context) -> list[object]:
        return [ctx.route, ctx.path, ctx.params, ctx.deadline, ctx.env is ctx.platform.env]

    found = ask(app, "GET", "/users/a%2Fb/x/../c")

    assert json.loads(found[2]) == [
        "/users/{id}/{rest:path}",
        "/users/a%2Fb/c",
        {"id": "a/b", "rest": "c"},
        None,
        True,
    ]


def test_a_key_reads_the_same_value_by_context_and_parameter() -> None:
    app = Portico()

    @app.resource
    def number() -> int:
        return 7

    @app.get("/")
    def show(ctx: Context, n: int = use(number)) -> list[int]:
        return [ctx[number], n]

    platform = Platform()
    with app.start(platform) as running:
        response = app.handle(Request("http://app.test/"), platform, running)
    assert isinstance(response, Response)

    assert response.content == b"[7,7]"


def test_two_applications_share_nothing() -> None:
    first, second = Portico(), Portico()
    first.get("/", by("first"))
    first.check()

    second.get("/", by("second"))

    assert ask(first, "GET")[2] == b"first"
    assert ask(second, "GET")[2] == b"second"


def test_a_server_that_is_given_an_ill_defined_application_hears_of_it_at_startup() -> None:
    app = Portico()

    @app.get("/")
    def show(item: object) -> None: ...

    sent: list[Any] = []
    inbox = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(inbox)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(_awaited(app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)))

    assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
    assert "'item'" in sent[0]["message"]


async def _awaited(result: Any) -> None:
    await result
