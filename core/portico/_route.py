"""`Route`: a method, a pattern, and the chain that answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from portico._answer import BlockingAnswer, to_response
from portico._context import Context
from portico._engine import Chain, Colour, Run, compile_chain
from portico._errors import CapabilityError, DefinitionError
from portico._link import Link
from portico._response import Response
from portico._stream import ByteStream

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from portico._key import Key
    from portico._pattern import Pattern
    from portico._request import Request
    from portico._running import AppRunning
    from portico.contract import Capabilities, Capability, Platform


class RouteInfo(NamedTuple):
    """What is registered for a method and a path.

    Attributes:
        method: `"*"` stands for every method.
        path: the pattern, as it was written.
        handler: the function, or the value.
        where: file and line of the registration.
    """

    method: str
    path: str
    handler: Any
    where: str


class Route:
    """One registration.

    Attributes:
        method: `"*"` stands for every method.
        pattern: the path.
        target: the handler, or the value, that was registered.
        needs: the capabilities without which it makes no sense.
        where: file and line of the registration.
    """

    __slots__ = (
        "_blocking",
        "_chain",
        "_debug",
        "_runs",
        "method",
        "needs",
        "pattern",
        "target",
        "where",
    )

    def __init__(
        self,
        method: str,
        pattern: Pattern,
        target: Any,
        *,
        blocking: bool,
        needs: Collection[Capability],
        debug: bool,
        where: str,
    ) -> None:
        self.method = method
        self.pattern = pattern
        self.where = where
        self.target = target
        self.needs = tuple(needs)
        self._blocking = blocking
        self._debug = debug
        self._chain: Chain | None = None
        self._runs: dict[str, Run] = {}

    @property
    def chain(self) -> Chain:
        """The links, made when they are first wanted."""
        if self._chain is None:
            fn, blocking = self.target, self._blocking
            if not callable(fn):
                blocking = blocking and isinstance(fn, BlockingAnswer)
                fn = constant(fn, f"{self.method} {self.pattern.text} ({self.where})")
            link = Link("handle", fn, self.pattern.names, blocking=blocking)
            where = f"{self.method} {self.pattern.text}"
            self._chain = Chain([link], where, debug=self._debug)
        return self._chain

    def compile(self, colour: Colour) -> Run:
        """The function that answers on a colour; made once."""
        run = self._runs.get(colour)
        if run is None:
            run = self._runs[colour] = compile_chain(self.chain, colour)
        return run

    def run(
        self,
        request: Request,
        platform: Platform,
        running: AppRunning,
        params: Mapping[str, str],
        path: str,
        colour: Colour,
    ) -> Response | Awaitable[Response]:
        """Answer a request that matched."""
        run = self._runs.get(colour) or self.compile(colour)
        return run(Context(request, platform, running, self.pattern.text, params, path))

    def check(
        self, provided: Collection[Key[Any]], capabilities: Capabilities | None, runtime: str
    ) -> None:
        """Raise what is wrong with this route; see `Portico.check`."""
        for link in self.chain.links:
            for key in link.plan.keys:
                if key not in provided:
                    raise DefinitionError(
                        f"{link.signature.where} uses {key!r}, whose application is not part of "
                        "this one."
                    )
        for capability in self.needs:
            self._check_need(capability, capabilities, runtime)

    def _check_need(
        self, capability: Capability, capabilities: Capabilities | None, runtime: str
    ) -> None:
        from portico.contract import ABSENT, Capability

        if not isinstance(capability, Capability):  # pyright: ignore[reportUnnecessaryIsInstance] # what a user without a type checker wrote
            raise DefinitionError(
                f"{self.chain.where} ({self.where}) needs {capability!r}, which is no capability. "
                "Take the members of `portico.contract.Capability`."
            )
        if capabilities is not None and capabilities[capability] is ABSENT:
            raise CapabilityError(
                f"{self.chain.where} ({self.where}) needs {capability.value!r}, which the "
                f"runtime {runtime!r} does not have. Serve it elsewhere, or leave the route "
                "out of the application for this runtime."
            )


def constant(value: Any, where: str) -> Callable[[Context], Any]:
    """A handler that returns the value; its response is built once and copied.

    Raises:
        DefinitionError: the value is a stream, which the first request would use up.
    """
    content = value.content if isinstance(value, Response) else value
    if isinstance(content, Iterator | AsyncIterator | Awaitable | ByteStream):
        raise DefinitionError(
            f"{where} has the value {value!r}, a stream that can be read once. Register a function "
            "that makes it, so that each request gets its own."
        )
    prepared: list[Response] = []

    def answer(ctx: Context) -> Any:
        if prepared:
            return prepared[0]
        if isinstance(value, BlockingAnswer):
            return value  # it depends on the request
        response = to_response(value, ctx, 200)
        if isinstance(response.content, bytes):
            prepared.append(response)
        return response

    answer.__annotations__ = {"ctx": Context}
    return answer
