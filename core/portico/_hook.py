"""`Hook`: one thing that an application attaches to routes: a function, a key, or a schema.

What reaches which route follows from three rules, the same for all kinds:

- An application keeps its hooks in order. A route takes those that stand there when it is
  registered, in front of its own; so a hook reaches the routes and plugins that come after it.
- When an application is used by another, each of its routes is registered there anew, behind what
  that other one has so far. The hooks themselves go along by their scope: `local` ones stay,
  `scoped` ones become local hooks of the parent, `global` ones go on to every parent.
- A group takes the hooks of its application and keeps its own.

A hook of a named plugin that comes to a route on two ways runs there once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, Unpack

from portico._errors import DefinitionError
from portico._where import caller

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import ParamSpec

    from portico._hook_options import GuardOptions

    P = ParamSpec("P")


Scope: TypeAlias = Literal["local", "scoped", "global"]
Kind: TypeAlias = Literal[
    "request",
    "before_parse",
    "parse",
    "transform",
    "derive",
    "schema",
    "before_handle",
    "resolve",
    "handle",
    "after_handle",
    "map_response",
    "after_response",
    "error",
    "trace",
    "describe",
]

SCOPES: Final = ("local", "scoped", "global")

PARTS: Final = ("headers", "params", "query", "body", "cookies")
"""The parts of a request that a schema may be for."""

APPLICATION_KINDS: Final = frozenset({"request"})
"""What belongs to the whole application, because it runs before there is a route."""


class Hook:
    """One hook as it was registered, or as a parent took it.

    Attributes:
        kind: the event of the lifecycle.
        target: the function; the key of a derive or resolve; the type of a schema; the members of
            a description.
        scope: how far it reaches.
        matches: of an error hook the exception class or status, of a parse hook the media type, of
            a schema the part of the request; None stands for all.
        standalone: of a schema, whether it adds to others of its part instead of replacing them.
        blocking: whether the function may block the thread that it runs on; None where its code
            says it.
        lazy: of a key, whether it runs only where it is asked for.
        owner: the name of the application that it was registered on, for people.
        where: file and line of its registration.
        identity: the same for each copy of one registration, also of plugins of one name and seed
            that were made twice; None runs once each time.
        declared: the widest scope that it was ever given, which is what its author wrote.
        source: the hook as it was registered, of which this is a copy.
    """

    __slots__ = (
        "blocking",
        "declared",
        "identity",
        "kind",
        "lazy",
        "matches",
        "owner",
        "scope",
        "source",
        "standalone",
        "target",
        "where",
    )

    def __init__(
        self,
        kind: Kind,
        target: Any,
        *,
        scope: Scope = "local",
        matches: Any = None,
        standalone: bool = False,
        blocking: bool | None = None,
        lazy: bool = False,
        owner: str = "",
        where: str = "",
        identity: object = None,
    ) -> None:
        self.kind: Kind = kind
        self.target: Any = target
        self.scope: Scope = scope
        self.declared: Scope = scope
        self.matches: Any = matches
        self.standalone: bool = standalone
        self.blocking: bool | None = blocking
        self.lazy: bool = lazy
        self.owner: str = owner
        self.where: str = where
        self.identity: object = identity
        self.source: Hook = self

    def with_scope(self, scope: Scope) -> Hook:
        """The same hook in another scope; itself where it is the same."""
        if scope == self.scope:
            return self
        copy = Hook(
            self.kind,
            self.target,
            scope=scope,
            matches=self.matches,
            standalone=self.standalone,
            blocking=self.blocking,
            lazy=self.lazy,
            owner=self.owner,
            where=self.where,
            identity=self.identity,
        )
        copy.source = self.source
        is_wider = SCOPES.index(scope) > SCOPES.index(self.declared)
        copy.declared = scope if is_wider else self.declared
        return copy


def passed_on(hooks: tuple[Hook, ...]) -> tuple[Hook, ...]:
    """What an application that uses the one with these hooks takes over."""
    return tuple(
        hook.with_scope("local") if hook.scope == "scoped" else hook
        for hook in hooks
        if hook.scope != "local" or hook.kind in APPLICATION_KINDS
    )


def promoted(hooks: tuple[Hook, ...], scope: Scope) -> tuple[Hook, ...]:
    """The same hooks, those that reach less far now reaching as far as `scope`."""
    least = SCOPES.index(scope)
    return tuple(
        hook if SCOPES.index(hook.scope) >= least else hook.with_scope(scope) for hook in hooks
    )


def is_part(hook: Hook) -> bool:
    """Whether a schema is about a part of the request, and not about the answer."""
    return hook.matches in PARTS


def flattened(layers: tuple[tuple[Hook, ...], ...]) -> list[Hook]:
    """The hooks of a route in the order in which they run, each once.

    Of two with one identity the first stays.
    """
    found: list[Hook] = []
    seen: set[object] = set()
    for layer in layers:
        for hook in layer:
            if hook.identity is not None:
                if hook.identity in seen:
                    continue
                seen.add(hook.identity)
            found.append(hook)
    return found


def schemas_of(layers: tuple[tuple[Hook, ...], ...]) -> list[Hook]:
    """The schemas that count: of each part the one that overrides the others, and the standalone.

    An inner layer overrides an outer one. Within one, a local schema overrides a scoped one and
    that a global one; of the same scope the last.
    """
    winners: dict[object, Hook] = {}
    for layer in layers:
        best: dict[object, Hook] = {}
        for hook in layer:
            if hook.kind == "schema" and not hook.standalone:
                other = best.get(hook.matches)
                if other is None or SCOPES.index(hook.scope) <= SCOPES.index(other.scope):
                    best[hook.matches] = hook
        winners.update(best)
    standalone = [hook for hook in flattened(layers) if hook.kind == "schema" and hook.standalone]
    return [*winners.values(), *standalone]


class Hooks:
    """What several routes have in common, as a value that routes, groups and guards take.

    ::

        @macro
        def role(name: str) -> Hooks:
            def require(ctx: Context) -> None: ...
            return Hooks(before_handle=require, tags=["restricted"])

        @app.get("/admin", role("owner"))
        def admin() -> str: ...

    Args:
        parts: other values that this one is made of; they come first.
        options: see `HookOptions`. Schemas are held to beside those of the route.

    Raises:
        DefinitionError: an option is unknown, or has a value that makes no hook.
    """

    __slots__ = ("_blocking", "_options", "_parts", "identity", "where")

    def __init__(self, *parts: Hooks, **options: Unpack[GuardOptions]) -> None:
        from portico._hook_options import GuardOptions, check_options

        self.where: str = caller()
        check_options(options, GuardOptions, f"Hooks() at {self.where}")
        for part in parts:
            if not isinstance(part, Hooks):  # pyright: ignore[reportUnnecessaryIsInstance] # untyped users
                raise DefinitionError(
                    f"Hooks() at {self.where} got {part!r}. Its parts are other `Hooks`; name "
                    "anything else, as in `Hooks(before_handle=fn)`."
                )
        self._parts = parts
        self._options: Mapping[str, Any] = options
        self._blocking = options.get("blocking")
        self.identity: object = self
        # What makes no hook is an error here, and not where this is used.
        list(self.made(blocking=None, owner=""))

    def made(self, *, blocking: bool | None, owner: str) -> Iterator[Hook]:
        """The hooks of this value, in order, each with an identity that is the same each time."""
        from portico._hook_options import hooks_of

        for part in self._parts:
            yield from part.made(blocking=blocking, owner=owner)
        own = hooks_of(
            self._options,
            blocking=blocking if self._blocking is None else self._blocking,
            where=self.where,
            owner=owner,
            standalone=self._options.get("standalone", True),
        )
        for index, hook in enumerate(own):
            if hook.identity is None:
                hook.identity = (self.identity, index)
            yield hook

    def __repr__(self) -> str:
        return f"<Hooks {', '.join(self._options)} ({self.where})>"


def macro(fn: Callable[P, Hooks]) -> Callable[P, Hooks]:
    """Let the same arguments give the same hooks, which run once on a route that has them twice.

    A guard and a route inside it may both ask for `role("owner")`. Arguments are compared by type
    and equality; those that cannot be hashed give hooks of their own each time.
    """

    @wraps(fn)
    def make(*args: P.args, **kwargs: P.kwargs) -> Hooks:
        hooks = fn(*args, **kwargs)
        named = tuple(sorted(kwargs.items()))
        # With their types: 1, 1.0 and True are equal, and need not mean the same.
        types = (*map(type, args), *(type(value) for _, value in named))
        identity = (make, args, named, types)
        try:
            hash(identity)
        except TypeError:
            return hooks
        hooks.identity = identity
        return hooks

    return make
