"""`Chain`: the links of a route in the order in which they run, worked out from its hooks.

The order of a request, in which every event may have any number of links::

    before_parse > parse > transform, derive > validation > before_handle, resolve > handle
    > after_handle > map_response > (the answer is sent) > after_response

Hooks of one event run in the order in which they stand in the route's layers: those of the
outermost application first, those of the route itself last. Transforms and derives are one queue,
before_handle and resolves another. A key that a link asks for and that does not run by itself is
put in front of that link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from portico._declared import Declared
from portico._errors import DefinitionError
from portico._hook import flattened, is_part, schemas_of
from portico._key import Key, RequestKey, is_request_key
from portico._link import Link
from portico._signature import Signature

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from portico._context_use import ContextUse
    from portico._hook import Hook, Kind
    from portico._inference import Inferred

_EARLY: Final = frozenset({"transform", "derive"})
_LATE: Final = frozenset({"before_handle", "resolve"})
_QUEUES: Final = frozenset(
    {
        "before_parse",
        "parse",
        "early",
        "late",
        "after_handle",
        "map_response",
        "after_response",
        "error",
        "trace",
    }
)


class Surroundings:
    """What a chain needs to know of the application that serves.

    Attributes:
        keys: every key of the application and its plugins, by itself; where one plugin is there
            twice, the key of the one leads to that of the other.
        overridden: the keys that have a value of their own instead of what their function makes.
        hidden: those that a lazy plugin has brought, for its own routes alone.
        parsers: those that have a name.
        receiving: the request hooks, which have the context before there is a route.
        inferred: what was inferred of functions already, by what it depends on.
        uses: what functions do with their context, by the id of the function.
        debug: whether errors show what they are.
        validates: whether answers are validated as a whole.
    """

    __slots__ = (
        "_generators",
        "debug",
        "hidden",
        "inferred",
        "keys",
        "overridden",
        "parsers",
        "receiving",
        "uses",
        "validates",
    )

    def __init__(
        self,
        keys: Mapping[Key[Any], Key[Any]],
        hidden: Collection[Key[Any]],
        overridden: Mapping[Key[Any], Any],
        parsers: Mapping[str, Callable[..., Any]],
        *,
        receiving: Sequence[Hook] = (),
        debug: bool,
        validates: bool,
    ) -> None:
        self.receiving: Sequence[Hook] = receiving
        # What is registered lives as long as the application, so that its id says which it is.
        self.inferred: dict[object, Inferred] = {}
        self.uses: dict[int, ContextUse | None] = {}
        self.validates: bool = validates
        self.keys: Mapping[Key[Any], Key[Any]] = keys
        self.hidden: Collection[Key[Any]] = hidden
        self.overridden: Mapping[Key[Any], Any] = overridden
        self.parsers: Mapping[str, Callable[..., Any]] = parsers
        self.debug: bool = debug
        self._generators = (0, False)

    def has_generators(self) -> bool:
        """Whether a request-lived key is that of a generator."""
        count, found = self._generators
        if count != len(self.keys):  # a lazy plugin has brought some
            found = any(is_request_key(key) and Signature(key.fn).is_generator for key in self.keys)
            self._generators = len(self.keys), found
        return found


class Chain:
    """The links of a route, and what its answers are held to.

    Attributes:
        where: method and pattern, for reports.
        debug: whether errors show what they are.
        before_parse, parse, early, late, after_handle, map_response, after_response, error, trace:
            the links of an event or queue; a parse link may be the name of a built-in parser.
        handler: the last link of those that make the answer; None where no route matched.
        schemas: what the parts of the request are held to besides what the handler binds.
        declared: what the answers are held to; None where no route matched.
        none_status: of an answer of None.
    """

    __slots__ = (
        "_links",
        "_replacing",
        "_shown",
        "after_handle",
        "after_response",
        "before_parse",
        "debug",
        "declared",
        "early",
        "error",
        "handler",
        "hooks",
        "late",
        "map_response",
        "none_status",
        "parse",
        "path_names",
        "schemas",
        "surroundings",
        "trace",
        "where",
    )

    def __init__(
        self,
        layers: tuple[tuple[Hook, ...], ...],
        handler: Link | None,
        path_names: Sequence[str],
        where: str,
        surroundings: Surroundings,
        shown: Collection[Key[Any]] = frozenset(),
    ) -> None:
        self._shown = shown
        self.where: str = where
        self.debug: bool = surroundings.debug
        self.surroundings: Surroundings = surroundings
        self.path_names: Sequence[str] = path_names
        self.handler: Link | None = handler
        self.hooks: list[Hook] = flattened(layers)
        kinds: dict[Kind, list[Hook]] = {}
        for hook in self.hooks:
            kinds.setdefault(hook.kind, []).append(hook)
        self.schemas: list[Hook] = []
        if handler is not None and "schema" in kinds:
            self.schemas = _schemas(layers, handler)
        self.before_parse: list[Link] = (
            [] if handler is None else self._links_of(kinds, "before_parse")
        )
        # A stream is the handler's to read, as it comes.
        streams = handler is None or handler.plan.body == "stream"
        self.parse: list[Link | str] = (
            [] if streams else [self._parser(hook) for hook in kinds.get("parse", ())]
        )
        # What has no route has nothing of these, which stand around its handler.
        self.after_handle: list[Link] = (
            [] if handler is None else self._links_of(kinds, "after_handle")
        )
        self.map_response: list[Link] = self._links_of(kinds, "map_response")
        self.after_response: list[Link] = self._links_of(kinds, "after_response")
        self.error: list[Link] = self._links_of(kinds, "error")
        self.trace: list[Link] = self._links_of(kinds, "trace")
        self._links: dict[Key[Any], Link] = {}
        self.early: list[Link] = []
        self.late: list[Link] = []
        if handler is not None:
            _Queues(self).fill(handler)
        self._check_body()
        self.declared: Declared | None = None if handler is None else self._declared(handler)
        self.none_status: int = 200 if self.declared is None else self.declared.none_status
        self._replacing: list[tuple[Link, frozenset[str] | None]] | None = None
        if handler is not None:
            handler.chain = self

    def with_links(self, others: Mapping[Link, Link]) -> Chain:
        """The same chain with other links in the place of some."""
        chain = Chain.__new__(Chain)
        for name in Chain.__slots__:
            value = getattr(self, name)
            if name in _QUEUES:
                value = [others.get(link, link) for link in value]
            setattr(chain, name, value)
        if self.handler is not None:
            chain.handler = others.get(self.handler, self.handler)
        return chain

    def replaced(self, link: Link) -> frozenset[str] | None:
        """The members of the context that others than a link may give another value; None: all."""
        if self._replacing is None:
            receiving = map(self.link_of, self.surroundings.receiving)
            links = [*receiving, *self.links()]
            self._replacing = [(each, each.replaced()) for each in links]
        # What a parse hook returns is the body.
        found = frozenset("body" for each in self.parse if isinstance(each, Link))
        for other, replaced in self._replacing:
            if other is not link:
                if replaced is None:
                    return None
                found |= replaced
        return found

    def _check_body(self) -> None:
        """Refuse a body that is bound where a route says that nothing parses it."""
        if "none" not in self.parse:
            return
        bound = [link for link in self.links() if link.is_bound and "body" in link.plan.parts]
        if bound or any(hook.matches == "body" for hook in self.schemas):
            where = bound[0].signature.where if bound else "A guard"
            raise DefinitionError(
                f"{where} takes the body of {self.where}, whose option is parse='none'. Leave the "
                "option out, or read `ctx.request`."
            )

    def _declared(self, handler: Link) -> Declared:
        answering = [*self.before_parse, *self.early, *self.late, *self.after_handle, *self.error]
        hooks = [link.returns for link in answering if link.key is None]
        options = {hook.matches[1]: hook.target for hook in self.schemas if not is_part(hook)}
        return Declared(
            handler.returns, hooks, options or None, validate=self.surroundings.validates
        )

    def may_enter_generators(self) -> bool:
        """Whether a request-lived generator runs here, or may be asked for by `ctx.get`."""
        if any(link.key and link.signature.is_generator for link in (*self.early, *self.late)):
            return True
        has_some = self.surroundings.has_generators()
        return has_some and any(link.may_ask_for_keys() for link in self.links())

    def link_of(self, hook: Hook) -> Link:
        """The link of a hook on this route."""
        key = hook.target if is_request_key(hook.target) else None
        fn = hook.target if key is None else key.fn
        link = Link(hook.kind, fn, self.path_names, blocking=hook.blocking, hook=hook, key=key)
        link.chain = self
        return link

    def link_of_key(self, key: RequestKey[Any, Any, Any]) -> Link:
        """The link that makes a key's value on this route, whether or not it runs by itself."""
        link = self._links.get(key)
        if link is None:
            link = self._links[key] = self.link_of(key.hook)
        return link

    def known(self, key: Key[Any]) -> Key[Any] | None:
        """The key as the serving application has it, or None where it has not."""
        if key in self.surroundings.hidden and key not in self._shown:
            return None
        return self.surroundings.keys.get(key)

    def links(self) -> Iterator[Link]:
        """Every link, in the order of the lifecycle."""
        yield from self.before_parse
        yield from (link for link in self.parse if isinstance(link, Link))
        yield from self.early
        yield from self.late
        if self.handler is not None:
            yield self.handler
        for links in (self.after_handle, self.map_response, self.after_response):
            yield from links
        yield from self.error
        yield from self.trace

    def _links_of(self, kinds: Mapping[Kind, list[Hook]], kind: Kind) -> list[Link]:
        return [self.link_of(hook) for hook in kinds[kind]] if kind in kinds else []

    def _parser(self, hook: Hook) -> Link | str:
        name = hook.target
        if not isinstance(name, str):
            return self.link_of(hook)
        from portico._parsing import BUILT_IN_PARSERS

        if name in BUILT_IN_PARSERS:
            return name
        fn = self.surroundings.parsers.get(name)
        if fn is None:
            known = ", ".join(sorted([*BUILT_IN_PARSERS, *self.surroundings.parsers]))
            raise DefinitionError(
                f"{self.where} ({hook.where}) has the parser {name!r}, which nobody registered. "
                f"There are {known}; `@app.parser({name!r})` registers it."
            )
        link = Link("parse", fn, self.path_names, blocking=hook.blocking, hook=hook)
        link.chain = self
        return link


class _Queues:
    """Puts the links before the handler in order, each key before what asks for it."""

    __slots__ = ("_asking", "_chain", "_done")

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._done: set[Key[Any]] = set(chain.surroundings.overridden)
        self._asking: list[Key[Any]] = []

    def fill(self, handler: Link) -> None:
        """Fill `early` and `late` of the chain."""
        for hook in self._chain.hooks:
            if hook.kind in _EARLY:
                self._add_hook(hook, self._chain.early)
        for hook in self._chain.hooks:
            if hook.kind in _LATE:
                self._add_hook(hook, self._chain.late)
        self._add_keys_of(handler, self._chain.late)

    def _add_hook(self, hook: Hook, queue: list[Link]) -> None:
        if not is_request_key(hook.target):
            self._add(self._chain.link_of(hook), queue)
        elif not hook.lazy:
            key = self._chain.known(hook.target) or hook.target
            if is_request_key(key):
                self._add_key(key, queue)

    def _add(self, link: Link, queue: list[Link]) -> None:
        self._add_keys_of(link, queue)
        queue.append(link)

    def _add_keys_of(self, link: Link, queue: list[Link]) -> None:
        """What a link binds or reads must have run; what it names, if lazy or not in reach."""
        given, names = link.bound_keys(), link.named_keys()
        if not given and not names:
            return
        bound = {*given, *link.read_keys()}
        # In the order of the names: a set has another order in each process.
        named = sorted(names, key=lambda key: key.name)
        for asked in dict.fromkeys([*given, *named]):
            key = self._chain.known(asked)
            if not is_request_key(key) or key in self._done:
                continue
            if key.hook.kind == "resolve" and queue is self._chain.early:
                if asked in bound:
                    raise made_later(link, key)
                continue
            if asked in bound or key.hook.lazy or not self._runs_by_itself(key):
                self._add_key(key, self._chain.early if key.hook.kind == "derive" else queue)

    def _runs_by_itself(self, key: Key[Any]) -> bool:
        return any(
            self._chain.known(hook.target) is key
            for hook in self._chain.hooks
            if is_request_key(hook.target) and not hook.lazy
        )

    def _add_key(self, key: RequestKey[Any, Any, Any], queue: list[Link]) -> None:
        if key in self._done:
            return
        if key in self._asking:
            names = " > ".join(each.name for each in [*self._asking, key])
            raise DefinitionError(
                f"{self._chain.where} has keys that ask for each other: {names}. Break the circle."
            )
        self._asking.append(key)
        self._add(self._chain.link_of_key(key), queue)
        self._asking.pop()
        self._done.add(key)


def made_later(link: Link, key: Key[Any]) -> DefinitionError:
    """The error of a link in front of validation that wants a key from behind it."""
    return DefinitionError(
        f"{link.signature.where} runs before validation and uses {key!r}, which runs after it. "
        "Make the one a resolve, or the other a derive."
    )


def _schemas(layers: Sequence[tuple[Hook, ...]], handler: Link) -> list[Hook]:
    """Those that the handler's own parameters do not override."""
    own = handler.plan.parts
    return [
        hook for hook in schemas_of(tuple(layers)) if hook.standalone or hook.matches not in own
    ]
