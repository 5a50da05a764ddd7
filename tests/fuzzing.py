"""What the fuzz targets have in common: how much is tried, how long it may take, what is hostile.

A run is the same each time and tries few inputs, so that it can stand in the suite. With
`HYPOTHESIS_PROFILE=long` it tries 100 times as many, and others each time; any number is a factor.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from time import thread_time
from types import FrameType
from typing import Any, TypeAlias, TypeVar, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from portico import PeerError

T = TypeVar("T")
Step: TypeAlias = str | int
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "short")
_FACTOR = {"short": 1, "long": 100}.get(PROFILE) or int(PROFILE)


def fuzz(examples: int) -> settings:
    """The settings of a target.

    Args:
        examples: how many inputs are tried in the short profile.
    """
    return settings(
        max_examples=examples * _FACTOR,
        derandomize=_FACTOR == 1,
        database=None,
        deadline=None,  # steps are counted instead: machines differ
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


class EndlessError(Exception):
    """A call takes more steps than its input can be worth."""


def bounded(call: Callable[[], T], size: int) -> T:
    """Call it, and give up where it runs more lines of Python than such an input may take.

    Args:
        call: what to call, in this thread.
        size: how long its input is.

    Raises:
        EndlessError: it took too many.
    """
    left = 20_000 + 400 * size

    def count(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise EndlessError(f"{frame.f_code.co_qualname}, for an input of {size}")
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        return call()
    finally:
        sys.settrace(before)


def growth(call: Callable[[Any], object], make: Callable[[int], Any]) -> float:
    """How many times as long an input takes that is eight times as long: about eight, or less.

    What takes less than a few milliseconds is too short to be measured, and grows by 1. One step,
    where a long input takes another way, is not taken for a growth.
    """
    first = _ratio(call, make, 1 << 12)
    return first if first < 16 else min(first, _ratio(call, make, 1 << 15))


def _ratio(call: Callable[[Any], object], make: Callable[[int], Any], size: int) -> float:
    small, large = make(size), make(8 * size)
    after = min(_seconds(call, large) for _ in range(3))
    if after < 0.008:
        return 1.0
    return after / max(min(_seconds(call, small) for _ in range(5)), 1e-6)


def _seconds(call: Callable[[Any], object], argument: Any) -> float:
    started = thread_time()
    call(argument)
    return thread_time() - started


MISSING = object()
VALUES: list[Any] = [
    *(
        MISSING,
        None,
        "",
        "text",
        "\ud800",
        "a\r\nb: c",
        "\0",
        "9" * 5000,
        "%",
        "\x85\xa0",
        "\u212a",
    ),
    *(0, -1, 1e308, 10**400, True, [], [None], {}, {"a": None}, [[[[]]]], {"": {"": {"": {}}}}),
]

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([value for value in VALUES if value is not MISSING]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


def places(value: object, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Where a JSON value has others, at any depth."""
    if path:
        yield path
    items: list[tuple[Step, object]] = []
    if isinstance(value, dict):
        items = list(cast("dict[Step, object]", value).items())
    elif isinstance(value, list):
        items = list(enumerate(cast("list[object]", value)))
    for step, inner in items:
        yield from places(inner, (*path, step))


def replaced(value: Any, path: tuple[Step, ...], new: object) -> Any:
    """A copy with another value at a place, or without it."""
    if not path:
        return new
    step, *rest = path
    copy = value.copy()
    if not rest and new is MISSING:
        del copy[step]
    else:
        copy[step] = replaced(value[step], tuple(rest), new)
    return copy


@st.composite
def mutants(draw: st.DrawFn, valid: list[Any]) -> Any:
    """A valid JSON value of which some members, at any depth, are something else."""
    value = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(1, 4))):
        known = list(places(value))
        if known:
            new = draw(st.sampled_from(VALUES) | JSON)
            value = replaced(value, draw(st.sampled_from(known)), new)
    return value


def made_of(*pieces: list[str], size: int = 12) -> st.SearchStrategy[str]:
    """A text of some of the pieces, which is more likely to be near to a valid one than any."""
    together = [piece for several in pieces for piece in several]
    return st.lists(st.sampled_from(together), max_size=size).map("".join)


def is_told(error: PeerError, *statuses: int) -> None:
    """A refusal is one of those that the peer is told of."""
    assert error.status in (statuses or (400,))
    assert error.detail


LATIN = st.text(st.characters(max_codepoint=255), max_size=40)
"""What a field value may be on its way from a careless server."""

FIELD_TEXT = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
"""What servers let through as a field value."""
