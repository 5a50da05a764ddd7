"""The engine against a model: whatever hooks there are, in whatever colour and place they run.

The model below is the order and the rules of the lifecycle in their shortest form. It and the
engine, on a loop and on threads, answer generated routes, and must agree on the answer, on what ran
and in which order, and on what was reported.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_platforms import LoopPlatform, ThreadPlatform
from portico import Context, HTTPError, Portico, Request, Response, status


class Part(NamedTuple):
    """One function of a route: what it does, and where it runs."""

    kind: str
    does: str
    is_async: bool
    blocking: bool
    label: str


class Outcome(NamedTuple):
    status: int
    body: object
    ran: list[str]
    reports: list[str]


class CrashError(Exception):
    """What no hook expects but those that say so."""


PLAIN = ["none", "none", "value", "reply", "refuse", "raise", "crash"]
DOES = {
    "request": PLAIN,
    "before_parse": PLAIN,
    "transform": ["none", "none", "reply", "refuse", "raise", "crash"],
    "derive": ["none", "none", "raise", "crash", "generator", "leaves-badly"],
    "before_handle": PLAIN,
    "resolve": ["none", "none", "raise", "crash", "generator", "leaves-badly"],
    "handle": ["value", "value", "none", "reply", "refuse", "raise", "crash"],
    "after_handle": PLAIN,
    "map_response": PLAIN,
    "error-409": PLAIN,
    "error-418": PLAIN,
    "error-crash": PLAIN,
    "error-any": PLAIN,
    "after_response": ["none"],
}


@st.composite
def parts(draw: st.DrawFn) -> list[Part]:
    kinds = draw(st.lists(st.sampled_from(sorted(set(DOES) - {"handle"})), max_size=7))
    made: list[Part] = []
    for index, kind in enumerate([*kinds, "handle"]):
        does = draw(st.sampled_from(DOES[kind]))
        made.append(Part(kind, does, draw(st.booleans()), draw(st.booleans()), f"{kind}.{index}"))
    return made


def effect(part: Part, ran: list[str]) -> Any:
    ran.append(part.label)
    match part.does:
        case "value":
            return {"by": part.label}
        case "reply":
            return status(201, {"by": part.label})
        case "refuse":
            return status(418, {"by": part.label})
        case "raise":
            raise HTTPError(409, {"by": part.label})
        case "crash":
            raise CrashError(part.label)
        case _:
            return None


# The model


class Model:
    def __init__(self, given_parts: list[Part]) -> None:
        self.parts = given_parts
        self.ran: list[str] = []
        self.reports: list[str] = []
        self.exits: list[Part] = []

    def of(self, *kinds: str) -> list[Part]:
        return [part for part in self.parts if part.kind in kinds]

    def first(self, found: list[Part]) -> Any:
        return next((v for part in found if (v := effect(part, self.ran)) is not None), None)

    def answer(self) -> Outcome:
        try:
            code, body = self.whole()
        except (HTTPError, CrashError) as error:
            code, body = self.failed(error)
        for part in self.of("after_response"):
            self.ran.append(part.label)
        return Outcome(code, body, self.ran, self.reports)

    def whole(self) -> tuple[int, object]:
        early = self.first(self.of("request"))
        if early is not None:
            return self.finish(early)
        value = self.first(self.of("before_parse"))
        if value is None:
            value = self.before_handler()
        taken = self.first(self.of("after_handle"))
        return self.finish(value if taken is None else taken)

    def before_handler(self) -> Any:
        for queue in (("transform", "derive"), ("before_handle", "resolve"), ("handle",)):
            for part in self.of(*queue):
                value = effect(part, self.ran)
                if part.does in ("generator", "leaves-badly"):
                    self.exits.append(part)
                if value is not None:
                    return value
        return None

    def finish(self, value: Any) -> tuple[int, object]:
        """A reply of 400 or more is an error, which hooks may answer, once."""
        code = getattr(value, "code", 200)
        found = [p for p in self.parts if p.kind in (f"error-{code}", "error-any")]
        if code < 400 or not found:
            return self.respond(value)
        try:
            handled = self.first(found)
            if handled is not None:
                return self.respond(with_status(handled, code), HTTPError(code))
        except (HTTPError, CrashError) as second:
            return self.last(second)
        return self.respond(value)

    def respond(self, value: Any, error: Exception | None = None) -> tuple[int, object]:
        mapped = self.first(self.of("map_response"))
        value = value if mapped is None else mapped
        code, body = getattr(value, "code", 200), getattr(value, "value", value)
        self.leave(error or (HTTPError(code) if code >= 400 else None))
        return code, body

    def leave(self, error: Exception | None) -> None:
        failure = None
        while self.exits:
            part = self.exits.pop()
            seen = type(failure or error).__name__ if failure or error else "nothing"
            self.ran.append(f"left {part.label} with {seen}")
            if part.does == "leaves-badly":
                failure = CrashError(part.label)
        if failure is not None:
            raise failure

    def failed(self, error: Exception) -> tuple[int, object]:
        code = error.status if isinstance(error, HTTPError) else 500
        kinds = {f"error-{code}", "error-any"}
        if isinstance(error, CrashError):
            kinds.add("error-crash")
        try:
            handled = self.first([part for part in self.parts if part.kind in kinds])
            if handled is None:
                body = self.default(error)
                self.leave(error)
                return code, body
            answer = self.respond(with_status(handled, code), error)
        except (HTTPError, CrashError) as second:
            return self.last(second)
        if answer[0] >= 500 and not isinstance(error, HTTPError):
            self.reports.append(type(error).__name__)
        return answer

    def last(self, error: Exception) -> tuple[int, object]:
        """Where the way to an answer failed, no hook is asked again."""
        with suppress(CrashError):
            self.leave(error)
        return (error.status if isinstance(error, HTTPError) else 500), self.default(error)

    def default(self, error: Exception) -> object:
        if isinstance(error, HTTPError):
            return error.value
        self.reports.append(type(error).__name__)
        return "problem"


def with_status(value: Any, code: int) -> Any:
    return value if hasattr(value, "code") else status(code, value)


# The engine


def application(given_parts: list[Part], ran: list[str]) -> Portico:
    app = Portico()
    for part in given_parts:
        if part.kind in ("derive", "resolve"):
            getattr(app, part.kind)(blocking=part.blocking)(key_function(part, ran))
        elif part.kind == "handle":
            app.get("/", key_function(part, ran), blocking=part.blocking)
        elif part.kind.startswith("error-"):
            register_error_hook(app, part, two_arguments(part, ran))
        elif part.kind in ("after_handle", "map_response", "after_response"):
            getattr(app, part.kind)(two_arguments(part, ran), blocking=part.blocking)
        else:
            getattr(app, part.kind)(one_argument(part, ran), blocking=part.blocking)
    return app


def register_error_hook(app: Portico, part: Part, hook: Callable[..., Any]) -> None:
    match part.kind.removeprefix("error-"):
        case "409" | "418" as code:
            app.error(int(code), hook, blocking=part.blocking)
        case "crash":
            app.error(CrashError, hook, blocking=part.blocking)
        case _:
            app.error(hook, blocking=part.blocking)


def one_argument(part: Part, ran: list[str]) -> Callable[[Context], Any]:
    if part.is_async:

        async def hook(ctx: Context) -> Any:
            await asyncio.sleep(0)
            return effect(part, ran)

        return hook
    return lambda ctx: effect(part, ran)


def two_arguments(part: Part, ran: list[str]) -> Callable[[Context, Any], Any]:
    if part.is_async:

        async def hook(ctx: Context, value: Any) -> Any:
            await asyncio.sleep(0)
            return effect(part, ran)

        return hook
    return lambda ctx, value: effect(part, ran)


def key_function(part: Part, ran: list[str]) -> Callable[..., Any]:
    if part.does in ("generator", "leaves-badly"):
        return generator_function(part, ran)
    if part.is_async:

        async def make() -> Any:
            await asyncio.sleep(0)
            return effect(part, ran)

        return make

    def make_now() -> Any:
        return effect(part, ran)

    return make_now


def generator_function(part: Part, ran: list[str]) -> Callable[..., Any]:
    def left(error: BaseException | None) -> None:
        seen = "nothing" if error is None else type(error).__name__
        ran.append(f"left {part.label} with {seen}")
        if part.does == "leaves-badly":
            raise CrashError(part.label)

    if part.is_async:

        async def entered() -> Any:
            ran.append(part.label)
            try:
                yield 1
            except Exception as error:
                left(error)
                raise
            left(None)

        return entered

    def entered_now() -> Iterator[int]:
        ran.append(part.label)
        try:
            yield 1
        except Exception as error:
            left(error)
            raise
        left(None)

    return entered_now


def engine(given_parts: list[Part], kind: type[LoopPlatform]) -> Outcome:
    ran: list[str] = []
    app, platform = application(given_parts, ran), kind()

    async def run() -> Response:
        with app.start(platform) as running:
            answer = app.handle(Request("http://app.test/"), platform, running)
            response = answer if isinstance(answer, Response) else await answer
        await platform.afinish()
        return response

    response = asyncio.run(run())
    content = response.content
    assert isinstance(content, bytes)
    kind_of = response.headers.get("content-type")
    body = None if not content else json.loads(content)
    if kind_of == "application/problem+json":
        body = "problem"
    reports = [type(error).__name__ for error in platform.reports]
    return Outcome(response.status, body, ran, reports)


@pytest.mark.parametrize("kind", [LoopPlatform, ThreadPlatform])
@settings(max_examples=400, deadline=None)
@given(parts())
def test_the_engine_does_what_the_model_says(
    kind: type[LoopPlatform], given_parts: list[Part]
) -> None:
    assert engine(given_parts, kind) == Model(given_parts).answer()
