"""Whatever a function does: if it is taken not to block, it calls nothing that may."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from chains import last_handler
from event_platforms import Answer, LoopPlatform, ask
from generated_programs import OWNERS, Hue, Item, Lazy, calls, compiled, keys, owned, source_of
from portico import Context, Portico, Request
from portico._supposed import holding

letters = st.text("ab01", min_size=1, max_size=5)
inputs = st.tuples(letters, st.integers(-3, 300), st.none() | letters, letters)
seeds = st.integers(0, 2**32)
owners = st.sampled_from(OWNERS)

Inputs = tuple[str, int, str | None, str]


def served(fn: Any, *, blocking: bool | None = None, owner: Any = OWNERS[0]) -> Portico:
    """An application of one handler, and of a key's value."""
    app = Portico(blocking=blocking).use(keys)
    app.post("/{number}/{text}", fn)
    return app if owner is OWNERS[0] else app.override(owned, owner)


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
    """The function of a source, where it is taken to be straight-line code, and what says when."""
    fn = compiled(source)
    if fn is None:
        return None
    inferred = last_handler(served(fn)).inferred
    if not inferred.is_straight and not inferred.supposes:
        event("may block")
        return None
    event("supposes something" if inferred.supposes else "does not block")
    return fn, holding(inferred.supposes)


def arguments(given_: Inputs, owner: Any = OWNERS[0]) -> tuple[Any, ...]:
    """What a handler is called with: what Portico converts, a context, and the values of keys."""
    text, number, maybe, name = given_
    app, platform, asked = (
        Portico().use(keys).override(owned, owner),
        LoopPlatform(),
        request(given_),
    )
    ctx = Context(asked, platform, app.start(platform), "/{number}/{text}", {}, asked.raw_path)
    return ctx, number, text, Item(name, number), True, 1.5, maybe, Lazy(), owner, Hue.BLUE


@settings(max_examples=600, deadline=None)
@given(seeds, inputs, owners)
def test_what_is_taken_not_to_block_calls_nothing_that_may(
    seed: int, given_: Inputs, owner: Any
) -> None:
    source = source_of(seed)
    found = taken(source)
    if found is None:
        return
    fn, holds = found
    values = arguments(given_, owner)
    calls.clear()
    if not holds(values[0]):
        event("what is supposed does not hold")
        assert calls == [], source
        return
    began = time.perf_counter()

    with suppress(Exception):
        fn(*values)

    assert calls == [], source
    assert time.perf_counter() - began < 1, source


@settings(max_examples=200, deadline=None)
@given(seeds, inputs, owners)
def test_a_coroutine_that_is_taken_to_be_straight_ends_when_it_begins(
    seed: int, given_: Inputs, owner: Any
) -> None:
    source = source_of(seed, "async def")
    found = taken(source)
    if found is None:
        return
    fn, holds = found
    values = arguments(given_, owner)
    if not holds(values[0]):
        return
    coroutine = fn(*values)
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
@given(seeds, inputs, owners)
def test_an_answer_is_the_same_with_the_inference_off(
    seed: int, given_: Inputs, owner: Any
) -> None:
    source = source_of(seed)
    fn = compiled(source)
    if fn is None:
        return
    answers = [
        ask(served(fn, blocking=blocking, owner=owner), LoopPlatform(), request(given_))
        for blocking in (None, True)
    ]

    assert _outcome(answers[0]) == _outcome(answers[1]), source
