"""`Options`: what every adapter can be told."""

from __future__ import annotations

from collections.abc import Collection
from math import inf
from typing import TYPE_CHECKING, Final, Literal, cast

from portico._body import BodyLimits

if TYPE_CHECKING:
    from portico._trust import Trust, TrustHeader


class Options:
    """The options that every adapter has.

    Args:
        max_body_size: bytes of a body that is read whole; more is a 413.
        max_form_size: bytes of a multipart body, whose files are kept on disk.
        max_stream_size: bytes of a body that the handler streams; None sets no limit.
        hosts: the Host values to answer, lower case, with the port where it is not the default
            one; any other is a 400. None admits all. With `trust` it is the host that a believed
            proxy tells of.
        trust: the proxies before this server whose word is taken for the client's address, the
            scheme and the host, all three alike: how many there are, such as `1`, or a list of the
            networks that they are in, such as `["10.0.0.0/8", "::1"]`. None believes nobody.
            `"*"` believes every entry, so that the client is whoever the first one names: only
            where a proxy that nobody can get around throws away what clients send.
        trust_headers: the fields that those proxies write, each of them in every request; None is
            `x-forwarded-for`, `x-forwarded-proto` and `x-forwarded-host`. A field that a proxy
            does not write is handed on as the client sent it, and must not be named here.
            `["forwarded"]` reads RFC 7239 instead.
        root_path: the path under which the application is mounted, such as `"/api"`; None takes
            what the runtime says.
        strict: raise where the runtime would lose a part of the answer, instead of a warning.
        check: `"now"` checks the application when the adapter is constructed; `"deferred"` leaves
            it to the first hit of each route, for the shortest cold start.
        on_disconnect: what happens to a handler under way whose peer leaves, where a route does not
            say: `"signal"` aborts `request.signal`, `"cancel"` cancels the handler too. Both need
            a runtime that is told, where `DISCONNECT` is native.
        shutdown_grace: seconds that background work gets when the application stops; what is not
            done then is cancelled, and reported by name.
        deadline_margin: seconds before the platform's deadline at which a request is given up and
            answered with 504. With None it is half a second, and for asynchronous routes alone;
            a number has synchronous routes run in a thread of their own, which can be left behind.
        body_timeout: seconds that whoever reads a body waits for the next of it, on ASGI; then it
            is a 408, and the connection is closed. None waits for as long as the server does, as
            all other runtimes do.
    """

    __slots__ = (
        "body_timeout",
        "check",
        "deadline_margin",
        "hosts",
        "limits",
        "on_disconnect",
        "root_path",
        "shutdown_grace",
        "strict",
        "trust",
    )

    def __init__(
        self,
        *,
        max_body_size: int = BodyLimits.max_body_size,
        max_form_size: int = BodyLimits.max_form_size,
        max_stream_size: int | None = None,
        hosts: Collection[str] | None = None,
        trust: int | Collection[str] | None = None,
        trust_headers: Collection[TrustHeader] | None = None,
        root_path: str | None = None,
        strict: bool = False,
        check: Literal["now", "deferred"] = "now",
        on_disconnect: Literal["signal", "cancel"] = "signal",
        shutdown_grace: float = 10.0,
        deadline_margin: float | None = None,
        body_timeout: float | None = 60.0,
    ) -> None:
        if check not in ("now", "deferred"):
            raise ValueError(f"check is {check!r}. It is 'now' or 'deferred'.")
        if root_path and (not root_path.startswith("/") or root_path.endswith("/")):
            raise ValueError(
                f"root_path is {root_path!r}. It starts with a slash and ends without one, "
                "such as '/api'."
            )
        for name, size in (
            ("max_body_size", max_body_size),
            ("max_form_size", max_form_size),
            ("max_stream_size", max_stream_size),
        ):
            if size is not None and (type(size) is not int or size < 0):
                raise ValueError(f"{name} is {size!r}. It is a number of bytes, such as 1_048_576.")
        if on_disconnect not in ("signal", "cancel"):
            raise ValueError(f"on_disconnect is {on_disconnect!r}. It is 'signal' or 'cancel'.")
        _check_seconds("shutdown_grace", shutdown_grace)
        if deadline_margin is not None:
            _check_seconds("deadline_margin", deadline_margin)
        if body_timeout is not None:
            _check_seconds("body_timeout", body_timeout)
            if not body_timeout:
                raise ValueError("body_timeout is 0, in which nothing can arrive. None sets none.")
        if isinstance(hosts, str):
            raise TypeError(f"hosts is the text {hosts!r}. It is a list of host names.")
        self.limits: BodyLimits = BodyLimits(max_body_size, max_form_size, max_stream_size)
        if any("/" in host for host in hosts or ()):
            raise ValueError(f"hosts is {hosts!r}. A host is a name without scheme and path.")
        self.hosts: frozenset[str] | None = (
            None if hosts is None else frozenset(host.lower() for host in hosts)
        )
        self.trust: Trust | None = None
        if trust is not None or trust_headers is not None:
            from portico._trust import TRUST_HEADERS, trust_of

            self.trust = trust_of(trust, TRUST_HEADERS if trust_headers is None else trust_headers)
        self.root_path: str | None = root_path
        self.strict: bool = strict
        self.check = check
        self.on_disconnect = on_disconnect
        self.shutdown_grace: float = shutdown_grace
        self.deadline_margin: float | None = deadline_margin
        self.body_timeout: float | None = body_timeout


def _check_seconds(name: str, seconds: object) -> None:
    if type(seconds) not in (int, float) or not 0 <= cast("float", seconds) < inf:
        raise ValueError(f"{name} is {seconds!r}. It is a number of seconds, such as 2.5.")


DEFAULT_OPTIONS: Final = Options()
