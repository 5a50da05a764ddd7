"""The bytes that a Range field asks for (RFC 9110 section 14)."""

from __future__ import annotations

import re
from typing import Final

MOST_RANGES: Final = 32
"""Ranges that one request is answered with; a request for more gets the whole (section 14.2)."""

Span = tuple[int, int]
"""The first byte, and the one after the last."""

# So many digits are more bytes than there are, and few enough for `int`.
_spec = re.compile(r"([0-9]{0,64})-([0-9]{0,64})").fullmatch


def requested_spans(value: str, size: int) -> list[Span] | None:
    """What of so many bytes a Range field asks for, in its order.

    Ranges that overlap or touch are one, in the place of the first of them, so that nothing is sent
    twice (section 15.3.7.2).

    Returns:
        None where the field is to be ignored: it is malformed, of another unit, or asks for too
        many ranges. An empty list where none of the ranges has a byte.
    """
    unit, equals, text = value.partition("=")
    if not equals or unit.strip().lower() != "bytes" or text.count(",") > 4 * MOST_RANGES:
        return None
    specs = [part.strip(" \t") for part in text.split(",")]
    found: list[Span] = []
    for spec in filter(None, specs):  # a list may have empty elements (section 5.6.1.2)
        span = _span(spec, size)
        if span is None:
            return None
        if span[0] < span[1]:
            found.append(span)
    if not any(specs) or len(found) > MOST_RANGES:
        return None
    return _united(found)


def _span(spec: str, size: int) -> Span | None:
    """The bytes of one range, which may be none; None where it is malformed (section 14.1.1)."""
    match = _spec(spec)
    if match is None or spec == "-":
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def _united(spans: list[Span]) -> list[Span]:
    whole: dict[int, Span] = {}
    joined: Span | None = None
    places: list[int] = []
    for place, span in sorted(enumerate(spans), key=lambda each: each[1]):
        if joined is None or span[0] > joined[1]:
            if joined is not None:
                whole[min(places)] = joined
            joined, places = span, []
        joined = joined[0], max(joined[1], span[1])
        places.append(place)
    if joined is not None:
        whole[min(places)] = joined
    return [span for _, span in sorted(whole.items())]
