"""`Hooks`: hooks, keys, schemas and descriptions in one value, and `macro`, which makes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, Unpack

from portico._errors import DefinitionError
from portico._where import caller

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portico._hook import Hook
    from portico._hook_options import GuardOptions

P = ParamSpec("P")


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
