"""From a route's compiled chain to what `Portico.explain` says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from portico._binding import read_context
from portico._body_need import body_need
from portico._hook import APPLICATION_KINDS, flattened, is_part
from portico._link import Link
from portico._signature import plain_function
from portico._type_forms import type_name
from portico.explanation import (
    InputExplanation,
    LinkExplanation,
    RouteExplanation,
    UnitExplanation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portico._argument import Argument
    from portico._chain import Chain, Surroundings
    from portico._engine import Pipeline
    from portico._hook import Hook
    from portico._key import Key
    from portico._route import Route

_WHOLE: Final = "the whole context"
# Members of the context that say nothing of the request.
_NOT_OF_REQUEST: Final = frozenset({"get", "route", "set", "wait_until"})
_SHOWN: Final = 40  # characters of a value that stands in the place of a handler
_READING: Final = frozenset({"parse", "transform", "derive", "before_handle", "resolve", "handle"})

_BODY: Final = {
    "": "nothing beforehand; what reads it waits for it",
    "stream": "nothing beforehand: it is read as it arrives",
    "waits": "nothing beforehand: it is read as it arrives; all of it where code cannot wait",
    "auto": "all of it, decoded by its content type",
    "bytes": "all of it",
    "form": "a form",
    "ask": "where synchronous code asks for it; all of it beforehand where that cannot wait",
}


def explained(
    route: Route, surroundings: Surroundings, receiving: Sequence[Link]
) -> RouteExplanation:
    """What there is to say of a route, which is compiled for it.

    Args:
        route: the route.
        surroundings: what its chain needs to know of the application that serves.
        receiving: the request hooks, which run before routing.

    Raises:
        DefinitionError: as `Portico.check` does.
    """
    on_loop = route.compile("loop", surroundings)
    on_threads = route.compile("thread", surroundings)
    chain = route.chain(surroundings)
    handler, declared, info, names = chain.handler, chain.declared, route.info(), _Names(route)
    body = "" if handler is None else body_need(chain, handler)[0]
    return RouteExplanation(
        method=info.method,
        path=info.path,
        handler=names.handler,
        where=info.where,
        tags=info.tags,
        needs=tuple(capability.value for capability in route.needs),
        links=tuple(names.link(link) for link in _in_order(chain, receiving)),
        inputs=tuple(names.inputs(chain)),
        body=_BODY[body],
        answers={}
        if declared is None
        else {code: type_name(declared.types[code]) for code in sorted(declared.types)},
        is_open=handler is None or handler.returns.is_open,
        on_loop=tuple(names.units(on_loop)),
        on_threads=tuple(names.units(on_threads)),
        starts_loop=on_threads._needs_loop,
    )


def _in_order(chain: Chain, receiving: Sequence[Link]) -> Iterator[Link | str]:
    """Every link, and the names of built-in parsers, in the order in which they run."""
    yield from receiving
    yield from chain.before_parse
    yield from chain.parse
    for link in chain.links():
        if link.kind not in ("before_parse", "parse"):
            yield from link.parts()


class _Names:
    """How the links of one route are called, and what there is to say of each."""

    __slots__ = ("_route", "handler")

    def __init__(self, route: Route) -> None:
        self._route = route
        target = route.target
        self.handler = _function_name(target) if callable(target) else _short(target)

    def of(self, link: Link) -> str:
        """The name of a link."""
        return self.handler if link.kind == "handle" else link.name

    def link(self, link: Link | str) -> LinkExplanation:
        """A link, or the name of a built-in parser."""
        if isinstance(link, str):
            return _built_in_parser(link, self._hook_of_parser(link))
        hook = link.hook
        is_value = link.kind == "handle" and not callable(self._route.target)
        blocks, reason = _blocking(link, is_value=is_value)
        return LinkExplanation(
            event=link.kind,
            name=self.of(link),
            function="" if is_value else _written(link.fn),
            where=self._route.where if hook is None else hook.where,
            owner="" if hook is None else hook.owner,
            scope="" if hook is None else _scope(hook),
            matches="" if hook is None else _matching(hook.matches),
            is_async=link.signature.is_async,
            may_block=blocks,
            reason=reason,
            reads=() if is_value else tuple(dict.fromkeys(_read(link))),
            keys=tuple(sorted({key.name for key in _keys(link)})),
        )

    def _hook_of_parser(self, name: str) -> Hook:
        return next(
            hook
            for hook in flattened(self._route.layers)
            if hook.kind == "parse" and hook.target == name
        )

    def units(self, pipeline: Pipeline) -> Iterator[UnitExplanation]:
        """What runs together on the way to an answer, without the steps that have no function."""
        for unit in (*pipeline._front, *pipeline._takers, *pipeline._mappers):
            names = tuple(self.of(link) for link in unit.links if link is not None)
            if names:
                yield UnitExplanation(names, unit.offloads)

    def inputs(self, chain: Chain) -> Iterator[InputExplanation]:
        """What of the request is held to a type."""
        for hook in filter(is_part, chain.schemas):
            part = "path" if hook.matches == "params" else hook.matches
            tp = type_name(hook.target)
            yield InputExplanation("validation", part, "", tp, "schema", hook.where)
        for link in chain.links():
            if link.is_bound:
                event = "derive" if link.kind == "derive" else "validation"
                annotations = link.signature.annotations()
                for argument in link.plan.arguments:
                    part, name = _source(argument, link)
                    if part and argument.name in annotations:
                        tp = type_name(annotations[argument.name])
                        by, where = self.of(link), _written(link.fn)
                        yield InputExplanation(event, part, name, tp, by, where)


def _built_in_parser(name: str, hook: Hook) -> LinkExplanation:
    return LinkExplanation(
        event="parse",
        name=name,
        function="",
        where=hook.where,
        owner=hook.owner,
        scope=hook.declared,
        matches="",
        is_async=False,
        may_block=False,
        reason="built in",
        reads=() if name == "none" else ("the body",),
        keys=(),
    )


def _blocking(link: Link, *, is_value: bool) -> tuple[bool, str]:
    """Whether a link may block, and why."""
    if link.kind == "trace":
        return False, "it runs between the other functions, so it must not"
    if link.signature.is_async:
        return False, "asynchronous"
    if link.kind == "handle" and is_value and link.plan.body == "stream":
        return False, "an application that is mounted, which sees to that itself"
    if is_value:
        why = (
            "a file, which is opened and read"
            if link.blocks
            else "a value, whose answer is made once"
        )
        return link.blocks, why
    if link.blocking is not None:
        why = f"declared `blocking={link.blocking}`, for itself or for what it was registered on"
        return link.blocks, why
    if link.inferred.supposes:
        where = " and ".join(map(str, link.inferred.supposes))
        return False, f"it is straight-line code where {where}; elsewhere a thread runs it"
    if link.blocks:
        return True, f"it {link.inferred.reason}"
    return False, "it is straight-line code over values of known types"


def _source(argument: Argument, link: Link) -> tuple[str, str]:
    """The part of the request that a parameter takes, and the name in it; empty for others."""
    if argument.is_key or argument.read is read_context:
        return "", ""
    if argument.part:
        return ("path" if argument.part == "params" else argument.part), ""
    return ("path" if argument.name in link._names else "query"), argument.name


def _read(link: Link) -> Iterator[str]:
    """What a link reads of the request, in words."""
    if not link.is_bound or link.plan.takes_context:
        use = link.context_use
        yield from [_WHOLE] if use is None else sorted(use.reads - _NOT_OF_REQUEST)
    if link.is_bound:
        for argument in link.plan.arguments:
            part, name = _source(argument, link)
            if part:
                yield f"{part} {name}".rstrip()
    elif link.kind in _READING and link.body_need() in ("auto", "bytes", "form"):
        yield "body"


def _keys(link: Link) -> Iterator[Key[Any]]:
    yield from link.bound_keys()
    yield from link.named_keys() - {link.key}


def _scope(hook: Hook) -> str:
    return "global" if hook.kind in APPLICATION_KINDS else hook.declared


def _matching(matches: object) -> str:
    if matches is None:
        return ""
    return matches.__name__ if isinstance(matches, type) else str(matches)


def _written(fn: object) -> str:
    """File and line of a function's own code."""
    function = plain_function(fn)
    code = None if function is None else function.__code__
    return "" if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def _function_name(fn: object) -> str:
    return str(getattr(fn, "__name__", None) or type(fn).__name__)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
