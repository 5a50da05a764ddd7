"""`Trust`: whose word is taken for where a request came from. Loaded with the option `trust`.

A request comes over a chain of hops: the client, the proxies, and the one that is connected to this
server. Each proxy adds the address that it saw, and what it was asked for, to fields of the header.
Anybody can write those fields, so each entry is worth as much as the hop that has written it: the
last one was added by the peer itself, the one before by the hop that the last one names, and so on.
Hence entries are counted from the right, and never from the left.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from portico._forwarded_field import read_node

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

TrustHeader: TypeAlias = Literal[
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "forwarded",
]
"""The fields in which proxies say what they saw."""

TRUST_HEADERS: Final[tuple[TrustHeader, ...]] = (
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
)
"""Those that are read where nothing else is said: what most proxies write, or can be told to."""

_KNOWN: Final[frozenset[str]] = frozenset({*TRUST_HEADERS, "x-forwarded-port", "forwarded"})
_EVERY_HOP: Final = 1 << 30


class Trust:
    """Which hops are believed, and what they write.

    Attributes:
        hops: how many hops before this server are believed; None where networks say it.
        networks: the addresses of hops that are believed.
        headers: the fields that they write.
    """

    __slots__ = ("headers", "hops", "networks")

    def __init__(
        self,
        hops: int | None,
        networks: tuple[IPv4Network | IPv6Network, ...],
        headers: frozenset[TrustHeader],
    ) -> None:
        self.hops: int | None = hops
        self.networks: tuple[IPv4Network | IPv6Network, ...] = networks
        self.headers: frozenset[TrustHeader] = headers

    def depth(self, peer: str | None, nodes: Sequence[str]) -> int:
        """How many entries from the right are believed hops' own; the farthest of them counts.

        A chain that is shorter than it was said to be is believed as far as it goes: what is
        nearer than its first entry is a proxy's address, which must not pass for a client's.

        Args:
            peer: the address at the other end of the connection.
            nodes: what the hops have added, the nearest hop's last; see `read_node`.
        """
        if self.hops is not None:
            return min(self.hops, len(nodes)) if nodes else self.hops
        if not nodes:
            return int(self._covers(peer))
        address = peer
        for believed, node in enumerate(reversed(nodes)):
            if not self._covers(address):
                return believed
            named = read_node(node)
            address = None if named is None else named[0]
        return len(nodes)

    def _covers(self, address: str | None) -> bool:
        if address is None:
            return False
        from ipaddress import ip_address

        try:
            found = ip_address(address)
        except ValueError:
            return False
        plain = getattr(found, "ipv4_mapped", None) or found  # "::ffff:10.0.0.1", on dual sockets
        return any(plain in network for network in self.networks)


def trust_of(given: int | Collection[str] | None, headers: Collection[TrustHeader]) -> Trust | None:
    """What the options `trust` and `trust_headers` mean; None where nobody is believed.

    Raises:
        TypeError: one of the two is of another type.
        ValueError: a number below zero, what is no network, or fields that do not go together.
    """
    fields = _checked_headers(headers)
    if given is None or (type(given) is int and given == 0):
        return None
    if type(given) is int:
        if given < 0:
            raise ValueError(f"trust is {given}. It is a number of proxies, such as 1.")
        return Trust(given, (), fields)
    if given == "*":
        return Trust(_EVERY_HOP, (), fields)
    if isinstance(given, str | bytes) or not isinstance(given, Collection):
        raise TypeError(
            f"trust is {given!r}. It is a number of proxies, such as 1, a list of their networks, "
            "such as ['10.0.0.0/8', '::1'], or '*'."
        )
    return Trust(None, tuple(_network(each) for each in given), fields)


def _network(given: object) -> IPv4Network | IPv6Network:
    from ipaddress import ip_network

    if not isinstance(given, str):
        raise TypeError(f"trust has {given!r}. A network is a text, such as '10.0.0.0/8'.")
    try:
        return ip_network(given)
    except ValueError as error:
        raise ValueError(
            f"trust has {given!r}, which is no network: {error}. Write addresses, such as "
            "'192.0.2.1', or networks, such as '10.0.0.0/8'."
        ) from None


def _checked_headers(given: Collection[TrustHeader]) -> frozenset[TrustHeader]:
    if isinstance(given, str):
        raise TypeError(f"trust_headers is the text {given!r}. It is a list of header names.")
    named = [str(name).lower() for name in given]
    if unknown := [name for name in named if name not in _KNOWN]:
        raise ValueError(
            f"trust_headers has {unknown[0]!r}. It has some of {', '.join(sorted(_KNOWN))}."
        )
    if "forwarded" in named and len(set(named)) > 1:
        raise ValueError(
            f"trust_headers is {sorted(set(named))}. It has either 'forwarded' or fields of "
            "X-Forwarded: a proxy that writes the one hands on what the client sent as the other."
        )
    return frozenset(cast("list[TrustHeader]", named))
