"""`Link`: one function of a route's chain, and what it needs before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._signature import Signature, code_names, plain_function, reads_body_of_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from portico._binding import Plan

# What a function's own code names when it reads the body through its context.
_WHOLE_READINGS = frozenset({"bytes", "text", "json", "blob"})
_FORM_READINGS = frozenset({"form_data", "body"})
_STREAM_READINGS = frozenset({"stream", "parts"})


class Link:
    """One function of a route's chain.

    Attributes:
        kind: its place in the lifecycle; so far there is `"handle"`.
        signature: its parameters and colour.
        blocks: whether it may block the thread that it runs on.
    """

    __slots__ = ("_names", "_plan", "blocks", "kind", "signature")

    def __init__(
        self, kind: str, fn: Callable[..., Any], path_names: list[str], *, blocking: bool | None
    ) -> None:
        self.kind = kind
        self.signature = Signature(fn)
        self.blocks = not self.signature.is_async and blocking is not False
        self._names = path_names
        self._plan: Plan | None = None

    @property
    def plan(self) -> Plan:
        """How its parameters are bound; worked out once.

        Raises:
            DefinitionError: a parameter has no source.
        """
        if self._plan is None:
            from portico._binding import plan

            self._plan = plan(self.signature, self._names)
        return self._plan

    def body_need(self) -> str:
        """What of the body must be read on the loop before the function runs.

        `""`: nothing; `"stream"`: nothing, it is read as it arrives; `"auto"`: by content type, a
        multipart form as a form; `"bytes"`: all of it; `"form"`: a form; `"ask"`: where synchronous
        code can wait for it, it is read when it is asked for, elsewhere as bytes.
        """
        bound = self.plan.body
        if bound or not self.plan.takes_context:
            return bound
        function = plain_function(self.signature.fn)
        names = frozenset[str]() if function is None else code_names(function.__code__)
        if self.signature.is_async:
            # It can await `request` itself; only `ctx.body` needs the body beforehand.
            code = None if function is None else function.__code__
            return (
                "auto"
                if code is not None and "body" in names and reads_body_of_context(code)
                else ""
            )
        read = names & (_WHOLE_READINGS | _FORM_READINGS | _STREAM_READINGS)
        if read and read <= _WHOLE_READINGS:
            return "bytes"
        # Names of several kinds say little, and a context may be handed on to anyone.
        return "auto" if read and read <= _FORM_READINGS else "ask"
