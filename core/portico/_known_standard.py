"""Calls that are known of modules which may not be loaded: of the standard library, and of Portico.

A function is known by its place, and is the one that stands there now. What a call gives is there
at once: the clocks and the source of randomness are of the kernel, which makes nobody wait for them
once it has started. The local time is left out, since its zone is read from a file.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from portico._declared_types import plain
from portico._known_calls import Call, constants, giving, with_headers
from portico._known_types import BOOL, FLOAT, INT, STR, Kinds, MayBlock, Value, one

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _of_nothing(gives: Callable[[], Kinds]) -> Call:
    def call(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
        if arguments or named:
            raise MayBlock("with other arguments than it takes")
        return Value(gives())

    return call


_SECONDS: Final = _of_nothing(lambda: FLOAT)
_NANOSECONDS: Final = _of_nothing(lambda: INT)


def _moment(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    """`datetime.now(UTC)`: in a zone whose rules are Python's own."""
    datetime = sys.modules["datetime"]
    zones = [value.kinds for value in (*arguments, *named.values())]
    if zones != [one(datetime.timezone)]:
        raise MayBlock("without a time zone that is known")
    return Value(plain(datetime.datetime))


def _file(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    """`file()`: it only keeps what it is given, and is opened where that may block."""
    call = with_headers(sys.modules["portico._file"].FileAnswer, ("*path", *_FILE_OPTIONS))
    return call(arguments, named)


_FILE_OPTIONS: Final = ("*root", "*content_type", "*download", "*precompressed")


def _token(arguments: Sequence[Value], named: dict[str, Value]) -> Value:
    constants(arguments, named)
    return Value(STR)


_CALLS: Final[dict[str, dict[str, Call]]] = {
    "time": {
        **dict.fromkeys(("time", "monotonic", "perf_counter"), _SECONDS),
        **dict.fromkeys(("time_ns", "monotonic_ns", "perf_counter_ns"), _NANOSECONDS),
    },
    "uuid": {"uuid4": _of_nothing(lambda: plain(sys.modules["uuid"].UUID))},
    "secrets": dict.fromkeys(("token_hex", "token_urlsafe"), _token),
    "hmac": {"compare_digest": giving(BOOL)},
    "portico._file": {"file": _file},
}


def standard_call(function: object) -> Call | None:
    """What is known of a call of a function; None for nothing."""
    for name, calls in _CALLS.items():
        known = vars(sys.modules[name]) if name in sys.modules else {}
        for place, call in calls.items():
            if known.get(place) is function:
                return call
    return None


def class_method(cls: object, name: str) -> Call | None:
    """What is known of a call of a method of a class; None for nothing."""
    moment: Any = getattr(sys.modules.get("datetime"), "datetime", None)
    return _moment if cls is moment and name == "now" else None


def class_constant(cls: type, name: str) -> Kinds:
    """What an attribute of a class is; None where it may be anything."""
    zone: Any = getattr(sys.modules.get("datetime"), "timezone", None)
    return one(cls) if cls is zone and name == "utc" else None
