"""Hosts: domains, IPv4, IPv6 and opaque hosts (URL Standard, section 3.5 "Host parsing").

A parsed host is kept as its serialization: `example.com`, `127.0.0.1`, `[::1]`. The parts of a URL
that ask for more than the text (is it an address?) are served by these functions alone.
"""

from __future__ import annotations

from typing import Final

from portico._url_error import URLError
from portico._url_percent import C0_CONTROL, percent_decode, percent_encode

_FORBIDDEN_IN_HOST: Final = frozenset("\0\t\n\r #/:<>?@[\\]^|")
_FORBIDDEN_IN_DOMAIN: Final = _FORBIDDEN_IN_HOST | frozenset(map(chr, range(0x20))) | set("%\x7f")
_DIGITS: Final = frozenset("0123456789")
_OCTAL_DIGITS: Final = frozenset("01234567")
_HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")


def parse_host(text: str, *, opaque: bool) -> str:
    """Parse a host and return it serialized.

    Args:
        text: the host as it stands in a URL, with no surrogates.
        opaque: whether the URL's scheme is not special, so that the host has no known form.

    Raises:
        URLError: the text is no host.
    """
    if text.startswith("["):
        if not text.endswith("]"):
            raise URLError("An IPv6 host lacks its closing bracket", text, "Close it with ']'.")
        return f"[{_serialize_ipv6(_parse_ipv6(text[1:-1]))}]"
    if opaque:
        _refuse_forbidden(text, _FORBIDDEN_IN_HOST)
        return percent_encode(text, C0_CONTROL)
    domain = _domain_to_ascii(_percent_decoded(text))
    if _ends_in_a_number(domain):
        return _serialize_ipv4(_parse_ipv4(domain))
    return domain


def _percent_decoded(text: str) -> str:
    if "%" not in text:
        return text
    return percent_decode(text.encode()).decode("utf-8", "replace")


def _domain_to_ascii(domain: str) -> str:
    if domain.isascii():
        ascii_domain = domain.lower()
    else:
        ascii_domain = _internationalized_to_ascii(domain)
    if not ascii_domain:
        raise URLError("A host is empty after its mapping to ASCII", domain, "Give a host name.")
    _refuse_forbidden(ascii_domain, _FORBIDDEN_IN_DOMAIN)
    return ascii_domain


def _internationalized_to_ascii(domain: str) -> str:
    # Late: most processes never see such a host, and the tables are large.
    try:
        from portico._url_idna import to_ascii
    except ImportError:
        raise URLError(
            "A host with non-ASCII characters needs the `idna` package",
            domain,
            "Install `portico[idna]`, or write the host in its ASCII form (`xn--...`).",
        ) from None
    return to_ascii(domain)


def _refuse_forbidden(host: str, forbidden: frozenset[str]) -> None:
    if not forbidden.isdisjoint(host):
        character = next(c for c in host if c in forbidden)
        raise URLError(
            f"A host contains {character!r}",
            host,
            "Hosts have no spaces, control characters or URL delimiters; correct the host.",
        )


def _ends_in_a_number(domain: str) -> bool:
    last = domain.removesuffix(".").rpartition(".")[2]
    if not last or last[0] not in _DIGITS:
        return False
    return _DIGITS.issuperset(last) or _parse_ipv4_number(last) is not None


def _parse_ipv4(domain: str) -> int:
    parts = domain.removesuffix(".").split(".")
    numbers = [number for part in parts if (number := _parse_ipv4_number(part)) is not None]
    if len(numbers) < len(parts) or len(parts) > 4:
        raise _not_ipv4(domain)
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 256 ** (4 - len(leading)):
        raise _not_ipv4(domain)
    return last + sum(number << (8 * (3 - index)) for index, number in enumerate(leading))


def _not_ipv4(domain: str) -> URLError:
    return URLError(
        "A host ends in a number but is no IPv4 address",
        domain,
        "Write four decimal numbers from 0 to 255, or a name whose last label is no number.",
    )


def _parse_ipv4_number(text: str) -> int | None:
    """A decimal, octal (`0...`) or hexadecimal (`0x...`) number; `0x` alone is zero."""
    digits, base, allowed = text, 10, _DIGITS
    if text[:2] in ("0x", "0X"):
        digits, base, allowed = text[2:] or "0", 16, _HEX_DIGITS
    elif len(text) > 1 and text[0] == "0":
        digits, base, allowed = text[1:], 8, _OCTAL_DIGITS
    if not digits or not allowed.issuperset(digits):
        return None
    # CPython refuses to read thousands of decimal digits; any such number is out of range.
    return int(digits, base) if len(digits.lstrip("0")) <= 20 else 1 << 32


def _serialize_ipv4(address: int) -> str:
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


def _parse_ipv6(text: str) -> list[int]:
    head, compressed, tail = text.partition("::")
    try:
        pieces = _parse_pieces(head, may_end_in_ipv4=not compressed)
        after = _parse_pieces(tail, may_end_in_ipv4=True)
    except ValueError:
        raise _not_ipv6(text) from None
    missing = 8 - len(pieces) - len(after)
    # "::" stands for at least one piece.
    if (missing < 1) if compressed else (missing != 0):
        raise _not_ipv6(text)
    return [*pieces, *[0] * missing, *after]


def _not_ipv6(text: str) -> URLError:
    return URLError(
        "A host in brackets is no IPv6 address",
        text,
        "Write eight pieces of one to four hex digits with ':' between them, such as '[::1]'.",
    )


def _parse_pieces(text: str, *, may_end_in_ipv4: bool) -> list[int]:
    """The 16-bit pieces of one side of `::`. Raises `ValueError` when it is malformed."""
    if not text:
        return []
    *leading, last = text.split(":")
    if may_end_in_ipv4 and "." in last:
        return [*map(_parse_piece, leading), *_parse_embedded_ipv4(last)]
    return [_parse_piece(piece) for piece in (*leading, last)]


def _parse_piece(text: str) -> int:
    if not 1 <= len(text) <= 4 or not _HEX_DIGITS.issuperset(text):
        raise ValueError
    return int(text, 16)


def _parse_embedded_ipv4(text: str) -> tuple[int, int]:
    first, second, third, fourth = map(_parse_decimal_byte, text.split("."))
    return first << 8 | second, third << 8 | fourth


def _parse_decimal_byte(text: str) -> int:
    if not 1 <= len(text) <= 3 or not _DIGITS.issuperset(text) or (text[0] == "0" and text != "0"):
        raise ValueError
    if (value := int(text)) > 255:
        raise ValueError
    return value


def _serialize_ipv6(pieces: list[int]) -> str:
    start, length = _longest_zeros(pieces)
    if length < 2:
        return _join_pieces(pieces)
    return f"{_join_pieces(pieces[:start])}::{_join_pieces(pieces[start + length :])}"


def _join_pieces(pieces: list[int]) -> str:
    return ":".join(f"{piece:x}" for piece in pieces)


def _longest_zeros(pieces: list[int]) -> tuple[int, int]:
    """Start and length of the first longest run of zero pieces."""
    best = (0, 0)
    length = 0
    for index, piece in enumerate(pieces):
        length = 0 if piece else length + 1
        if length > best[1]:
            best = (index - length + 1, length)
    return best
