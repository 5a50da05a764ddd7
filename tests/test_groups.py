"""Groups, guards, `apply`, `Hooks` and macros: what they give to which routes, in which order."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct

from portico import (
    Context,
    DefinitionError,
    Group,
    Hooks,
    HTTPError,
    Portico,
    Request,
    Response,
    RouteInfo,
    Span,
    macro,
    use,
)
from portico.contract import Platform


def ask(app: Portico, target: str = "/", *, method: str = "GET", body: str | None = None) -> int:
    """The status of one request."""
    return respond(app, target, method=method, body=body).status


def respond(
    app: Portico, target: str = "/", *, method: str = "GET", body: str | None = None
) -> Response:
    async def run() -> Response:
        platform = Platform()
        running = app.start(platform)
        request = Request(f"http://app.test{target}", method=method, body=body)
        answer = app.handle(request, platform, running)
        response = answer if isinstance(answer, Response) else await answer
        await platform.afinish()
        return response

    return asyncio.run(run())


class Log:
    """Hooks that write down that they ran."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def hook(self, name: str) -> Callable[[Context], None]:
        return lambda ctx: self.events.append(name)

    def of(self, app: Portico, target: str = "/") -> list[str]:
        """What one request runs."""
        self.events.clear()
        ask(app, target)
        return list(self.events)


class Page(Struct):
    """A query."""

    page: int


class Size(Struct):
    """Another query."""

    size: int


def info(app: Portico, path: str = "/") -> RouteInfo:
    return next(route for route in app.routes if route.path == path)


# Groups


def test_a_group_registers_the_same_with_and_without_with() -> None:
    one, other = Portico(), Portico()
    with one.group("/v1", tags=["v1"]) as group:
        group.get("/a", "a")
    other.group("/v1", tags=["v1"]).get("/a", "a")

    assert [route[:3] + route[4:] for route in one.routes] == [
        route[:3] + route[4:] for route in other.routes
    ]


def test_routes_of_a_group_are_there_at_once_and_stay_when_the_block_fails() -> None:
    app = Portico()
    with pytest.raises(ZeroDivisionError), app.group("/v1") as group:
        group.get("/a", str(1 / len(app.group("/v1").get("/b", ""))))

    assert [route.path for route in app.routes] == ["/v1/b"]


def test_hooks_of_a_group_reach_its_routes_that_come_after_them() -> None:
    app, log = Portico(), Log()
    group = app.group("/g", before_handle=log.hook("option"))
    group.get("/early", "x")
    group.before_handle(log.hook("hook"))
    group.get("/late", "x")
    group.group("/inner", before_handle=[log.hook("a"), log.hook("b")]).get("/x", "x")
    app.get("/outside", "x")

    assert log.of(app, "/g/early") == ["option"]
    assert log.of(app, "/g/late") == ["option", "hook"]
    assert log.of(app, "/g/inner/x") == ["option", "hook", "a", "b"]
    assert log.of(app, "/outside") == []


def test_hooks_of_the_application_reach_groups_that_were_opened_before_them() -> None:
    app, log = Portico(), Log()
    group = app.group("/g")
    app.before_handle(log.hook("later"))
    group.get("/x", "x")

    assert log.of(app, "/g/x") == ["later"]


ARGUMENTS = {
    "before_parse": 1,
    "transform": 1,
    "before_handle": 1,
    "after_handle": 2,
    "map_response": 2,
    "after_response": 2,
    "error": 2,
    "parse": 2,
    "trace": 2,
}


def recording(ran: list[str], where: str, arguments: int, *, several: bool) -> Any:
    """A hook of as many arguments, or a list of two, that writes down once where it stands."""

    def one(ctx: Context) -> None:
        if where not in ran:
            ran.append(where)

    def two(ctx: Context, value: object) -> None:
        one(ctx)

    made = one if arguments == 1 else two
    return [made, made] if several else made


@pytest.mark.parametrize("kind", ARGUMENTS)
@pytest.mark.parametrize("several", [False, True])
def test_every_hook_is_an_option_of_routes_groups_guards_and_apply(
    kind: str, several: bool
) -> None:
    app, ran = Portico(), list[str]()

    def option(where: str) -> dict[str, Any]:
        return {kind: recording(ran, where, ARGUMENTS[kind], several=several)}

    def handler(ctx: Context) -> object:
        if kind == "error":
            raise HTTPError(418)
        return "x"

    app.apply(**option("apply"))
    group = app.group("/g", **option("group"))
    guard = group.guard(Hooks(**option("hooks")), **option("guard"))
    guard.post("/x", handler, **option("route"))

    respond(app, "/g/x", method="POST", body="body")
    assert ran == ["apply", "group", "guard", "hooks", "route"]


def test_a_group_keeps_its_hooks() -> None:
    group = Portico().group("/g")

    with pytest.raises(DefinitionError, match=r"scope 'scoped', and is registered on a group"):
        group.before_handle(lambda ctx: None, scope="scoped")
    with pytest.raises(DefinitionError, match=r"scope 'global'.*Register it on the application"):
        group.apply(before_handle=lambda ctx: None, scope="global")
    with pytest.raises(DefinitionError, match="registered on a group"):
        group.derive(scope="scoped")


def test_what_a_group_takes_of_a_plugin_stays_in_it() -> None:
    app, plugin, log = Portico(), Portico(), Log()
    plugin.before_handle(log.hook("global"), scope="global")
    app.group("/g").use(plugin).get("/x", "x")
    app.get("/y", "y")

    assert log.of(app, "/g/x") == ["global"]
    assert log.of(app, "/y") == []


def test_a_request_hook_of_a_group_is_the_whole_applications() -> None:
    app, log = Portico(), Log()
    app.group("/g").request(log.hook("request"))
    app.get("/", "x")

    assert log.of(app) == ["request"]


def test_a_request_hook_of_a_plugin_in_a_group_of_a_plugin_is_the_whole_applications() -> None:
    app, outer, inner, log = Portico(), Portico(), Portico(), Log()
    inner.request(log.hook("inner"))
    outer.request(log.hook("outer"))
    outer.group("/g").use(inner)
    app.get("/before", "x")
    app.use(outer)
    app.request(log.hook("app"))

    assert log.of(app, "/before") == log.of(app, "/nowhere") == ["outer", "inner", "app"]


def test_the_blocking_of_a_group_is_that_of_its_functions() -> None:
    app, log = Portico(), Log()
    quick = app.group("/quick", blocking=False)
    quick.before_handle(log.hook("a"))
    quick.guard(before_handle=log.hook("b")).get("/x", lambda: "x")
    quick.guard(before_handle=log.hook("b"), blocking=True).get("/y", lambda: "y")

    x, y = app.explain()
    assert [link.may_block for link in x.links] == [False, False, False]
    assert [link.may_block for link in y.links] == [False, True, True]


# Schemas of guards


@pytest.mark.parametrize(
    ("query", "plain", "inner", "standalone", "hooks", "handler"),
    [
        ("", 422, 422, 422, 422, 422),
        ("?page=1", 200, 422, 422, 422, 422),
        ("?size=1", 422, 200, 422, 422, 200),
        ("?page=1&size=1", 200, 200, 200, 200, 200),
    ],
)
def test_an_inner_schema_overrides_unless_it_is_standalone(
    query: str, plain: int, inner: int, standalone: int, hooks: int, handler: int
) -> None:
    app = Portico()
    guard = app.guard(query=Page)
    guard.get("/plain", "x")
    guard.get("/inner", "x", query=Size)
    guard.guard(query=Size, standalone=True).get("/standalone", "x")
    guard.get("/hooks", "x", Hooks(query=Size))

    @guard.get("/handler")
    def own(query: Size) -> str:
        return "x"

    found = [
        ask(app, path + query) for path in ("/plain", "/inner", "/standalone", "/hooks", "/handler")
    ]
    assert found == [plain, inner, standalone, hooks, handler]


def test_a_standalone_schema_outside_is_held_to_whatever_is_inside() -> None:
    app = Portico()
    guard = app.guard(query=Page, standalone=True)
    guard.get("/route", "x", query=Size)

    @guard.get("/handler")
    def own(query: Size) -> str:
        return "x"

    for path in ("/route", "/handler"):
        assert [ask(app, f"{path}?{q}") for q in ("page=1", "size=1", "page=1&size=1")] == [
            422,
            422,
            200,
        ]


@pytest.mark.parametrize(
    ("scopes", "winner"),
    [
        (("local", "scoped"), "page"),
        (("scoped", "local"), "size"),
        (("global", "scoped"), "size"),
        (("scoped", "global"), "page"),
        (("local", "global"), "page"),
        (("local", "local"), "size"),
        (("global", "global"), "size"),
    ],
)
def test_of_one_applications_schemas_the_nearer_scope_wins_and_then_the_last(
    scopes: tuple[Any, Any], winner: str
) -> None:
    app = Portico()
    app.apply(query=Page, scope=scopes[0]).apply(query=Size, scope=scopes[1])
    app.get("/", "x")

    assert ask(app, f"/?{winner}=1") == 200
    assert ask(app, f"/?{'size' if winner == 'page' else 'page'}=1") == 422


def test_a_local_schema_overrides_an_inherited_one() -> None:
    app, plugin = Portico(), Portico()
    plugin.apply(query=Page, scope="global")
    app.use(plugin).apply(query=Size)
    app.get("/", "x")

    assert ask(app, "/?size=1") == 200


# Hooks and macros


def test_hooks_are_composed_in_the_order_of_their_parts() -> None:
    log = Log()
    inner = Hooks(before_handle=log.hook("inner"))
    outer = Hooks(inner, Hooks(before_handle=log.hook("second")), before_handle=log.hook("outer"))
    app = Portico()
    app.get("/", "x", outer, Hooks(before_handle=log.hook("last")), before_handle=log.hook("own"))

    assert log.of(app) == ["own", "inner", "second", "outer", "last"]


@pytest.mark.parametrize("place", ["route", "group", "guard", "apply", "decorator"])
def test_hooks_go_wherever_options_go(place: str) -> None:
    app, log = Portico(), Log()
    hooks = Hooks(before_handle=log.hook("hooks"))
    if place == "route":
        app.get("/", "x", hooks)
    elif place == "group":
        app.group("/", hooks).get("/", "x")
    elif place == "guard":
        app.guard(hooks).get("/", "x")
    elif place == "apply":
        app.apply(hooks).get("/", "x")
    else:
        app.get("/", hooks)(lambda: "x")

    assert log.of(app) == ["hooks"]


def role_of(log: Log) -> Callable[[str], Hooks]:
    @macro
    def role(name: str, *, strict: bool = False) -> Hooks:
        return Hooks(before_handle=log.hook(f"{name} {strict}"), tags=[name])

    return role


def test_a_macro_runs_once_where_a_guard_and_a_route_ask_the_same_of_it() -> None:
    app, log = Portico(), Log()
    role = role_of(log)
    guard = app.guard(role("owner"))
    guard.get("/same", "x", role("owner"))
    guard.get("/other", "x", role("boss"))
    guard.get("/keyword", "x", role("owner", strict=True))  # type: ignore[call-arg] # by its name
    app.apply(role("owner"), role("owner"), Hooks(role("owner")))
    app.get("/apply", "x", role("owner"))

    assert log.of(app, "/same") == ["owner False"]
    assert log.of(app, "/other") == ["owner False", "boss False"]
    assert log.of(app, "/keyword") == ["owner False", "owner True"]
    assert log.of(app, "/apply") == ["owner False"]
    assert info(app, "/other").tags == ("owner", "boss")


@pytest.mark.parametrize(
    ("guard", "route", "runs"),
    [
        ([1], [1], 1),
        ([1], [True], 2),
        ([1], [1.0], 2),
        (["a"], ["b"], 2),
        ([None], [0], 2),
        ([("a", 1)], [("a", 1)], 1),
    ],
)
def test_arguments_of_a_macro_are_the_same_by_type_and_value(
    guard: list[object], route: list[object], runs: int
) -> None:
    app, log = Portico(), Log()

    @macro
    def anything(value: object, *, also: object) -> Hooks:
        return Hooks(before_handle=log.hook("ran"))

    app.guard(anything(*guard, also=guard[0])).get("/", "x", anything(*route, also=route[0]))

    assert len(log.of(app)) == runs


def test_a_macro_with_arguments_that_cannot_be_hashed_runs_each_time() -> None:
    log = Log()

    @macro
    def roles(names: list[str]) -> Hooks:
        return Hooks(before_handle=log.hook(",".join(names)))

    app = Portico()
    app.guard(roles(["a"])).get("/", "x", roles(["a"]))

    assert log.of(app) == ["a", "a"]


def test_one_value_of_hooks_runs_once_however_often_it_is_given() -> None:
    app, log = Portico(), Log()
    hooks = Hooks(before_handle=[log.hook("a"), log.hook("b")])
    app.guard(hooks, hooks).get("/", "x", hooks)

    assert log.of(app) == ["a", "b"]


def test_two_macros_of_one_name_and_argument_are_two() -> None:
    app, one, other = Portico(), Log(), Log()
    app.guard(role_of(one)("owner")).get("/", "x", role_of(other)("owner"))
    ask(app)

    assert one.events == other.events == ["owner False"]


def test_everything_is_brought_by_one_value() -> None:
    app, log, spans = Portico(), Log(), list[str]()

    @app.derive(lazy=True)
    def early() -> str:
        log.events.append("derive")
        return "early"

    @app.resolve(lazy=True)
    def late() -> str:
        log.events.append("resolve")
        return "late"

    def trace(ctx: Context, span: Span) -> None:
        spans.append(span.name)

    hooks = Hooks(
        derive=early,
        resolve=late,
        query=Page,
        response={201: Size},
        before_handle=log.hook("hook"),
        trace=trace,
        tags=["a"],
        detail={"summary": "all"},
    )
    app.get("/", "x", hooks)
    app.get("/own", lambda a=use(early): a)

    assert log.of(app, "/?page=1") == ["derive", "hook", "resolve"]
    assert "handle" in spans
    assert ask(app, "/") == 422
    assert info(app).tags == ("a",)
    assert info(app).detail == {"summary": "all"}


# What a route says of itself


def test_tags_add_up_and_details_of_inner_places_override() -> None:
    app = Portico()
    app.apply(tags=["app"], detail={"summary": "app", "deprecated": True})
    group = app.group("/g", Hooks(tags=["hooks", "app"]), tags=["group"], detail={"summary": "g"})
    group.get("/x", "x", tags=["route", "group"], detail={"operationId": "x", "summary": "x"})
    app.get("/y", "y")

    assert info(app, "/g/x").tags == ("app", "group", "hooks", "route")
    assert info(app, "/g/x").detail == {"summary": "x", "deprecated": True, "operationId": "x"}
    assert info(app, "/y").detail == {"summary": "app", "deprecated": True}


def test_a_detail_is_nobodys_to_change() -> None:
    app, detail = Portico(), {"summary": "x"}
    app.get("/", "x", detail=detail)

    with pytest.raises(TypeError):
        info(app).detail["summary"] = "y"  # type: ignore[index] # what no checker lets through
    assert RouteInfo("GET", "/", None, "").detail == {}


def test_a_mount_is_listed_with_its_application() -> None:
    app, inner = Portico(), Portico()
    app.mount("/m", inner)

    assert [(route.method, route.path, route.handler) for route in app.routes] == [
        ("*", "/m/{mounted_path:path}", inner),
        ("*", "/m", inner),
    ]


def test_a_group_is_public() -> None:
    assert isinstance(Portico().group("/a"), Group)
