"""The warning of hooks that reach no route, and what it says would reach one."""

import warnings
from collections.abc import Callable

import pytest

from portico import Context, Portico, UnreachedHookWarning


def hook(ctx: Context) -> None:
    return None


def with_value(ctx: Context, value: object) -> None:
    return None


def told(app: Portico) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        app.check()
    assert all(issubclass(each.category, UnreachedHookWarning) for each in caught)
    return [str(each.message) for each in caught]


def used(app: Portico, plugin: Portico) -> Portico:
    app.get("/", "a")
    return app.use(plugin)


def local(plugin: Portico) -> None:
    plugin.before_handle(hook)


def scoped(plugin: Portico) -> None:
    plugin.before_handle(scope="scoped")(hook)


def global_(plugin: Portico) -> None:
    plugin.before_handle(scope="global")(hook)


def applied(plugin: Portico) -> None:
    plugin.apply(before_handle=hook, scope="scoped")


def promoted(plugin: Portico) -> None:
    plugin.before_handle(hook)
    plugin.as_("scoped")


def inner(plugin: Portico) -> None:
    other = Portico()
    scoped(other)
    plugin.use(other)


AFTER = "A hook reaches the routes and plugins that are registered after it."
SCOPED = "'scoped' would reach those of the application that uses it"
GLOBAL = "'global' would reach those of every application around it"


@pytest.mark.parametrize("name", ["", "named"])
@pytest.mark.parametrize(
    ("register", "advice"),
    [
        (local, SCOPED),
        (scoped, AFTER),
        (global_, AFTER),
        (applied, AFTER),
        (promoted, AFTER),
        (inner, GLOBAL),
    ],
)
def test_one_warning_says_what_would_reach_a_route(
    register: Callable[[Portico], None], advice: str, name: str
) -> None:
    plugin = Portico(name=name)
    register(plugin)

    [said] = told(used(Portico(name=name and "main"), plugin))

    assert said.startswith("The before_handle hook (")
    assert advice in said


Register = Callable[[Portico], object]
ELSEWHERE: dict[str, Register] = {
    "error": lambda app: app.error(with_value),
    "map_response": lambda app: app.map_response(with_value),
    "after_response": lambda app: app.after_response(with_value),
    "request": lambda app: app.request(hook),
    "schemas and tags": lambda app: app.apply(headers=dict[str, str], tags=["a"]),
    "a lazy key": lambda app: app.derive(lazy=True)(lambda: 1),
}


@pytest.mark.parametrize("register", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_runs_without_a_route_or_only_where_it_is_asked_for_is_not_told(
    register: Register,
) -> None:
    app = Portico()
    app.get("/", "a")
    register(app)

    assert told(app) == []


def test_an_error_hook_that_came_from_a_plugin_answers_what_has_no_route() -> None:
    plugin = Portico()
    plugin.error(scope="scoped")(with_value)

    assert told(used(Portico(), plugin)) == []


def test_a_hook_of_a_plugin_without_routes_is_reached_where_routes_follow() -> None:
    plugin = Portico()
    plugin.apply(before_handle=hook, scope="scoped")
    app = Portico().use(plugin)
    app.get("/", "a")

    assert told(app) == []
