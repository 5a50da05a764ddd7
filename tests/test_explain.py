"""What `Portico.explain` says of routes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from portico import (
    Context,
    Created,
    DefinitionError,
    Hooks,
    NotFound,
    Portico,
    Problem,
    Span,
    file,
    status,
    use,
)
from portico.contract import Capability
from portico.explanation import InputExplanation, LinkExplanation, RouteExplanation

HERE = Path(__file__)


class Draft(Struct):
    text: str


class ApiHeaders(Struct):
    x_key: str


def context_hook(ctx: Context) -> None:
    return None


def value_hook(ctx: Context, value: object) -> None:
    return None


async def async_hook(ctx: Context) -> None:
    return None


def only(app: Portico) -> RouteExplanation:
    [route] = app.explain()
    return route


def names(route: RouteExplanation) -> list[tuple[str, str]]:
    return [(link.event, link.name) for link in route.links]


def link(route: RouteExplanation, name: str) -> LinkExplanation:
    return next(each for each in route.links if each.name == name)


def line_of(text: str) -> str:
    """File and line of the one line of this file that has the text and this mark."""
    lines = HERE.read_text().splitlines()
    [found] = [n for n, line in enumerate(lines, 1) if line.endswith(f"# {text}")]
    return f"{HERE}:{found}"


def test_the_links_stand_in_the_order_of_the_lifecycle_whatever_that_of_registration() -> None:
    app = Portico()

    @app.trace
    def traced(ctx: Context, span: Span) -> None: ...

    @app.error
    def failed(ctx: Context, error: Exception) -> None: ...

    app.after_response(value_hook)
    app.map_response(value_hook)
    app.after_handle(value_hook)
    app.before_handle(context_hook)

    @app.resolve
    def resolved() -> int:
        return 1

    @app.derive
    def derived() -> int:
        return 1

    app.transform(context_hook)

    @app.parse
    def parsed(ctx: Context, content_type: str) -> None: ...

    app.before_parse(context_hook)
    app.request(context_hook)

    @app.post("/")
    def handler() -> None: ...

    assert names(only(app)) == [
        ("request", "context_hook"),
        ("before_parse", "context_hook"),
        ("parse", "parsed"),
        ("derive", "derived"),
        ("transform", "context_hook"),
        ("before_handle", "context_hook"),
        ("resolve", "resolved"),
        ("handle", "handler"),
        ("after_handle", "value_hook"),
        ("map_response", "value_hook"),
        ("after_response", "value_hook"),
        ("error", "failed"),
        ("trace", "traced"),
    ]


def test_a_link_names_its_function_its_registration_its_owner_and_its_scope() -> None:
    auth = Portico(name="auth")
    auth.before_handle(scope="scoped")(context_hook)  # the scoped hook
    app = Portico(name="main").use(auth)
    app.get("/", lambda: "a", before_handle=value_of_no_name)  # the route

    route = only(app)
    inherited, own = link(route, "context_hook"), link(route, "partial")

    assert (inherited.owner, inherited.scope) == ("auth", "scoped")
    assert inherited.where == line_of("the scoped hook")
    code = context_hook.__code__
    assert inherited.function == f"{HERE}:{code.co_firstlineno}"
    assert (own.owner, own.scope) == ("main", "local")
    assert own.where == route.where == line_of("the route")
    assert own.function == f"{HERE}:{value_hook.__code__.co_firstlineno}"


value_of_no_name: Callable[[Context], object] = partial(value_hook, value=None)


def test_a_hook_that_reached_further_by_as_has_the_scope_that_it_got() -> None:
    plugin = Portico(name="plugin")
    plugin.before_handle(context_hook)
    plugin.as_("scoped")
    app = Portico().use(plugin)
    app.get("/", "a")

    assert link(only(app), "context_hook").scope == "scoped"


async def asynchronous() -> None: ...


def synchronous() -> None: ...


def opening() -> str:
    return open(__file__).read()


@pytest.mark.parametrize(
    ("target", "blocking", "is_async", "may_block", "reason"),
    [
        (asynchronous, None, True, False, "asynchronous"),
        (synchronous, None, False, False, "it is straight-line code over values of known types"),
        (synchronous, True, False, True, "declared `blocking=True`"),
        (opening, None, False, True, "it calls `open` (line "),
        (opening, False, False, False, "declared `blocking=False`"),
        ("a value", None, False, False, "a value, whose answer is made once"),
        (file(__file__), None, False, True, "a file, which is opened and read"),
    ],
)
def test_a_link_says_whether_it_may_block_and_why(
    target: Any, blocking: bool, is_async: bool, may_block: bool, reason: str
) -> None:
    app = Portico(blocking=blocking)
    app.route("GET", "/", target)

    handler = only(app).links[-1]

    assert (handler.is_async, handler.may_block) == (is_async, may_block)
    assert handler.reason.startswith(reason)


def test_a_link_says_what_it_reads_and_which_keys_it_binds_or_names() -> None:
    app = Portico()
    limit = app.decorate(10, name="limit")

    @app.derive
    def token(headers: ApiHeaders) -> str:
        return headers.x_key

    @app.post("/{id}")
    def create(ctx: Context, id: int, body: Draft, q: str = "", t: str = use(token)) -> int:
        return ctx[limit]

    route = only(app)

    assert link(route, "token").reads == ("headers",)
    assert link(route, "token").keys == ()
    assert link(route, "create").reads == ("path id", "body", "query q")
    assert link(route, "create").keys == ("limit", "token")


def hands_on(ctx: Context) -> None:
    repr(ctx)


def looks(ctx: Context) -> None:
    ctx.set.status = len(ctx.request.method) + len(ctx.headers) + len(ctx.path)


async def loads(ctx: Context) -> None:
    ctx.body = await ctx.request.json()


@pytest.mark.parametrize(
    ("hook", "reads"),
    [
        (hands_on, ("the whole context",)),
        (looks, ("headers", "path", "request.method")),
        (loads, ("request.json",)),
        (context_hook, ()),
    ],
)
def test_a_link_reads_what_it_takes_of_its_context_unless_others_get_that(
    hook: Callable[..., Any], reads: tuple[str, ...]
) -> None:
    app = Portico()
    app.get("/", "a", before_parse=hook)

    assert link(only(app), hook.__name__).reads == reads


def test_what_is_validated_is_listed_with_its_type_and_its_place() -> None:
    app = Portico()
    with app.guard(headers=ApiHeaders, body=dict[str, int]) as group:  # the guard

        @group.post("/{id}")
        def create(id: int, body: Draft, tags: list[str] | None = None) -> None: ...

    where = f"{HERE}:{create.__code__.co_firstlineno}"

    assert only(app).inputs == (
        InputExplanation("validation", "headers", "", "ApiHeaders", "schema", line_of("the guard")),
        InputExplanation("validation", "path", "id", "int", "create", where),
        InputExplanation("validation", "body", "", "Draft", "create", where),
        InputExplanation("validation", "query", "tags", "list[str] | None", "create", where),
    )


def test_what_a_derive_binds_is_validated_when_it_runs() -> None:
    app = Portico()

    @app.derive
    def page(number: int = 1) -> int:
        return number

    app.get("/", "a")

    [found] = only(app).inputs

    assert (found.event, found.part, found.name, found.by) == ("derive", "query", "number", "page")


def test_the_answers_stand_by_status_those_of_hooks_among_them() -> None:
    app = Portico()

    @app.before_handle
    def gate(ctx: Context) -> NotFound[Problem] | None: ...

    @app.post("/")
    def create() -> Created[Draft]:
        return status(201, Draft("a"))

    route = only(app)

    assert dict(route.answers) == {201: "Draft", 404: "Problem"}
    assert not route.is_open


def test_a_handler_without_annotation_may_answer_anything() -> None:
    app = Portico()
    app.get("/", lambda: "a")

    assert only(app).is_open


def test_functions_that_run_together_on_a_loop_are_one_unit() -> None:
    app = Portico(blocking=True)
    app.before_handle(context_hook)
    app.before_handle(context_hook)
    app.before_handle(async_hook)
    app.after_handle(value_hook, blocking=False)

    @app.get("/")
    def handler() -> str:
        return "a"

    route = only(app)

    assert [(unit.links, unit.in_thread) for unit in route.on_loop] == [
        (("context_hook", "context_hook"), True),
        (("async_hook",), False),
        (("handler",), True),
        (("value_hook",), False),
    ]
    assert route.starts_loop


def test_on_threads_a_synchronous_chain_runs_in_place_without_a_loop() -> None:
    app = Portico()
    app.before_handle(context_hook)
    app.get("/", "a")

    route = only(app)

    assert [(unit.links, unit.in_thread) for unit in route.on_threads] == [
        (("context_hook", "'a'"), False)
    ]
    assert not route.starts_loop


def test_parsers_stand_in_the_order_in_which_they_are_asked() -> None:
    app = Portico()

    @app.parser("yaml")
    def parse_yaml(ctx: Context, content_type: str) -> object: ...

    @app.parse("application/toml")
    def toml(ctx: Context, content_type: str) -> object: ...

    app.post("/", lambda: None, parse=["yaml", "json"])

    route = only(app)

    assert names(route)[:3] == [("parse", "toml"), ("parse", "parse_yaml"), ("parse", "json")]
    assert link(route, "toml").matches == "application/toml"
    assert link(route, "json").reason == "built in"


@pytest.mark.parametrize(
    ("matches", "shown"), [(404, "404"), (LookupError, "LookupError"), (None, "")]
)
def test_an_error_hook_says_what_it_is_for(matches: Any, shown: str) -> None:
    app = Portico()
    app.error(matches)(value_hook)
    app.get("/", "a")

    assert link(only(app), "value_hook").matches == shown


def test_lazy_keys_are_links_of_the_routes_that_ask_for_them_alone() -> None:
    app = Portico()

    @app.resolve(lazy=True)
    def user() -> str:
        return "Ada"

    app.get("/public", lambda: "a")

    @app.get("/me")
    def me(name: str = use(user)) -> str:
        return name

    public, private = app.explain()

    assert names(public) == [("handle", "<lambda>")]
    assert names(private) == [("resolve", "user"), ("handle", "me")]


def test_a_key_that_is_overridden_runs_nothing() -> None:
    app = Portico()

    @app.resolve
    def user() -> str:
        return "Ada"

    app.get("/", lambda: "a")

    assert names(only(app.override(user, "Eve"))) == [("handle", "<lambda>")]


def test_tags_and_needs_are_shown() -> None:
    app = Portico()
    app.get("/", "a", Hooks(tags=["one"]), tags=["two"], needs=[Capability.WEBSOCKET])

    route = only(app)

    assert set(route.tags) == {"one", "two"}
    assert route.needs == ("websocket",)


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (lambda: None, "nothing beforehand"),
        ("a value", "nothing beforehand"),
    ],
)
def test_what_reads_no_body_waits_for_none(handler: Any, words: str) -> None:
    app = Portico()
    app.post("/", handler)

    assert words in only(app).body


def streamed(body: Iterator[bytes]) -> None: ...


def raw(body: bytes) -> None: ...


def whole(ctx: Context) -> None:
    repr(ctx)


def headers_alone(ctx: Context) -> str:
    return open(ctx.headers["x-file"]).read()


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (streamed, "as it arrives"),
        (raw, "all of it"),
        (whole, "where synchronous code asks for it"),
        (headers_alone, "nothing beforehand"),
    ],
)
def test_how_the_body_is_read_is_said_in_words(handler: Callable[..., object], words: str) -> None:
    app = Portico()
    app.post("/", handler)

    assert words in only(app).body


class Callback:
    def __call__(self) -> str:
        return "a"


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (Callback(), "Callback"),
        ("x" * 1000, repr("x" * 36)[:37] + "..."),
        ({"a": 1}, "{'a': 1}"),
        ("\x1b[2J", r"'\x1b[2J'"),
    ],
)
def test_what_has_no_name_is_shown_as_what_it_is(target: Any, name: str) -> None:
    app = Portico()
    app.get("/", target)

    assert only(app).handler == name


def test_a_mistake_is_raised_as_a_check_raises_it() -> None:
    app = Portico()

    @app.get("/")
    def read(thing: object) -> str:
        return "never"

    with pytest.raises(DefinitionError, match="'thing'"):
        app.explain()


def test_an_application_that_was_explained_answers_and_takes_no_more_routes() -> None:
    app = Portico()
    app.get("/", "a")
    app.explain()

    with pytest.raises(DefinitionError, match="in use since"):
        app.get("/b", "b")


def test_nothing_of_it_is_loaded_with_the_core() -> None:
    program = (
        "import portico, sys; app = portico.Portico(); app.get('/', 'a'); app.check();"
        "print([m for m in sys.modules if 'expla' in m]); app.explain();"
        "print(sorted(m for m in sys.modules if 'expla' in m))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.splitlines() == ["[]", "['portico._explain', 'portico.explanation']"]
