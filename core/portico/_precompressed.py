"""Variants of a file that were compressed beforehand, and which of them a client would have."""

from __future__ import annotations

from typing import Final

SUFFIXES: Final = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
"""The name's ending by the coding (RFC 9110 section 8.4.1, RFC 7932, RFC 8878), the best first."""


def accepted_codings(field: str | None) -> list[str]:
    """The codings that a client prefers to none, the best first (RFC 9110 section 12.5.3).

    Without the field a client may know none of them. One that would have neither a variant nor the
    file as it is gets the file all the same, as the section allows.
    """
    if not field:
        return []
    from werkzeug.datastructures import Accept
    from werkzeug.http import parse_accept_header

    accept = parse_accept_header(field, Accept)
    # RFC 9110 section 8.4.1.3: `x-gzip` is the same coding.
    qualities = {coding: accept.quality(coding) for coding in SUFFIXES}
    qualities["gzip"] = max(qualities["gzip"], accept.quality("x-gzip"))
    as_it_is = accept.quality("identity")
    wanted = [coding for coding in SUFFIXES if qualities[coding] > 0]
    return sorted(
        (coding for coding in wanted if qualities[coding] >= as_it_is),
        key=lambda coding: -qualities[coding],
    )
