"""Mistakes of registration: what is refused, where, with which words; hooks that reach nothing."""

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from portico import (
    Context,
    DefinitionError,
    Hooks,
    HTTPError,
    Portico,
    UnreachedHookWarning,
    macro,
    use,
)

HERE = r"test_mistakes\.py:\d+"


def hook(ctx: Context) -> None:
    """A hook of most kinds."""


def two(ctx: Context, value: object) -> None:
    """A hook of the others."""


def handler() -> str:
    """A handler."""
    return "x"


class Page(Struct):
    """A query."""

    page: int


@macro
def role(name: str) -> Hooks:
    """A macro."""
    return Hooks(before_handle=hook)


async def async_trace(ctx: Context, span: object) -> None:
    """A hook that cannot wait."""


def generator_trace(ctx: Context, span: object) -> Iterator[None]:
    """Another one."""
    yield


def three(ctx: Context, value: object, more: object) -> None:
    """A hook of no kind."""


def none() -> None:
    """Another one."""


def starred(*values: object) -> None:
    """A third one."""


untyped: Any = Hooks

# In most of these a checker says so too; they are what users without one write.
AT_REGISTRATION: dict[str, tuple[Callable[[Any], object], str]] = {
    "unknown option of a route": (
        lambda app: app.get("/x", "x", before_handel=hook),
        r"GET /x \(.*HERE\) has the unknown option 'before_handel'\. There are .*before_handle",
    ),
    "unknown option of a group": (
        lambda app: app.group("/g", needs=[]),
        r"The group '/g' \(.*HERE\) has the unknown option 'needs'",
    ),
    "unknown option of a guard": (
        lambda app: app.guard(prefix="/g"),
        r"The guard \(.*HERE\) has the unknown option 'prefix'",
    ),
    "unknown option of apply": (
        lambda app: app.apply(on_error=hook),
        r"apply\(\) \(.*HERE\) has the unknown option 'on_error'",
    ),
    "unknown option of hooks": (
        lambda app: untyped(role="owner"),
        r"Hooks\(\) at .*HERE has the unknown option 'role'",
    ),
    "scope as an option": (
        lambda app: app.get("/x", "x", scope="global"),
        r"unknown option 'scope'",
    ),
    "misspelt scope": (
        lambda app: app.before_handle(hook, scope="Global"),
        r"hook of 'before_handle' \(.*HERE\) has the scope 'Global'\. It is 'local', 'scoped' or",
    ),
    "scope of Elysia": (
        lambda app: app.derive(scope="plugin"),
        r"The derive \(.*HERE\) has the scope 'plugin'",
    ),
    "scope of apply": (lambda app: app.apply(scope="all"), r"HERE\) has the scope 'all'"),
    "tags as a text": (
        lambda app: app.get("/x", "x", tags="admin"),
        r"GET /x \(.*HERE\) has tags='admin'\. It is a list, such as \['admin'\]",
    ),
    "detail as a text": (
        lambda app: app.guard(detail="all users"),
        r"HERE\) has detail='all users'\. It is a mapping",
    ),
    "a need alone": (lambda app: app.get("/x", "x", needs="websocket"), r"needs='websocket'.*list"),
    "blocking as a number": (lambda app: app.get("/x", "x", blocking=0), r"blocking=0.*True or"),
    "standalone as a part": (
        lambda app: app.guard(query=Page, standalone="query"),
        r"standalone='query'.*True or False",
    ),
    "a hook that is none": (
        lambda app: app.get("/x", "x", before_handle=[hook, None]),
        r"HERE: the option 'before_handle' got None\. It takes a function, or a list",
    ),
    "hooks with a name": (
        lambda app: app.get("/x", "x", before_handle=Hooks()),
        r"HERE: the option 'before_handle' got <Hooks .*`Hooks` have no name",
    ),
    "hooks that are made of something else": (
        lambda app: untyped(before_handle="auth"),
        r"HERE: the option 'before_handle' got 'auth'",
    ),
    "parts of hooks": (
        lambda app: untyped(hook),
        r"Hooks\(\) at .*HERE got <function hook.*name anything else",
    ),
    "derive in the place of resolve": (
        lambda app: app.get("/x", "x", resolve=app.derive(handler)),
        r"HERE: the option 'resolve' got <key handler>, which is a derive\. It takes what",
    ),
    "a function in the place of a key": (
        lambda app: app.guard(derive=handler),
        r"the option 'derive' got <function handler.*takes what `@app\.derive` returned",
    ),
    "a constant in the place of a key": (
        lambda app: app.guard(derive=app.decorate(1)),
        r"the option 'derive' got <key int>",
    ),
    "an error hook for a status of success": (
        lambda app: app.error(200, two),
        r"HERE\): an error hook for 200\. It is for a class of exceptions, for a status of 400",
    ),
    "an error hook for a truth": (lambda app: app.error(True), r"an error hook for True"),
    "an error hook for another class": (
        lambda app: app.error(int),
        r"an error hook for <class 'int'>",
    ),
    "an error hook for what ends programs": (
        lambda app: app.error(KeyboardInterrupt, two),
        r"an error hook for <class 'KeyboardInterrupt'>",
    ),
    "an error hook for a text": (lambda app: app.error("404", two), r"an error hook for '404'"),
    "two error hooks": (lambda app: app.error(two, two), r"an error hook for <function two"),
    "an error hook of an option": (
        lambda app: app.get("/x", "x", error={300: two}),
        r"HERE: an error hook for 300",
    ),
    "a media type without a slash": (
        lambda app: app.parse("yaml"),
        r"HERE\) is for the media type 'yaml'\. It is written without parameters, such as",
    ),
    "a media type with parameters": (
        lambda app: app.parse("text/yaml; charset=utf-8"),
        r"written without parameters",
    ),
    "a status of a response": (
        lambda app: app.get("/x", "x", response={"404": Page}),
        r"HERE: the option 'response' has the status '404'\. It is a number",
    ),
    "a value as a hook": (lambda app: app.before_handle("x"), r"HERE\) got 'x'\. It takes a fun"),
    "hooks as a hook": (lambda app: app.before_handle(Hooks()), r"got <Hooks .*takes a function"),
    "a class as a hook": (lambda app: app.trace(Page), r"got <class .*takes a function"),
    "a key as a hook": (
        lambda app: app.before_handle(app.resolve(handler)),
        r"got <key handler>\. It takes a function",
    ),
    "a key of a key": (
        lambda app: app.derive(app.resolve(handler)),
        r"The derive \(.*HERE\) got <key handler>",
    ),
    "two handlers": (
        lambda app: app.get("/x", handler, handler),
        r"GET /x \(.*HERE\) got <function handler.* where `Hooks` belong\. A route has one handler",
    ),
    "a handler after hooks": (
        lambda app: app.get("/x", role("a"), handler),
        r"where `Hooks` belong\. A route has one handler, which comes first",
    ),
    "hooks in the place of the handler": (
        lambda app: app.get("/x", role("a"))(role("b")),
        r"GET /x \(.*HERE\) got <Hooks .* as its handler\. `Hooks` come beside it",
    ),
    "a key in the place of the handler": (
        lambda app: app.get("/x", app.derive(handler)),
        r"got <key handler> as its handler\. A handler binds a key",
    ),
    "an application in the place of the handler": (
        lambda app: app.get("/x", Portico()),
        r"as its handler\. An application gives its routes with `use\(app\)`.*`mount\('/path', app",
    ),
    "a group in the place of the handler": (
        lambda app: app.get("/x", app.group("/g")),
        r"as its handler\. An application",
    ),
    "no path": (lambda app: app.get(handler), r"where its path belongs\. Write `@app\.get\('/pat"),
    "a path without a slash": (lambda app: app.get("x"), r"does not start with a slash"),
    "an empty path without a prefix": (lambda app: app.get(""), r"does not start with a slash"),
    "a method in lower case": (lambda app: app.route("get", "/x"), r"method 'get'.*upper case"),
    "a parser that is there": (lambda app: app.parser("json"), r"'json' is there already.*HERE"),
    "a mount of a function": (
        lambda app: app.mount("/m", handler),
        r"mount\(\) at .*HERE got <function.*It mounts a `Portico`, or whatever has `check`",
    ),
    "a mount of a class": (lambda app: app.mount("/m", Portico), r"got <class.*It mounts a"),
    "a mount of nothing": (lambda app: app.mount("/m", None), r"got None\. It mounts"),
    "a mount of itself": (
        lambda app: app.mount("/m", app),
        r"HERE got .*That is the application that it is called on",
    ),
    "a mount below the rest of a path": (
        lambda app: app.mount("/{rest:path}", Portico()),
        r"goes on after '\{rest:path\}'",
    ),
}

AT_CHECK: dict[str, tuple[Callable[[Any], object], str]] = {
    "too many arguments": (
        lambda app: app.before_handle(two),
        r"two\(\) \(.*HERE\) is a hook of 'before_handle', which is called with \(ctx\)\. It takes",
    ),
    "too few arguments": (
        lambda app: app.after_handle(hook),
        r"'after_handle', which is called with \(ctx, value\)\. It takes \(ctx\)",
    ),
    "no arguments": (lambda app: app.error(none), r"'error', .*\(ctx, error\)\. It takes \(\)"),
    "three arguments": (lambda app: app.parse(three), r"'parse', .*\(ctx, content_type\)"),
    "starred arguments": (lambda app: app.before_parse(starred), r"takes \*args or \*\*kwargs"),
    "an asynchronous trace": (
        lambda app: app.trace(async_trace),
        r"is a hook of 'trace', which runs between the others.*`span\.on_end`",
    ),
    "a trace that yields": (lambda app: app.trace(generator_trace), r"a hook of 'trace'"),
    "an option with the wrong arguments": (
        lambda app: app.guard(map_response=hook).post("/y", handler),
        r"a hook of 'map_response', which is called with \(ctx, value\)",
    ),
    "a parser that nobody knows": (
        lambda app: app.post("/y", handler, parse="yaml"),
        r"POST .*/y \(.*HERE\) has the parser 'yaml', which nobody registered.*app\.parser",
    ),
    "a key of another application": (
        lambda app: app.get("/y", binding(Portico().derive(handler))),
        r"uses <key handler>, whose application is not part of this one",
    ),
}


def binding(key: Any) -> Callable[..., object]:
    def bound(value: object = use(key)) -> object:
        return value

    return bound


@pytest.mark.parametrize("name", AT_REGISTRATION)
def test_a_mistake_is_refused_where_it_is_registered(name: str) -> None:
    register, said = AT_REGISTRATION[name]
    app = Portico()

    with pytest.raises(DefinitionError, match=said.replace("HERE", HERE)):
        register(app)
    assert app.routes == []


@pytest.mark.parametrize("name", AT_CHECK)
def test_a_mistake_is_found_when_the_application_is_checked(name: str) -> None:
    register, said = AT_CHECK[name]
    app = Portico()
    register(app)
    app.post("/x", handler)

    with pytest.raises(DefinitionError, match=said.replace("HERE", HERE)):
        app.check()


@pytest.mark.parametrize("name", AT_CHECK)
def test_a_mistake_of_a_plugin_is_found_when_its_user_is_checked(name: str) -> None:
    register, said = AT_CHECK[name]
    plugin, mounted = Portico(), Portico()
    for app in (plugin, mounted):
        register(app)
        app.post("/x", handler)

    for outer in (Portico().use(plugin, prefix="/p"), Portico().mount("/m", mounted)):
        with pytest.raises(DefinitionError, match=said.replace("HERE", HERE)):
            outer.check()


# Hooks that reach no route


def found(app: Portico) -> list[str]:
    """What `check` warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        app.check()
    assert {each.category for each in caught} <= {UnreachedHookWarning}
    return [str(each.message) for each in caught]


def plugin_with(register: Callable[[Any], object], *, routes: bool = False) -> Portico:
    plugin = Portico()
    if routes:
        plugin.get("/early", "x")
    register(plugin)
    return plugin


def after_its_routes(app: Portico) -> object:
    app.get("/", "x")
    return app.before_handle(hook)


def of_a_group(app: Portico) -> object:
    group = app.group("/g")
    group.get("/x", "x")
    return group.before_handle(hook)


def of_an_empty_guard(app: Portico) -> object:
    app.get("/", "x")
    return app.guard(before_handle=hook)


def of_a_nested_group(app: Portico) -> object:
    inner = app.group("/g").group("/h", before_handle=hook)
    app.group("/g").get("/x", "x")
    return inner


def in_a_plugin(scope: Any, *, twice: bool = False) -> Callable[[Portico], object]:
    def register(app: Portico) -> object:
        plugin = plugin_with(lambda plugin: plugin.before_handle(hook, scope=scope))
        if twice:
            plugin = Portico().use(plugin)
        return app.use(plugin).get("/", "x")

    return register


def used_too_late(app: Portico) -> object:
    app.get("/", "x")
    return app.use(plugin_with(lambda plugin: plugin.before_handle(hook, scope="global")))


def in_a_group_of_a_plugin(app: Portico) -> object:
    plugin = Portico()
    of_a_group(plugin)
    return app.use(plugin)


def key_too_late(app: Portico) -> object:
    app.get("/", "x")
    return app.derive(handler)


AFTER = r"A hook reaches the routes and plugins that are registered after it\."
OF_GROUP = r"A group's hook reaches the routes of the group that come after it\."
UNREACHED: dict[str, tuple[Callable[[Portico], object], str]] = {
    "after its routes": (
        after_its_routes,
        rf"The before_handle hook \(.*HERE\) reaches no .*{AFTER}",
    ),
    "in a group after its routes": (of_a_group, rf"so it never runs\. {OF_GROUP}"),
    "in an empty guard": (of_an_empty_guard, OF_GROUP),
    "in an empty group of a group": (of_a_nested_group, OF_GROUP),
    "in a group of a plugin": (in_a_group_of_a_plugin, OF_GROUP),
    "local in a plugin": (
        in_a_plugin("local"),
        r"Its scope is 'local'; 'scoped' would reach those of the application that uses it, if",
    ),
    "scoped in a plugin of a plugin": (
        in_a_plugin("scoped", twice=True),
        r"Its scope is 'scoped'; 'global' would reach those of every application around it",
    ),
    "global in a plugin that is used too late": (used_too_late, AFTER),
    "a key after the routes": (key_too_late, r"The derive handler \(.*HERE\) reaches no route"),
}


@pytest.mark.parametrize("name", UNREACHED)
def test_a_hook_that_reaches_no_route_is_a_warning_that_says_what_would(name: str) -> None:
    register, said = UNREACHED[name]
    app = Portico()
    register(app)

    [message] = found(app)

    assert re.search(said.replace("HERE", HERE), message)
    assert re.search(HERE, message)


@pytest.mark.parametrize("name", UNREACHED)
def test_a_warning_of_an_application_is_given_for_a_plugin_and_a_mount_too(name: str) -> None:
    plugin, mounted = Portico(), Portico()
    UNREACHED[name][0](plugin)
    UNREACHED[name][0](mounted)

    assert len(found(Portico().use(plugin))) == 1
    assert len(found(Portico().mount("/m", mounted))) == 1


def for_what_has_no_route(app: Portico) -> None:
    app.get("/", "x")
    app.error(two)
    app.error(404, two)
    app.map_response(two)
    app.after_response(two)
    app.trace(two)
    app.request(hook)


def of_a_plugin_for_what_has_no_route(app: Portico) -> None:
    app.get("/", "x")
    plugin = Portico()
    plugin.error(404, two, scope="global")
    plugin.after_response(two, scope="scoped")
    plugin.request(hook)
    app.use(plugin)


def of_a_plugin_for_its_users_routes(app: Portico) -> None:
    plugin = Portico()
    plugin.before_handle(hook, scope="scoped")
    plugin.apply(query=Page, scope="scoped")
    app.use(plugin).get("/", "x")


def of_a_plugin_for_its_own_routes(app: Portico) -> None:
    plugin = Portico()
    plugin.before_handle(hook)
    plugin.get("/", "x")
    app.use(plugin)


def in_front_of_a_plugin(app: Portico) -> None:
    app.before_handle(hook)
    plugin = Portico()
    plugin.get("/", "x")
    app.use(plugin)


def in_front_of_a_mount(app: Portico) -> None:
    app.before_handle(hook)
    app.mount("/m", Portico())


def of_a_group_with_routes(app: Portico) -> None:
    group = app.group("/g", before_handle=hook, query=Page)
    group.before_handle(hook)
    group.group("/h").get("/x", "x")


def keys_that_are_lazy(app: Portico) -> None:
    app.get("/", "x")
    app.derive(lazy=True)(handler)
    app.resolve(lazy=True)(handler)


def keys_that_are_bound(app: Portico) -> None:
    plugin = Portico()
    key = plugin.derive(handler)
    app.use(plugin).get("/", binding(key))


def keys_that_are_bound_by_keys(app: Portico) -> None:
    plugin = Portico()
    key = plugin.derive(handler)
    app.use(plugin)
    app.derive(binding(key))
    app.get("/", "x")


def keys_that_are_named(app: Portico) -> None:
    plugin = Portico()
    key = plugin.resolve(handler)

    async def get(ctx: Context) -> str:
        return await ctx.get(key)

    app.use(plugin).get("/", get)


def twins(app: Portico) -> None:
    for _ in range(2):
        plugin = Portico(name="twin")
        plugin.before_handle(hook, scope="global")
        app.use(plugin)
    app.get("/", "x")


def a_raised_scope(app: Portico) -> None:
    plugin = Portico()
    plugin.before_handle(hook)
    app.use(plugin.as_("scoped")).get("/", "x")


def a_schema_that_is_overridden_everywhere(app: Portico) -> None:
    app.apply(query=Page)

    @app.get("/")
    def own(query: Page) -> str:
        return "x"


def what_runs_nothing(app: Portico) -> None:
    app.get("/", "x")
    app.apply(query=Page, tags=["late"])


REACHED = [
    for_what_has_no_route,
    of_a_plugin_for_what_has_no_route,
    of_a_plugin_for_its_users_routes,
    of_a_plugin_for_its_own_routes,
    in_front_of_a_plugin,
    in_front_of_a_mount,
    of_a_group_with_routes,
    keys_that_are_lazy,
    keys_that_are_bound,
    keys_that_are_bound_by_keys,
    keys_that_are_named,
    twins,
    a_raised_scope,
    a_schema_that_is_overridden_everywhere,
    what_runs_nothing,
]


@pytest.mark.parametrize("register", REACHED, ids=lambda register: register.__name__)
def test_what_reaches_something_is_no_warning(register: Callable[[Portico], None]) -> None:
    app = Portico()
    register(app)

    assert found(app) == []


@pytest.mark.parametrize("register", REACHED, ids=lambda register: register.__name__)
def test_what_reaches_something_is_no_warning_of_a_changed_copy(
    register: Callable[[Portico], None],
) -> None:
    app = Portico()
    key = app.decorate("x")
    register(app)

    assert found(app.override(key, "y")) == []


def test_hooks_of_a_lazy_plugin_are_looked_at_when_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "portico_test_late_hook.py").write_text(
        "from portico import Portico\napp = Portico()\napp.get('/', 'x')\n"
        "app.before_handle(lambda ctx: None)",
        "utf-8",
    )
    app = Portico().use("portico_test_late_hook:app", prefix="/lazy", lazy=True)

    try:
        [message] = found(app)
    finally:
        sys.modules.pop("portico_test_late_hook", None)
    assert "portico_test_late_hook.py:4" in message


def test_one_warning_is_given_for_each_hook() -> None:
    app = Portico()
    app.get("/", "x")
    app.before_handle(hook)
    app.before_handle(hook)
    app.error(HTTPError, two)

    assert len(found(app)) == 2
