"""`Forwarding`: what the believed hops of one request say of its client, scheme and host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from portico._forwarded_field import Element, read_forwarded, read_node
from portico._runtime import UNKNOWN_PEER, Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from portico._trust import Trust, TrustHeader

_SCHEMES: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


class Forwarding:
    """What is read of the header when somebody asks, by a policy.

    All three come from one hop: the farthest that is believed. Where a proxy writes a field with
    one value only, instead of adding to it, that value is the nearest hop's.

    Args:
        trust: the policy.
        seen: the peer, as the socket or the platform says.
        read: the values of a header field, by its lower-cased name.
        written: the fields to which a platform that stands before the application adds itself.
    """

    __slots__ = ("_depth", "_elements", "_is_standard", "_nodes", "_read", "_trust", "_written")

    def __init__(
        self,
        trust: Trust,
        seen: Peer,
        read: Callable[[str], list[str]],
        written: Collection[str],
    ) -> None:
        self._trust = trust
        self._read = read
        # What the platform adds is what it tells of itself: it is no hop that could be believed.
        self._written: Collection[str] = written if seen.source == "gateway" else ()
        self._is_standard = "forwarded" in trust.headers
        self._elements: list[Element] = []
        if self._is_standard:
            self._elements = read_forwarded(", ".join(read("forwarded")))
            nodes = [element.get("for", "") for element in self._elements]
        else:
            nodes = self._listed("x-forwarded-for")
        self._nodes = nodes
        if seen.source == "gateway" and nodes:
            self._nodes = nodes = _before(nodes, seen.address)
            self._elements = self._elements[: len(nodes)]
            if not nodes:
                # Nobody stands between the client and the platform: the rest is the client's word.
                self._depth = 0
                return
        self._depth = trust.depth(seen.address, nodes)

    def peer(self, seen: Peer) -> Peer:
        """The client: `seen` where nobody says more, an unknown one where it is not said well."""
        if not self._depth or not self._nodes:
            return seen
        named = read_node(self._nodes[-self._depth])
        return UNKNOWN_PEER if named is None else Peer(*named, "trusted-header")

    @property
    def scheme(self) -> str | None:
        """`"http"` or `"https"`, or None where it is not said."""
        said = self._said("proto", "x-forwarded-proto")
        return None if said is None else _SCHEMES.get(said.lower())

    @property
    def host(self) -> str | None:
        """The host with its port, unchecked, or None where it is not said."""
        host = self._said("host", "x-forwarded-host")
        if not host:
            return None
        port = None if self._is_standard else self._said("", "x-forwarded-port")
        if port and not host.rpartition("]")[2].count(":") and port != self._default_port():
            return f"{host}:{port}"
        return host

    def _default_port(self) -> str | None:
        return _DEFAULT_PORTS.get(self.scheme or "")

    def _said(self, pair: str, name: TrustHeader) -> str | None:
        if not self._depth:
            return None
        if self._is_standard:
            here = self._depth <= len(self._elements)
            return self._elements[-self._depth].get(pair) if here else None
        values = self._listed(name)
        return values[-min(self._depth, len(values))] if values else None

    def _listed(self, name: TrustHeader) -> list[str]:
        if name not in self._trust.headers:
            return []
        whole = ",".join(self._read(name))
        values = [value.strip(" \t") for value in whole.split(",")] if whole else []
        return values[:-1] if name in self._written else values


def _before(nodes: list[str], address: str | None) -> list[str]:
    """What stands before the platform's own entry, which names the peer that it has told of."""
    told = read_node(address or "")  # in the one form that an address has here
    for index in range(len(nodes) - 1, -1, -1):
        named = read_node(nodes[index])
        if named is not None and told is not None and named[0] == told[0]:
            return nodes[:index]
    return nodes
