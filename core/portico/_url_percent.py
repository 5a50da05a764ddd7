"""Percent-encoding and decoding (URL Standard, section 1.3 "Percent-encoded bytes").

A percent-encode set is a table for `str.translate`: the bytes of the text, seen as the code points
0 to 255, are mapped to `%XX` where the set contains them and are left alone elsewhere.
"""

from __future__ import annotations

from typing import Final


def _extend(base: dict[int, str], characters: str) -> dict[int, str]:
    return base | {ord(c): f"%{ord(c):02X}" for c in characters}


C0_CONTROL: Final = {code: f"%{code:02X}" for code in (*range(0x20), *range(0x7F, 0x100))}
FRAGMENT: Final = _extend(C0_CONTROL, ' "<>`')
QUERY: Final = _extend(C0_CONTROL, ' "#<>')
SPECIAL_QUERY: Final = _extend(QUERY, "'")
PATH: Final = _extend(QUERY, "?^`{}")
USERINFO: Final = _extend(PATH, "/:;=@[\\]|")
COMPONENT: Final = _extend(USERINFO, "$%&+,")
# "percent-encode after encoding" writes a space of this set, and of this set alone, as a plus.
FORM_URLENCODED: Final = _extend(COMPONENT, "!'()~") | {0x20: "+"}

_HEX_DIGITS: Final = b"0123456789abcdefABCDEF"
_bytes_by_digits: dict[bytes, bytes] = {}


def scalar_values(text: str) -> str:
    """Replace lone surrogates by U+FFFD and join paired ones (Web IDL `USVString`)."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def percent_encode(text: str, encode_set: dict[int, str]) -> str:
    """Encode the UTF-8 bytes of a text that the set contains; `text` has no lone surrogates."""
    if not text.isascii():
        text = text.encode().decode("latin-1")
    return text.translate(encode_set)


def percent_decode(data: bytes) -> bytes:
    """Replace each `%XX` by its byte; a `%` without two hex digits stays as it is."""
    first, *rest = data.split(b"%")
    if not rest:
        return data
    if not _bytes_by_digits:
        _fill_bytes_by_digits()
    parts = [first]
    for part in rest:
        byte = _bytes_by_digits.get(part[:2])
        parts.append(b"%" + part if byte is None else byte + part[2:])
    return b"".join(parts)


def _fill_bytes_by_digits() -> None:
    # At first use: 484 entries that a process may never need.
    for high in _HEX_DIGITS:
        for low in _HEX_DIGITS:
            digits = bytes((high, low))
            _bytes_by_digits[digits] = bytes((int(digits, 16),))
