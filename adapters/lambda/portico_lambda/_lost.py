"""What a service would lose of an answer: an error where the options are strict, else a warning."""

from __future__ import annotations

from functools import cache

from portico import CapabilityError


def lost(what: str, advice: str, strict: bool) -> None:
    """Say that a part of an answer cannot be sent.

    Args:
        what: the part, for the middle of a sentence.
        advice: what to do about it.
        strict: the option of that name.

    Raises:
        CapabilityError: where it is set.
    """
    if strict:
        raise CapabilityError(f"The service in front of the function would lose {what}. {advice}")
    warn(what, advice)


@cache
def warn(what: str, advice: str) -> None:
    """Log it, once in a process."""
    import logging

    logging.getLogger("portico").warning(
        "The service in front of the function loses %s. %s", what, advice
    )
