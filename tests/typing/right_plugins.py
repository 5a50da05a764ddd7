"""Plugins, groups and mounts give back what they were called on, and groups register as much."""

from collections.abc import Iterator
from typing import Any, assert_type

from portico import Context, Group, Hooks, Key, Portico, Request, Response, StateKey, macro, use
from portico.contract import Capabilities, Platform, Running

app = Portico()
plugin = Portico(name="plugin", seed=1)

assert_type(app.use(plugin), Portico)
assert_type(app.use("module:app", prefix="/a", lazy=True), Portico)
assert_type(app.mount("/m", plugin), Portico)
assert_type(app.group("/g").mount("/m", plugin), Group)
assert_type(app.group("/g").use(plugin), Group)


class Other:
    """Whatever keeps the contract can be mounted."""

    def check(self, capabilities: Capabilities | None = None, runtime: str = "") -> None: ...

    def start(self, platform: Platform) -> Running:
        raise NotImplementedError

    def handle(self, request: Request, platform: Platform, running: Any) -> Response:
        raise NotImplementedError


assert_type(app.mount("/other", Other()), Portico)

with app.group("/v1", tags=["v1"]) as group:
    assert_type(group, Group)
    number: Key[int] = group.decorate(1)
    assert_type(group.state("a"), StateKey[str])

    @group.resource
    def numbers() -> Iterator[list[int]]:
        yield [1]

    @group.request
    def first(ctx: Context) -> None: ...

    @group.on_start
    def start(given: list[int] = use(numbers)) -> None: ...

    @group.get("/")
    def handler(one: int = use(number), many: list[int] = use(numbers)) -> list[int]:
        return [one, *many]


@macro
def role(name: str, *, strict: bool = False) -> Hooks:
    return Hooks(before_handle=first, tags=[name])


assert_type(role("owner", strict=True), Hooks)
assert_type(app.apply(role("owner"), scope="scoped"), Portico)
app.get("/a", "a", role("owner"), tags=["a"])
