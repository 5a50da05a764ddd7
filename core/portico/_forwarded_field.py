"""The field Forwarded (RFC 7239), and the nodes that it and X-Forwarded-For name."""

from __future__ import annotations

import re
from typing import Final

# A pair of section 4, or nothing, and what ends it. Values that should stand in quotes, such as
# `host=localhost:8080`, are taken without, since proxies write them so.
_pair = re.compile(
    r'[ \t]*+(?:([^\s",;=]++)=(?:"((?:[^"\\]|\\.)*+)"|([^\s",;]++)))?[ \t]*+([;,]|\Z)'
).match
_quoted_pair = re.compile(r"\\(.)")
_node = re.compile(r"\[([0-9A-Fa-f:.%]+)\](?::([0-9]{1,5}))?|([0-9.]+):([0-9]{1,5})").fullmatch

Element = dict[str, str]
"""What one hop says, by the lower-cased name of each pair."""

# What cannot be read says nothing, and is the last word of the chain.
_UNREADABLE: Final[list[Element]] = [{}]


def read_forwarded(field: str) -> list[Element]:
    """The elements of a field, the nearest hop's last.

    A field that is malformed anywhere is one element that says nothing: with a quotation mark that
    it leaves open, a client can swallow what the proxies add.
    """
    elements: list[Element] = []
    current: Element = {}
    place = 0
    while place < len(field):
        match = _pair(field, place)
        if match is None:
            return _UNREADABLE
        name, quoted, plain, end = match.groups()
        if name:
            if name.lower() in current:
                return _UNREADABLE
            value = plain if quoted is None else _quoted_pair.sub(r"\1", quoted)
            current[name.lower()] = value
        if end != ";" and current:
            elements.append(current)
            current = {}
        place = match.end()
    return [*elements, current] if current else elements


def read_node(text: str) -> tuple[str, int | None] | None:
    """Address and port of a node (section 6); None for `unknown`, a hidden one, and anything else.

    IPv6 addresses stand in brackets, but not in X-Forwarded-For.
    """
    from ipaddress import ip_address

    match = _node(text)
    address, port = text, None
    if match is not None:
        bracketed, port, plain, plain_port = match.groups()
        address, port = bracketed or plain, port or plain_port
    try:
        found = ip_address(address)
    except ValueError:
        return None
    number = None if port is None else int(port)
    known = number if number is not None and 0 < number < 1 << 16 else None
    return str(getattr(found, "ipv4_mapped", None) or found), known
