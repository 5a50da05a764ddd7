"""From a handler's value to its response, by a short way where the value is as plain as most are.

How a value is sent depends on its class and on what its route declares. What was once found to be
plain (a text, or an instance of exactly the declared class that is written as JSON) is remembered,
and the next value of the class is encoded and sent with nothing in between.
"""

from __future__ import annotations

from functools import cache
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from portico._answer import is_json_class, is_open_ended, is_reply, to_response
from portico._framing import added_fields, must_drop, settle
from portico._json import json_encoder
from portico._media import JSON, TEXT, Media
from portico._reply import Reply
from portico._response import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from portico._chain import Chain
    from portico._context import Context
    from portico._engine import Pipeline
    from portico._streaming import Streaming

    # The class of a value; of a reply, its status and the class of its value.
    Kind: TypeAlias = type | tuple[int, type]

# `type`, whose result the checkers take for unknown where its argument is `Any`.
class_of: Callable[[object], type[object]] = type


_GENERATOR: Final[Any] = GeneratorType
_ASYNC_GENERATOR: Final[Any] = AsyncGeneratorType

# A route answers with a few classes; the bound is for those that are made anew for each answer.
_MOST_WAYS: Final = 64


class Answering:
    """The answers of one chain.

    Args:
        pipeline: that of the chain, which knows what to do with everything else.
        chain: the chain.
        may_block: whether the answer is made where it may block.

    Attributes:
        ways: how values are sent that were found to be plain.
    """

    __slots__ = (
        "_chain",
        "_declared",
        "_is_plain",
        "_may_block",
        "_pipeline",
        "_streams",
        "ways",
    )

    def __init__(self, pipeline: Pipeline, chain: Chain, *, may_block: bool) -> None:
        self._pipeline = pipeline
        self._chain = chain
        self._may_block = may_block
        # Whether the value of the handler is the answer, as it is.
        self._is_plain = not (chain.after_handle or chain.map_response or chain.after_response)
        declared = chain.declared
        self._declared = None if declared is None or declared.is_trivial else declared
        self.ways: dict[Kind, tuple[Media, Callable[[Any], bytes]]] = {}
        # How generators are sent, by their class.
        self._streams: dict[type, Streaming] = {}

    def _answer(self, value: Any, ctx: Context) -> Response | Awaitable[Response]:
        """The response of the handler's value, at once where it is as plain as most are."""
        sent, status = value, 200
        kind = class_of(value)
        way = self.ways.get(kind)
        if kind is Response:
            # That of a constant, mostly.
            ready: Response = value
            is_whole = ready.is_plain and type(ready._source) is bytes
            if is_whole and self._is_plain and _adds_nothing(ctx):
                ctx._is_left = True
                return ready.copy()
        elif kind is Reply:
            reply: Reply[int, Any] = value
            if reply.headers is None:
                sent, status = reply.value, reply.code
                kind = class_of(sent)
                way = self.ways.get((status, kind))
        if way is not None and ctx._exits is None and ctx.request.method != "HEAD":
            media, encode = way
            try:
                content = encode(sent)
            except Exception:  # noqa: BLE001 - the slow way says what is wrong with the value
                return self._answer_slowly(value, ctx)
            if ctx._set is None and ctx._cookies is None:
                ctx._is_left = True
                return Response.plain(media, content, status)
            fields = added_fields(ctx)
            if fields is not None:
                ctx._is_left = True
                return Response.plain(media, content, status, fields)
        return self._answer_slowly(value, ctx)

    def _answer_slowly(self, value: Any, ctx: Context) -> Response | Awaitable[Response]:
        pipeline, kind = self._pipeline, class_of(value)
        if kind is _ASYNC_GENERATOR or kind is _GENERATOR:
            streaming = self._streaming(value, kind, ctx)
            if streaming is not None:
                is_async = kind is _ASYNC_GENERATOR
                return (streaming.answer_on_loop if is_async else streaming.answer)(value, ctx)
        if not self._is_plain or ctx._exits or is_open_ended(value, may_block=self._may_block):
            return pipeline.start(ctx, pipeline.finish(value, None, ctx))
        if is_reply(value) and value.code >= 400:
            return pipeline.start(ctx, pipeline.finish(value, None, ctx))
        status = None if ctx._set is None else ctx._set.status
        declared = self._declared
        given = value
        if declared is not None:
            value = declared.settle(value, self._returns, status=status)
        response = to_response(value, ctx, self._chain.none_status)
        if type(response.content) is bytes and not must_drop(response, ctx.request.method):
            if given is value and status is None:
                self._learn(value)
            ctx._is_left = True
            return settle(response, ctx)
        return pipeline.start(ctx, pipeline.send(response, ctx))

    def _streaming(self, value: Any, kind: Any, ctx: Context) -> Streaming | None:
        """How a generator is sent where nothing that came before has a say in it."""
        if (
            not self._is_plain
            or not (_is_on_loop(ctx) if kind is _ASYNC_GENERATOR else self._may_block)
            or (ctx._set is not None and ctx._set.status is not None)
            or ctx._exits
            or ctx._running.per_request
        ):
            return None
        known = self._streams.get(kind)
        if known is None:
            declared = self._declared
            held = value if declared is None else declared.settle(value, self._returns)
            may_enter = self._chain.may_enter_generators()
            known = _streaming()(self._pipeline, held, may_enter=may_enter)
            self._streams[kind] = known
        return known

    def _learn(self, value: object) -> None:
        """Remember how values of this class are sent, where that depends on the class alone."""
        sent, status = value, 200
        if is_reply(value):
            sent, status = value.value, value.code
        kind = class_of(sent)
        key: Kind = kind if sent is value else (status, kind)
        if len(self.ways) >= _MOST_WAYS:
            return
        if self._declared is not None and not self._declared.is_plain(sent, status):
            return
        if kind is str:
            self.ways[key] = TEXT, str.encode
        elif is_json_class(kind):
            self.ways[key] = JSON, json_encoder()

    @property
    def _returns(self) -> Any:
        handler = self._chain.handler
        return None if handler is None else handler.returns


@cache
def _streaming() -> type[Streaming]:
    # Loaded with the first stream; the statement costs more than the call, each time.
    from portico._streaming import Streaming

    return Streaming


def _is_on_loop(ctx: Context) -> bool:
    """Whether an event loop runs this."""
    if ctx.platform.on_loop:
        ctx._on_loop = True
    return ctx._on_loop


def _adds_nothing(ctx: Context) -> bool:
    """Whether an answer leaves as it is."""
    return (
        ctx._set is None
        and ctx._cookies is None
        and ctx._exits is None
        and ctx.request.method != "HEAD"
    )
