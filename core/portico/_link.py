"""`Link`: one function of a route's chain, and what it needs before it runs."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from portico._errors import DefinitionError
from portico._key import Key, RequestKey
from portico._named_keys import NamedKeys
from portico._signature import EMPTY, Signature, code_names, plain_function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from portico._binding import Plan
    from portico._chain import Chain
    from portico._context_use import ContextUse
    from portico._hook import Hook, Kind
    from portico._inference import Inferred
    from portico._response import Response
    from portico._returns import Returns

    Guard: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

# What a function's own code names when it reads the body through its context.
_WHOLE_READINGS = frozenset({"bytes", "text", "json", "blob"})
_FORM_READINGS = frozenset({"form_data", "body"})
_STREAM_READINGS = frozenset({"stream", "parts"})

# What a function is called with; the parameters of any other kind are bound.
_ARGUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "request": ("ctx",),
    "before_parse": ("ctx",),
    "parse": ("ctx", "content_type"),
    "transform": ("ctx",),
    "before_handle": ("ctx",),
    "after_handle": ("ctx", "value"),
    "map_response": ("ctx", "value"),
    "after_response": ("ctx", "response"),
    "error": ("ctx", "error"),
    "trace": ("ctx", "span"),
}


class Link:
    """One function of a route's chain.

    Attributes:
        kind: its place in the lifecycle.
        fn: the function.
        hook: the hook that it comes from; None for a handler.
        key: the key whose value it makes, or None.
        signature: its parameters and colour.
        guard: puts around a call of it what looks at what it supposes; None where it supposes
            nothing.
        blocking: whether it is declared to block the thread that it runs on; None: its code says
            whether it may.
        chain: the chain that it stands in; None where that is not known.
        prepared: of a value in the place of a handler, the answer, once it was made.
        reads_body: whether what it does with its context may be to read the body.
    """

    __slots__ = (
        "_inferred",
        "_named",
        "_names",
        "_plan",
        "_returns",
        "_use",
        "blocking",
        "chain",
        "fn",
        "guard",
        "hook",
        "key",
        "kind",
        "prepared",
        "reads_body",
        "signature",
    )

    def __init__(
        self,
        kind: Kind,
        fn: Callable[..., Any],
        path_names: Sequence[str],
        *,
        blocking: bool | None,
        hook: Hook | None = None,
        key: RequestKey[Any, Any, Any] | None = None,
        reads_body: bool = True,
    ) -> None:
        self.kind: Kind = kind
        self.reads_body: bool = reads_body
        self.fn: Callable[..., Any] = fn
        self.hook: Hook | None = hook
        self.key: RequestKey[Any, Any, Any] | None = key
        self.signature: Signature = Signature(fn)
        self.blocking: bool | None = blocking
        self.chain: Chain | None = None
        self.prepared: list[Response] | None = None
        self.guard: Guard | None = None
        self._names = path_names
        self._named: NamedKeys | None = None
        self._plan: Plan | None = None
        self._returns: Returns | None = None
        self._inferred: Inferred | None = None
        self._use: tuple[ContextUse | None] | None = None

    @property
    def blocks(self) -> bool:
        """Whether it may block the thread that it runs on.

        An asynchronous function does not; a synchronous one may unless it is declared not to, or is
        straight-line code.
        """
        if self.signature.is_async:
            return False
        return not self.is_straight if self.blocking is None else self.blocking

    @property
    def is_inferred(self) -> bool:
        """Whether its code says whether it may block."""
        return self.blocking is None and not self.signature.is_async

    @property
    def yields(self) -> bool:
        """Whether a call of it only makes a generator: of its function itself, not of a wrapper."""
        is_own = isinstance(self.fn, FunctionType | MethodType)
        return self.signature.is_generator and is_own

    @property
    def is_anywhere(self) -> bool:
        """Whether it may run in a worker thread as well as on the loop, and cannot tell."""
        return self.is_inferred and self.is_straight

    @property
    def is_straight(self) -> bool:
        """Whether nothing in it can wait, set a context variable, or take an unbounded time."""
        return self.inferred.is_straight

    @property
    def inferred(self) -> Inferred:
        """What its code says, whatever is declared; worked out when it is first asked for."""
        if self._inferred is None:
            from portico._link_inference import inferred

            self._inferred = inferred(self)
        return self._inferred

    @property
    def returns(self) -> Returns:
        """What its annotation declares that it answers."""
        if self._returns is None:
            from portico._returns import of_error_hook, returns_of

            annotation = self.signature.annotations().get("return", EMPTY)
            self._returns = returns_of(annotation, self.signature.where)
            if self.kind == "error":
                matches = None if self.hook is None else self.hook.matches
                status = matches if isinstance(matches, int) else None
                self._returns = of_error_hook(self._returns, status)
        return self._returns

    @property
    def name(self) -> str:
        """The name of the function, for people."""
        return str(getattr(self.fn, "__name__", None) or type(self.fn).__name__)

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

    def parts(self) -> Iterable[Link]:
        """The links that it stands for: itself, but where one link has several functions."""
        return (self,)

    def take_plan(self, plan: Plan) -> None:
        """Bind its parameters by a plan that no signature says."""
        self._plan = plan

    def with_function(self, fn: Callable[..., Any]) -> Link:
        """The same link with a plain function in the place of its own, called in the same way."""
        link = self._copy()
        link.fn, link.signature = fn, self.signature.of_plain_function()
        return link

    def as_straight(self, guard: Guard) -> Link:
        """The same link as one of a plain function that is straight-line code behind a guard."""
        from portico._inference import STRAIGHT

        link = self._copy()
        link.guard, link._inferred = guard, STRAIGHT
        link.signature = self.signature.of_plain_function()
        return link

    def _copy(self) -> Link:
        link = Link.__new__(Link)
        for name in Link.__slots__:
            setattr(link, name, getattr(self, name))
        return link

    @property
    def is_bound(self) -> bool:
        """Whether its parameters are bound by what they are, as a handler's."""
        return self.kind not in _ARGUMENTS

    def check(self) -> None:
        """Raise what is wrong with its parameters.

        Raises:
            DefinitionError: a parameter has no source, or a hook cannot be called as it will be.
        """
        if self.is_bound:
            self.plan  # noqa: B018 - it raises
            return
        given = _ARGUMENTS[self.kind]
        parameters = self.signature.parameters
        required = [p for p in parameters if not p.has_default]
        takes = [p for p in parameters if not p.keyword]
        if len(takes) < len(given) or len(required) > len(given):
            raise DefinitionError(
                f"{self.signature.where} is a hook of {self.kind!r}, which is called with "
                f"({', '.join(given)}). It takes ({', '.join(p.name for p in parameters)})."
            )
        if self.kind == "trace" and (self.signature.is_async or self.signature.is_generator):
            raise DefinitionError(
                f"{self.signature.where} is a hook of 'trace', which runs between the others and "
                "so is a plain function. Give what is to happen at the end to `span.on_end`."
            )

    def bound_keys(self) -> tuple[Key[Any], ...]:
        """The keys that its parameters bind with `use`."""
        return self.plan.keys if self.is_bound else ()

    def needs_keys(self) -> bool:
        """Whether it binds keys, or reads them as `ctx[key]`."""
        return bool(self.bound_keys() or self.read_keys())

    def named_keys(self) -> frozenset[Key[Any]]:
        """The keys that the function's own code names, and does not ask for itself."""
        return self._keys_in_code().named - {self.key}

    def read_keys(self) -> frozenset[Key[Any]]:
        """The keys that the function's own code reads, as `ctx[key]`."""
        return self._keys_in_code().read

    def asked_keys(self) -> frozenset[Key[Any]]:
        """The keys that the function's own code asks for, as `ctx.get(key)`."""
        return self._keys_in_code().asked

    def _keys_in_code(self) -> NamedKeys:
        if self._named is None:
            self._named = NamedKeys(self.fn)
        return self._named

    def hands_context_on(self) -> bool:
        """Whether others than its own code may read keys of the context."""
        if self.is_bound and not self.plan.takes_context:
            return False
        return self.context_use is None

    @property
    def context_use(self) -> ContextUse | None:
        """What its own code does with its context; None where others may get it."""
        if self._use is None:
            known = {} if self.chain is None else self.chain.surroundings.uses
            if id(self.fn) not in known:
                from portico._context_use import context_use

                parameters = self.signature.parameters
                use = context_use(self.fn, parameters[0].name) if parameters else None
                known[id(self.fn)] = use
            self._use = (known[id(self.fn)],)
        return self._use[0]

    def replaced(self) -> frozenset[str] | None:
        """The members of the context that it may give another value; None: all of them."""
        if (self.is_bound and not self.plan.takes_context) or not self.reads_body:
            return frozenset()  # what reads none is Portico's own, and gives a value
        from portico._context_members import MEMBERS

        use = self.context_use
        return None if use is None or not use.reads <= MEMBERS else use.sets

    def may_ask_for_keys(self) -> bool:
        """Whether it may `await ctx.get(key)`, or somebody that it hands its context to."""
        function = plain_function(self.fn)
        asks = function is None or "get" in code_names(function.__code__)
        return (asks and (not self.is_bound or self.plan.takes_context)) or self.hands_context_on()

    def body_need(self) -> str:
        """What of the body must be read on the loop before the function runs.

        `""`: nothing; `"stream"`: nothing, it is read as it arrives; `"auto"`: by content type, a
        multipart form as a form; `"bytes"`: all of it; `"form"`: a form; `"ask"`: where synchronous
        code can wait for it, it is read when it is asked for, elsewhere as bytes.
        """
        if not self.reads_body:
            return ""
        if self.is_bound:
            bound = self.plan.body
            if bound or not self.plan.takes_context:
                return bound
        if not self.signature.is_async and not self._may_ask():
            return ""
        function = plain_function(self.fn)
        names = frozenset[str]() if function is None else code_names(function.__code__)
        if self.signature.is_async:
            # It can await `request` itself; only `ctx.body` needs the body beforehand.
            if function is None or "body" not in names:
                return ""
            from portico._context_use import reads_body

            return "auto" if reads_body(function.__code__) else ""
        read = names & (_WHOLE_READINGS | _FORM_READINGS | _STREAM_READINGS)
        if read and read <= _WHOLE_READINGS:
            return "bytes"
        # Names of several kinds say little, and a context may be handed on to anyone.
        return "auto" if read and read <= _FORM_READINGS else "ask"

    def waits_for_stream(self) -> bool:
        """Whether it binds the body as a stream that blocks while nothing has arrived."""
        if not self.is_bound or self.plan.body != "stream":
            return False
        from portico._binding_body import is_blocking_stream

        return is_blocking_stream(self.signature.annotations().get("body"))

    def _may_ask(self) -> bool:
        """Whether synchronous code may come to ask its context for the body."""
        from portico._context_members import BODILESS

        use = self.context_use
        is_silent = self.is_straight and self.guard is None
        return (use is None or not use.reads <= BODILESS) and not is_silent

    def asks_for_body(self) -> bool:
        """Whether it may come to ask its context for the body, rather than have it bound."""
        return (not self.is_bound or self.plan.takes_context) and self.body_need() != ""


class LinkSource:
    """A target of a route that is no function, and makes the link itself: a mounted application."""

    __slots__ = ()

    def link(self, path_names: Sequence[str]) -> Link:
        """The handler of a route."""
        raise NotImplementedError


# The strongest need of a chain decides: what is bound is sure, what is named is likely, and a
# context that is handed on is a possibility.
STRENGTH: Final = ("stream", "form", "bytes", "auto", "ask", "")


def strongest_need(links: list[Link]) -> str:
    """What of the body must be read before these links run; see `Link.body_need`."""
    bound = [need for link in links if link.is_bound and (need := link.plan.body)]
    needs = bound or [link.body_need() for link in links]
    return min(needs, key=STRENGTH.index, default="")
