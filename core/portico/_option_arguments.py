"""`OptionArguments`: the arguments of `Options`, for checkers; nothing needs it to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Collection

    from portico._trust import TrustHeader


class OptionArguments(TypedDict, total=False):
    """The arguments of `Options`, for an adapter's own `**options: Unpack[OptionArguments]`."""

    max_body_size: int
    max_form_size: int
    max_stream_size: int | None
    hosts: Collection[str] | None
    trust: int | Collection[str] | None
    trust_headers: Collection[TrustHeader] | None
    root_path: str | None
    strict: bool
    check: Literal["now", "deferred"]
    on_disconnect: Literal["signal", "cancel"]
    shutdown_grace: float
    deadline_margin: float | None
    body_timeout: float | None
