"""Close codes: which may be sent, and which one an error ends a connection with (RFC 6455 7.4)."""

from __future__ import annotations

from typing import Final

from portico._errors import HTTPError, InvalidInputError
from portico._json import MalformedJSONError

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
UNSUPPORTED_DATA: Final = 1003
NO_STATUS: Final = 1005
ABNORMAL: Final = 1006
INVALID_DATA: Final = 1007
POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
INTERNAL_ERROR: Final = 1011

# Section 7.4.1, with what IANA has added since; 1004 to 1006 and 1015 never stand in a frame, and
# 1010 is the client's alone.
_SENT: Final = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014})
_EXPECTED: Final = frozenset({NORMAL, GOING_AWAY, NO_STATUS})
_LONGEST_REASON: Final = 123  # bytes: a control frame has 125, and two are the code (section 5.5)
_BY_STATUS: Final = {413: TOO_BIG, 415: UNSUPPORTED_DATA}


def is_own(code: int) -> bool:
    """Whether a code is one that applications give a meaning (section 7.4.2)."""
    return 3000 <= code <= 4999


def is_expected(code: int) -> bool:
    """Whether a peer that closes with this code has ended the connection as it meant to."""
    return code in _EXPECTED or is_own(code)


def checked_close(code: int, reason: str) -> None:
    """Refuse what no close frame can have.

    Raises:
        ValueError: the code may not be sent, or the reason is longer than 123 bytes of UTF-8.
    """
    if code not in _SENT and not is_own(code):
        raise ValueError(
            f"close() got the code {code!r}. It is 1000 (normal), 1001, 1002, 1003, 1007 to 1009, "
            "1011 to 1014, or one of your own from 3000 to 4999 (RFC 6455 section 7.4)."
        )
    if len(reason.encode()) > _LONGEST_REASON:
        raise ValueError(
            f"close() got a reason of {len(reason.encode())} bytes. A close frame has room for "
            f"{_LONGEST_REASON} (RFC 6455 section 5.5). Send what is longer as a message."
        )


def close_of(error: Exception) -> tuple[int, str]:
    """The code and the reason that an error ends a connection with; the peer may see both."""
    if not isinstance(error, HTTPError) or error.status >= 500:
        return INTERNAL_ERROR, ""
    if isinstance(error, MalformedJSONError):
        code = INVALID_DATA
    else:
        code = _BY_STATUS.get(error.status, POLICY_VIOLATION)
    return code, _cut(_reason(error))


def _reason(error: HTTPError) -> str:
    if isinstance(error, InvalidInputError) and error.faults:
        return "; ".join(
            f"{fault.pointer or 'the message'}: expected {fault.expected}" for fault in error.faults
        )
    return error.value if isinstance(error.value, str) else ""


def _cut(reason: str) -> str:
    """As much of a reason as fits, cut between characters."""
    data = reason.encode("utf-8", "replace")
    return data[:_LONGEST_REASON].decode("utf-8", "ignore")
