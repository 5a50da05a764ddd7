"""The engine: a chain of links is compiled once, for where it runs, when its route is first hit.

There is one pipeline per route and colour. The colour says where it runs:

- on a *thread* that may block (WSGI, Lambda), a chain of synchronous links runs where it is called,
  with no event loop anywhere;
- on a *loop* (ASGI, Workers), each run of consecutive synchronous links that may block is given to
  a worker thread as one unit, after the body was read on the loop; links that are declared not to
  block run in place;
- a chain with an asynchronous link is a coroutine on either.

What is not known counts as the most: a synchronous function may block unless it is declared
`blocking=False` or is straight-line code (`_inference`), and one that hands its `Context` on may
read the body.

Everything is written once, as coroutines, which run to their end where they are called as long as
nothing in them has to wait (`_resumption`). Whatever goes wrong becomes an answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from portico._resumption import begin, begin_on_loop
from portico._steps import error_steps, steps_before_answer, steps_with_value
from portico._straight import Straight, failing, is_straight
from portico._units import first, units_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from portico._chain import Chain
    from portico._context import Context
    from portico._link import Link
    from portico._response import Response
    from portico._units import Step
    from portico._whole_way import WholeWay

Colour: TypeAlias = "Literal['thread', 'loop']"
Run: TypeAlias = "Callable[[Context], Response | Awaitable[Response]]"


class Pipeline:
    """A chain, compiled for a colour.

    Attributes:
        run: answers a request that matched; it never raises but for cancellation.
        bare: the same without a context, where the handler needs none; else None.
        has_say_in_errors: whether a function may see an error, or the answer to it.
    """

    __slots__ = (
        "_after_response",
        "_chain",
        "_declared",
        "_front",
        "_mappers",
        "_may_block",
        "_may_enter",
        "_needs_loop",
        "_raised",
        "_returned",
        "_shields",
        "_takers",
        "_traces",
        "_way",
        "_whole",
        "bare",
        "has_say_in_errors",
        "run",
    )

    def __init__(self, chain: Chain, colour: Colour, *, on_disconnect: str | None = None) -> None:
        links = _answering(chain)
        is_async = any(link.signature.is_async for link in links)
        if is_async and colour == "thread":
            from portico._driven import driven_chain

            driven = driven_chain(chain)
            if driven is not None:
                chain, links, is_async = driven, _answering(driven), False
        offloads = is_async or colour == "loop"
        if offloads and any(link.is_inferred for link in links):
            from portico._supposed import supposing_chain

            chain = supposing_chain(chain)
            links = _answering(chain)
        self._chain = chain
        self._may_block = not offloads
        # Whether there may be generators to leave, and whether that needs a shield.
        self._may_enter = chain.may_enter_generators()
        handler = chain.handler
        front = [] if handler is None else steps_before_answer(chain, handler, offloads=offloads)
        self._front = units_of(front, offloads=offloads)
        # Without a route there is nothing that comes after a handler.
        takers = [] if handler is None else chain.after_handle
        taking = steps_with_value(chain, "after_handle", takers)
        self._takers = units_of(taking, offloads=offloads)
        mappers = steps_with_value(chain, "map_response", chain.map_response)
        self._mappers = units_of(mappers, offloads=offloads)
        self._raised = units_of(error_steps(chain, raised=True), offloads=offloads)
        self._returned = units_of(error_steps(chain, raised=False), offloads=offloads)
        self._after_response = [link.fn for link in chain.after_response]
        self._traces = tuple(link.fn for link in chain.trace)
        blocks = colour == "loop" and any(link.blocks for link in links)
        self._needs_loop = is_async or blocks
        self._shields = self._may_enter and self._needs_loop
        self.has_say_in_errors = bool(chain.error or self._traces or self._after_response)
        declared = chain.declared
        self._declared = None if declared is None or declared.is_trivial else declared
        self._way: WholeWay | None = None
        self._whole: Run = self._run
        straight = self._straight(chain, front, on_loop=colour == "loop")
        self.run = self._run if straight is None else straight.run
        self.bare = None if straight is None else straight.bare_runner(on_loop=colour == "loop")
        if is_async and colour == "thread" and not (chain.before_parse or chain.trace):
            self.run = self._reading_first(chain, self.run)
        if on_disconnect is not None:
            wanted = on_disconnect == "cancel"
            self.bare = None
            self.run = partial(_told_of_disconnect, self.run, wanted)
            self._whole = partial(_told_of_disconnect, self._run, wanted)

    def _run(self, ctx: Context) -> Response | Awaitable[Response]:
        return self.start(ctx, self._answered(ctx))

    def run_with_resources(self, ctx: Context) -> Response | Awaitable[Response]:
        """The same as `run`, where resources live as long as a request."""
        wanted = ctx._running.wanted_by(self._chain, self._chain.links())
        return self._whole(ctx) if wanted else self.run(ctx)

    def _straight(self, chain: Chain, front: list[Step], *, on_loop: bool) -> Straight | None:
        """The shorter way of a chain that is straight."""
        if not front or not is_straight(chain) or self._shields:
            return None
        if any(unit.offloads for unit in self._front):
            return None
        return Straight(self, chain, front, on_loop=on_loop)

    def _reading_first(self, chain: Chain, run: Run) -> Run:
        """What reads the body in the calling thread, before an event loop runs the chain."""
        if chain.handler is None:
            return run
        from portico._body_need import body_need, read_here

        need, _ = body_need(chain, chain.handler)

        def run_with_body(ctx: Context) -> Response | Awaitable[Response]:
            try:
                read_here(ctx, need)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong becomes an answer
                return self.start(ctx, failing(error))
            return run(ctx)

        return run_with_body if need not in ("", "stream", "ask") else run

    def start(
        self, ctx: Context, work: Coroutine[Any, Any, Response]
    ) -> Response | Awaitable[Response]:
        """The guarded response of some work, now where that needs no event loop."""
        guarded = self.guarded(ctx, work)
        if ctx.platform.on_loop:
            ctx._on_loop = True
            return begin_on_loop(guarded)
        if self._needs_loop or ctx._on_loop:
            # Nothing is begun here: what then awaits on the loop is no `enter_loop`.
            ctx._on_loop = True
            return guarded
        return begin(guarded)

    def failed(self, error: BaseException, ctx: Context) -> Response | Awaitable[Response]:
        """The response to what went wrong, at once where no function has a say in it."""
        return (self._way or self._made_way()).failed(error, ctx)

    # The whole way through

    async def _answered(self, ctx: Context) -> Response:
        value, link = await first(self._front, ctx)
        return await self.finish(value, link, ctx)

    def _made_way(self) -> WholeWay:
        """The whole way, which a start does without as long as its answers are plain."""
        from portico._whole_way import WholeWay

        way = self._way = WholeWay(self)
        return way

    def guarded(
        self, ctx: Context, work: Coroutine[Any, Any, Response]
    ) -> Coroutine[Any, Any, Response]:
        """The response of some work, whatever happens to it, fit to be given to the adapter."""
        return (self._way or self._made_way()).guarded(ctx, work)

    def finish(self, value: Any, link: Link | None, ctx: Context) -> Coroutine[Any, Any, Response]:
        """The response of what a handler or an early link has given."""
        return (self._way or self._made_way()).finish(value, link, ctx)

    def finish_later(self, pending: Awaitable[Any], ctx: Context) -> Coroutine[Any, Any, Response]:
        """The response of what a plain function has given to be awaited."""
        return (self._way or self._made_way()).finish_later(pending, ctx)

    def send(self, response: Response, ctx: Context) -> Coroutine[Any, Any, Response]:
        """The same response, fit for the wire; where it cannot be, its stream is closed."""
        return (self._way or self._made_way()).send(response, ctx)


def _answering(chain: Chain) -> list[Link]:
    """The links that have a say in the answer."""
    return [link for link in chain.links() if link.kind not in ("after_response", "trace")]


def _told_of_disconnect(run: Run, wanted: bool, ctx: Context) -> Response | Awaitable[Response]:
    """Answer a request whose route says what happens when its peer leaves."""
    ctx.platform.cancel_on_disconnect(wanted)
    return run(ctx)
