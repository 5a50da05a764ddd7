"""Steps: what the links of a chain do, each a function of the context.

A step returns None to let the request go on, a value that answers it, or an awaitable of either.
Consecutive steps that run in the same place make one `Unit`, which an event loop gives to a worker
thread as a whole where they may block.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from portico._answer import is_reply
from portico._errors import DefinitionError, HTTPError, InvalidInputError
from portico._key import Key
from portico._link import STRENGTH, Link, strongest_need
from portico._offload import offload
from portico._parsing import PARSER_NEEDS, built_in_step, parser_step
from portico._part_check import is_part, part_check
from portico._request_life import enter, enter_async
from portico._response import Response
from portico._resumption import enter_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from portico._binding import Plan
    from portico._chain import Chain
    from portico._context import Context
    from portico._faults import Fault
    from portico._span import Span, Tracing


class Step(NamedTuple):
    """One step.

    Attributes:
        call: what it does.
        blocks: whether it may block the thread that it runs on.
        link: the link that it runs, or None.
    """

    call: Callable[..., Any]
    blocks: bool = False
    link: Link | None = None


class Unit:
    """Steps that run one after the other in one place, until one of them has a value.

    Attributes:
        offloads: whether they run off the event loop.
        links: the link of each step.
        size: how many they are.
    """

    __slots__ = ("_calls", "links", "offloads", "size")

    def __init__(self, steps: Sequence[Step], *, offloads: bool) -> None:
        self._calls = [step.call for step in steps]
        self.links = [step.link for step in steps]
        self.size = len(steps)
        self.offloads = offloads

    def run(self, at: int, ctx: Context, arguments: tuple[Any, ...]) -> tuple[Any, int]:
        """The first value from a step on, and the step after the one that it is of."""
        for index in range(at, self.size):
            value = self._calls[index](ctx, *arguments)
            if value is not None:
                return value, index + 1
        return None, self.size


def units_of(steps: Sequence[Step], *, offloads: bool) -> list[Unit]:
    """The units of steps; without `offloads` one, since all of them run in place.

    A step without a link is the engine's own and never blocks. It joins the unit before it, so that
    reading and validating between two functions that block cost no way back and forth.
    """
    if not steps:
        return []
    if not offloads:
        return [Unit(steps, offloads=False)]
    units: list[Unit] = []
    run: list[Step] = []
    blocks = False
    for step in steps:
        if run and step.link is not None and step.blocks != blocks:
            units.append(Unit(run, offloads=blocks))
            run = []
        if step.link is not None or not run:
            blocks = step.blocks
        run.append(step)
    units.append(Unit(run, offloads=blocks))
    return units


async def first(units: Sequence[Unit], ctx: Context, *arguments: Any) -> tuple[Any, Link | None]:
    """The first value that a step has, and the link that it is of; None if none has."""
    for unit in units:
        at = 0
        while at < unit.size:
            if unit.offloads:
                await enter_loop(ctx)
                run = partial(unit.run, at, ctx, arguments)
                value, at = await offload(ctx.platform, run)
            else:
                value, at = unit.run(at, ctx, arguments)
            if hasattr(value, "__await__"):
                await enter_loop(ctx)
                value = await value
            if value is not None:
                return value, unit.links[at - 1]
    return None, None


# The steps of each kind of link


def steps_before_answer(chain: Chain, handler: Link, *, offloads: bool) -> list[Step]:
    """Every step from the first link to the handler.

    Args:
        chain: whose links they are.
        handler: the last of them.
        offloads: whether an event loop runs them, so that the body is read on it beforehand.
    """
    steps = _phase(chain, "before_parse", _plain(chain, chain.before_parse))
    steps += _body_steps(chain, handler, offloads=offloads)
    early: list[Step] = []
    for link in chain.early:
        call = _transform(link) if link.key is None else _derive(link, offloads=offloads)
        early.append(_traced(chain, Step(call, link.blocks, link)))
    steps += _phase(chain, "transform", early)
    return steps + _late_steps(chain, handler, offloads=offloads)


def _plain(chain: Chain, links: Sequence[Link]) -> list[Step]:
    return [_traced(chain, Step(link.fn, link.blocks, link)) for link in links]


def _body_steps(chain: Chain, handler: Link, *, offloads: bool) -> list[Step]:
    steps: list[Step] = []
    need, can_wait = body_need(chain, handler)
    if offloads and need:
        steps.append(Step(partial(prefetched, need=need, can_wait=can_wait)))
    for link in chain.parse:
        if isinstance(link, str):
            steps.append(Step(built_in_step(link)))
        else:
            matches = None if link.hook is None else link.hook.matches
            # A span is of the hook alone, which is not called for every request.
            traced = _traced(chain, Step(link.fn, link.blocks, link))
            steps.append(traced._replace(call=parser_step(traced.call, matches)))
    return [Step(_begin_parse), *steps] if chain.trace and steps else steps


def _begin_parse(ctx: Context) -> None:
    if ctx._tracing is not None and ctx.request.has_body:
        ctx._tracing.enter("parse")


def body_need(chain: Chain, handler: Link) -> tuple[str, bool]:
    """What of the body must be read before the links that read it, and whether they can wait."""
    links = [link for link in chain.parse if isinstance(link, Link)]
    links += [*chain.early, *chain.late, handler]
    if "none" in chain.parse:
        # Nothing parses it; synchronous code may still ask for it as it is.
        in_threads = [link for link in links if not link.signature.is_async]
        need = "ask" if strongest_need(in_threads) else ""
    else:
        forced = [PARSER_NEEDS[name] for name in chain.parse if isinstance(name, str)]
        guarded = ["auto" for hook in chain.schemas if hook.matches == "body"]
        need = min([*forced, *guarded, strongest_need(links)], key=STRENGTH.index)
    asking = [link for link in links if not link.is_bound or link.plan.takes_context]
    return need, all(link.blocks for link in asking if not link.signature.is_async)


def prefetched(ctx: Context, need: str, *, can_wait: bool) -> Awaitable[None] | None:
    """Read the body on the loop, so that synchronous code finds it there; None: nothing to read.

    Args:
        ctx: the request's.
        need: what of it; see `Link.body_need`.
        can_wait: whether the synchronous code runs where it may wait, if there are threads at all.
    """
    request = ctx.request
    if need in ("", "stream") or not request.has_body:
        return None
    if need == "ask" and can_wait and ctx.platform.has_threads:
        return None
    return _prefetch(ctx, need)


async def _prefetch(ctx: Context, need: str) -> None:
    request = ctx.request
    content_type = request.headers.get("content-type") or ""
    is_form = content_type[:19].lower() == "multipart/form-data"
    if need not in ("ask", "bytes") and is_form:
        await request.form_data()
    else:
        await request.bytes()


def _transform(link: Link) -> Callable[[Context], Any]:
    """A transform changes the context in place; what it returns may only be an answer."""
    fn = link.fn

    def transform(ctx: Context) -> Any:
        value = fn(ctx)
        if value is None or is_reply(value):
            return value
        if hasattr(value, "__await__"):
            return later(value)
        return checked(value)

    async def later(pending: Awaitable[Any]) -> Any:
        return checked(await pending)

    def checked(value: Any) -> Any:
        if value is None or is_reply(value) or isinstance(value, Response):
            return value
        raise DefinitionError(
            f"{link.signature.where} is a transform and returned {value!r}. It changes `ctx` and "
            "returns None, or answers with `status(...)`; a value for others is `@app.derive`'s."
        )

    return transform


def _derive(link: Link, *, offloads: bool) -> Callable[[Context], Any]:
    return keeping(link, link.plan.caller(link.fn), offloads=offloads)


def keeping(
    link: Link, make: Callable[[Context], Any], *, offloads: bool
) -> Callable[[Context], Any]:
    """The step that makes the value of a key, unless it was made already."""
    key = link.key
    offloads = offloads and link.blocks
    if key is None:
        return make
    keep = key  # for the checker: a closure forgets what was tested

    def step(ctx: Context) -> Any:
        values = ctx._values
        if values is None:
            values = ctx._values = {}
        if keep in values:
            return None
        made = make(ctx)
        if link.signature.is_generator:
            if link.signature.is_async:
                return _entered(ctx, keep, made)
            made = enter(ctx, keep, made, offloads=offloads)
        elif hasattr(made, "__await__"):
            return _awaited(ctx, keep, made)
        values[keep] = _value_of(keep, made)
        return None

    return step


async def _awaited(ctx: Context, key: Key[Any], pending: Awaitable[Any]) -> None:
    value = _value_of(key, await pending)
    if ctx._values is not None:
        ctx._values[key] = value


async def _entered(ctx: Context, key: Key[Any], generator: Any) -> None:
    value = _value_of(key, await enter_async(ctx, key, generator))
    if ctx._values is not None:
        ctx._values[key] = value


def _value_of(key: Key[Any], made: Any) -> Any:
    """What a key's function made, which must not be meant as the answer.

    A refusal that was taken for a value would let the request go on.
    """
    if is_reply(made) or isinstance(made, Response):
        raise DefinitionError(
            f"{key!r} returned {made!r}, which would be its value and not the answer. To answer, "
            "raise `HTTPError(status, ...)`; a `before_handle` may return any answer."
        )
    return made


def _late_steps(chain: Chain, handler: Link, *, offloads: bool) -> list[Step]:
    """Validation and what follows it; in one step where nothing stands between."""
    late, checks = chain.late, [part_check(hook) for hook in chain.schemas if is_part(hook)]
    own_span = bool(chain.trace) and handler.plan.validates
    if not late and not checks and not own_span:
        step = Step(handler.plan.caller(handler.fn), handler.blocks, handler)
        return _phase(chain, "handle", [_traced(chain, step)])
    bound = [link for link in (*late, handler) if link.is_bound and link.plan.validates]
    steps: list[Step] = []
    if bound or checks:
        check = Step(validation([link.plan for link in bound], checks))
        steps += _phase(chain, "validate", [check])
    before: list[Step] = []
    for link in late:
        call: Callable[[Context], Any] = link.fn
        if link.key is not None:
            call = keeping(link, _calling(link, bound), offloads=offloads)
        before.append(_traced(chain, Step(call, link.blocks, link)))
    steps += _phase(chain, "before_handle", before)
    last = _traced(chain, Step(_calling(handler, bound), handler.blocks, handler))
    return steps + _phase(chain, "handle", [last])


def _calling(link: Link, bound: Sequence[Link]) -> Callable[[Context], Any]:
    """A function that calls a link with what validation has read for it."""
    if link not in bound:
        return link.plan.caller(link.fn)
    index, plan, fn = bound.index(link), link.plan, link.fn

    def call(ctx: Context) -> Any:
        validated = ctx._validated
        return plan.call_collected(fn, [] if validated is None else validated[index], ctx)

    return call


def validation(
    plans: Sequence[Plan], checks: Sequence[Callable[[Context, list[Fault]], None]]
) -> Callable[[Context], None]:
    """The step that reads all that was declared, and reports every fault of every part."""

    from portico._faults import MAX_FAULTS

    def validate(ctx: Context) -> None:
        faults: list[Fault] = []
        for check in checks:
            check(ctx, faults)
        ctx._validated = [plan.collect(ctx, faults) for plan in plans]
        if faults:
            # A guard and a handler may hold the same part to the same.
            distinct = {fault[:3]: fault for fault in faults}
            raise InvalidInputError(list(distinct.values())[:MAX_FAULTS])

    return validate


# Tracing


def _phase(chain: Chain, name: str, steps: list[Step]) -> list[Step]:
    """The steps of an event, behind one that begins its span where anybody wants to know.

    It begins where the first of them runs, so that it keeps none apart that run together.
    """

    def begin(ctx: Context, *arguments: Any) -> None:
        if ctx._tracing is not None:
            ctx._tracing.enter(name)

    return [Step(begin, steps[0].blocks), *steps] if steps and chain.trace else steps


def _traced(chain: Chain, step: Step) -> Step:
    """The same step, with a span of its own where anybody wants to know."""
    if not chain.trace or step.link is None:
        return step
    call, name = step.call, step.link.name

    def run(ctx: Context, *arguments: Any) -> Any:
        tracing = ctx._tracing
        if tracing is None:
            return call(ctx, *arguments)
        span = tracing.begin(name)
        try:
            value = call(ctx, *arguments)
        except BaseException as error:
            tracing.finish(span, error)
            raise
        if hasattr(value, "__await__"):
            return finish(value, span, tracing)
        tracing.finish(span, None)
        return value

    async def finish(pending: Awaitable[Any], span: Span, tracing: Tracing) -> Any:
        try:
            value = await pending
        except BaseException as error:
            tracing.finish(span, error)
            raise
        tracing.finish(span, None)
        return value

    return step._replace(call=run)


def steps_with_value(chain: Chain, phase: str, links: Sequence[Link]) -> list[Step]:
    """The steps of links that are called with the context and a value."""
    return _phase(chain, phase, _plain(chain, links))


def error_steps(chain: Chain, *, raised: bool) -> list[Step]:
    """The steps of the error hooks, each for the errors that it matches.

    Args:
        chain: whose links they are.
        raised: whether for what was raised; else for replies of status 400 or more, which those
            for a class do not see.
    """
    steps: list[Step] = []
    for link in chain.error:
        matches = None if link.hook is None else link.hook.matches
        if raised or not isinstance(matches, type):
            call = _matching(link.fn, matches)
            steps.append(_traced(chain, Step(call, link.blocks, link)))
    return _phase(chain, "error", steps)


def _matching(
    fn: Callable[[Context, Any], Any], matches: type[Exception] | int | None
) -> Callable[[Context, Exception], Any]:
    if matches is None:
        return fn
    if isinstance(matches, type):
        return lambda ctx, error: fn(ctx, error) if isinstance(error, matches) else None
    return lambda ctx, error: fn(ctx, error) if status_of(error) == matches else None


def status_of(error: Exception) -> int:
    """The status that an error answers with."""
    return error.status if isinstance(error, HTTPError) else 500
