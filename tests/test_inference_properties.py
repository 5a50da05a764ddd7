"""Whatever a function does: if it is taken not to block, it calls nothing that may."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from chains import last_handler
from event_platforms import Answer, LoopPlatform, ask
from generated_programs import Item, Lazy, calls, compiled, keys, source_of
from portico import Context, Portico, Request

letters = st.text("ab01", min_size=1, max_size=5)
inputs = st.tuples(letters, st.integers(-3, 300), st.none() | letters, letters)
seeds = st.integers(0, 2**32)

Inputs = tuple[str, int, str | None, str]


def served(fn: Any, *, blocking: bool | None = None) -> Portico:
    """An application of one handler."""
    app = Portico(blocking=blocking).use(keys)
    app.post("/{number}/{text}", fn)
    return app


def request(given_: Inputs) -> Request:
    text, number, maybe, name = given_
    query = "" if maybe is None else f"?maybe={maybe}"
    return Request(
        f"http://app.test/{number}/{text}{query}",
        method="POST",
        headers={"content-type": "application/json", "x-name": name},
        body=f'{{"name": "{name}", "count": {number}}}'.encode(),
    )


def taken(source: str) -> Any:
    """The function of a source, where it is taken to be straight-line code."""
    fn = compiled(source)
    if fn is None:
        return None
    is_straight = last_handler(served(fn)).is_straight
    event("does not block" if is_straight else "may block")
    return fn if is_straight else None


def arguments(given_: Inputs) -> tuple[Any, ...]:
    """What a handler is called with: what Portico converts, a context, and the value of a key."""
    text, number, maybe, name = given_
    app, platform, asked = Portico().use(keys), LoopPlatform(), request(given_)
    ctx = Context(asked, platform, app.start(platform), "/{number}/{text}", {}, asked.raw_path)
    return ctx, number, text, Item(name, number), True, 1.5, maybe, Lazy()


@settings(max_examples=400, deadline=None)
@given(seeds, inputs)
def test_what_is_taken_not_to_block_calls_nothing_that_may(seed: int, given_: Inputs) -> None:
    source = source_of(seed)
    fn = taken(source)
    if fn is None:
        return
    values = arguments(given_)
    calls.clear()
    began = time.perf_counter()

    with suppress(Exception):
        fn(*values)

    assert calls == [], source
    assert time.perf_counter() - began < 1, source


@settings(max_examples=200, deadline=None)
@given(seeds, inputs)
def test_a_coroutine_that_is_taken_to_be_straight_ends_when_it_begins(
    seed: int, given_: Inputs
) -> None:
    source = source_of(seed, "async def")
    fn = taken(source)
    if fn is None:
        return
    coroutine = fn(*arguments(given_))
    calls.clear()
    has_ended = True

    with suppress(Exception):
        coroutine.send(None)
        has_ended = False

    assert has_ended, source
    assert calls == [], source


def _outcome(answer: Answer) -> tuple[int, bytes | None]:
    # An unexpected error has an id of its own.
    return answer.status, None if answer.status == 500 else answer.body


@settings(max_examples=150, deadline=None)
@given(seeds, inputs)
def test_an_answer_is_the_same_with_the_inference_off(seed: int, given_: Inputs) -> None:
    source = source_of(seed)
    fn = compiled(source)
    if fn is None:
        return
    answers = [
        ask(served(fn, blocking=blocking), LoopPlatform(), request(given_))
        for blocking in (None, True)
    ]

    assert _outcome(answers[0]) == _outcome(answers[1]), source
