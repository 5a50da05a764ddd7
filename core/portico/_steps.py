"""Steps: what the links of a chain do, each a function of the context (`_units`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._answer import is_reply
from portico._errors import DefinitionError, InvalidInputError, status_of
from portico._hook import is_part
from portico._key import Key
from portico._reply import Reply
from portico._response import Response
from portico._units import Step, phase, traced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from portico._binding import Plan
    from portico._chain import Chain
    from portico._context import Context
    from portico._fault import Fault
    from portico._link import Link


def steps_before_answer(chain: Chain, handler: Link, *, offloads: bool) -> list[Step]:
    """Every step from the first link to the handler.

    Args:
        chain: whose links they are.
        handler: the last of them.
        offloads: whether an event loop runs them, so that the body is read on it beforehand.
    """
    steps = phase(chain, "before_parse", _plain(chain, chain.before_parse))
    steps += _body_steps(chain, handler, offloads=offloads)
    early: list[Step] = []
    for link in chain.early:
        call = _transform(link) if link.key is None else _derive(link, offloads=offloads)
        early.append(traced(chain, Step(call, link)))
    steps += phase(chain, "transform", early)
    return steps + _late_steps(chain, handler, offloads=offloads)


def _plain(chain: Chain, links: Sequence[Link]) -> list[Step]:
    return [traced(chain, Step(link.fn, link)) for link in links]


def _body_steps(chain: Chain, handler: Link, *, offloads: bool) -> list[Step]:
    steps: list[Step] = []
    if offloads:
        from portico._body_need import body_need, prefetching

        need, can_wait = body_need(chain, handler)
        if need:
            steps.append(Step(prefetching(need, can_wait=can_wait)))
    steps += [_parse_step(chain, link) for link in chain.parse]
    return [Step(_begin_parse), *steps] if chain.trace and steps else steps


def _parse_step(chain: Chain, link: Link | str) -> Step:
    from portico._parsing import built_in_step, parser_step

    if isinstance(link, str):
        return Step(built_in_step(link))
    matches = None if link.hook is None else link.hook.matches
    # A span is of the hook alone, which is not called for every request.
    hook = traced(chain, Step(link.fn, link))
    return hook.calling(parser_step(hook.call, matches))


def _begin_parse(ctx: Context) -> None:
    if ctx._tracing is not None and ctx.request.has_body:
        ctx._tracing.enter("parse")


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


def _late_steps(chain: Chain, handler: Link, *, offloads: bool) -> list[Step]:
    """Validation and what follows it; in one step where nothing stands between."""
    late, checks = chain.late, _checks(chain)
    own_span = bool(chain.trace) and handler.plan.validates
    if not late and not checks and not own_span:
        step = Step(handler.plan.caller(handler.fn), handler)
        return phase(chain, "handle", [traced(chain, step)])
    bound = [link for link in (*late, handler) if link.is_bound and link.plan.validates]
    steps: list[Step] = []
    if bound or checks:
        check = Step(validation([link.plan for link in bound], checks))
        steps += phase(chain, "validate", [check])
    before: list[Step] = []
    for link in late:
        call: Callable[[Context], Any] = link.fn
        if link.key is not None:
            call = keeping(link, _calling(link, bound), offloads=offloads)
        before.append(traced(chain, Step(call, link)))
    steps += phase(chain, "before_handle", before)
    last = traced(chain, Step(_calling(handler, bound), handler))
    return steps + phase(chain, "handle", [last])


def _checks(chain: Chain) -> list[Callable[[Context, list[Fault]], None]]:
    """What holds the parts of the request to the schemas of guards and of the route."""
    schemas = [hook for hook in chain.schemas if is_part(hook)]
    if not schemas:
        return []
    from portico._part_check import part_check

    return [part_check(hook) for hook in schemas]


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


def steps_with_value(chain: Chain, event: str, links: Sequence[Link]) -> list[Step]:
    """The steps of links that are called with the context and a value."""
    return phase(chain, event, _plain(chain, links))


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
            steps.append(traced(chain, Step(call, link)))
    return phase(chain, "error", steps)


def _matching(
    fn: Callable[[Context, Any], Any], matches: type[Exception] | int | None
) -> Callable[[Context, Exception], Any]:
    if matches is None:
        return fn
    if isinstance(matches, type):
        return lambda ctx, error: fn(ctx, error) if isinstance(error, matches) else None
    return lambda ctx, error: fn(ctx, error) if status_of(error) == matches else None


# The values of request-lived keys


class Keeping:
    """The step that makes the value of a key, unless it was made already.

    Attributes:
        link: whose value it is.
        key: the key.
        make: calls the function.
    """

    __slots__ = ("_enter", "_offloads", "key", "link", "make")

    def __init__(
        self, link: Link, key: Key[Any], make: Callable[[Context], Any], *, offloads: bool
    ) -> None:
        self.link = link
        self.key = key
        self.make = make
        self._offloads = offloads
        self._enter = _entering(link) if link.signature.is_generator else None

    def __call__(self, ctx: Context) -> Any:
        values, key = ctx._values, self.key
        if values is None:
            values = ctx._values = {}
        if key in values:
            return None
        made = self.make(ctx)
        if self._enter is not None:
            if self.link.signature.is_async:
                return _awaited(ctx, key, self._enter(ctx, key, made))
            made = self._enter(ctx, key, made, offloads=self._offloads)
        elif hasattr(made, "__await__"):
            return _awaited(ctx, key, made)
        values[key] = value_of(key, made)
        return None


def keeping(
    link: Link, make: Callable[[Context], Any], *, offloads: bool
) -> Callable[[Context], Any]:
    """The step that makes the value of a link's key; of a link without one, what it calls."""
    if link.key is None:
        return make
    return Keeping(link, link.key, make, offloads=offloads and link.blocks)


async def _awaited(ctx: Context, key: Key[Any], pending: Awaitable[Any]) -> None:
    value = value_of(key, await pending)
    if ctx._values is not None:
        ctx._values[key] = value


def _entering(link: Link) -> Callable[..., Any]:
    """What enters the generators of a link."""
    from portico._exit import enter, enter_async

    return enter_async if link.signature.is_async else enter


def value_of(key: Key[Any], made: Any) -> Any:
    """What a key's function made, which must not be meant as the answer.

    A refusal that was taken for a value would let the request go on.
    """
    # Of the type alone: a lazy object may do I/O to say what its class is.
    if issubclass(type(made), Reply | Response):
        raise DefinitionError(
            f"{key!r} returned {made!r}, which would be its value and not the answer. To answer, "
            "raise `HTTPError(status, ...)`; a `before_handle` may return any answer."
        )
    return made
