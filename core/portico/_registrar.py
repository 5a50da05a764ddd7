"""`Registrar`: what an application and a group of its routes have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, Self, Unpack, cast, overload

from portico._application_registration import ApplicationRegistration
from portico._errors import DefinitionError
from portico._hook import APPLICATION_KINDS, SCOPES, Hook, Hooks, Kind, Scope, passed_on
from portico._hook_registration import HookRegistration
from portico._key import Key, RequestKey
from portico._key_registration import KeyRegistration
from portico._pattern import Pattern, joined
from portico._registration import RouteRegistration
from portico._route import Route
from portico._where import caller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portico._app import Portico
    from portico._group import Group
    from portico._hook_options import GuardOptions, RouteOptions

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_TOKEN_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~")

Layers = tuple[tuple[Hook, ...], ...]


class Registrar(RouteRegistration, HookRegistration, KeyRegistration, ApplicationRegistration):
    """Registers routes, hooks and keys, for an application or for a group of its routes."""

    _hooks: tuple[Hook, ...]
    _blocking: bool | None

    # What an application and a group answer differently

    def _application(self) -> Portico:
        raise NotImplementedError

    def _layers(self) -> Layers:
        raise NotImplementedError

    def _prefix_path(self) -> str:
        raise NotImplementedError

    def _check_scope(self, scope: Scope, what: str) -> None:
        if scope not in SCOPES:
            raise DefinitionError(
                f"{what} has the scope {scope!r}. It is 'local', 'scoped' or 'global'."
            )

    # Routes

    def _register(
        self, method: str, path: str, given: tuple[Any, ...], options: RouteOptions
    ) -> Any:
        app = self._application()
        where = caller()
        if not isinstance(path, str):  # pyright: ignore[reportUnnecessaryIsInstance] # untyped users
            raise DefinitionError(
                f"A route of {method} got {path!r} where its path belongs. Write "
                "`@app.get('/path')`, or `app.get('/path', handler)`."
            )
        if method not in _METHODS and not _is_method(method):
            raise DefinitionError(
                f"The method {method!r} of {path!r} is not valid. A method is a token in upper "
                "case, such as 'GET'; 'PURGE' and others of your own are welcome."
            )
        prefix = self._prefix_path()
        pattern = Pattern(path).under(prefix) if path or not prefix else Pattern(prefix)
        what = f"{method} {pattern.text}"
        if app._frozen_by is not None:
            app._must_be_open(what)
        if options:
            from portico._hook_options import RouteOptions, check_options

            check_options(options, RouteOptions, f"{what} ({where})")
        has_handler = bool(given) and not isinstance(given[0], Hooks)
        more = given[1:] if has_handler else given
        own = self._own_hooks(more, options, where, what) if more or options else ()

        def register(target: Any) -> Any:
            if app._frozen_by is not None:
                app._must_be_open(what)
            if isinstance(target, _NO_HANDLERS):
                from portico._no_handler import no_handler

                raise no_handler(cast("object", target), f"{what} ({where})")
            route = Route(
                method,
                pattern,
                target,
                (*self._layers(), own) if own else self._layers(),
                blocking=options.get("blocking", self._blocking),
                needs=options.get("needs", ()),
                where=where,
                on_disconnect=options.get("on_disconnect"),
            )
            app._add_route(route)
            return target

        return register(given[0]) if has_handler else register

    def _own_hooks(
        self, parts: tuple[Any, ...], options: Mapping[str, Any], where: str, what: str
    ) -> tuple[Hook, ...]:
        from portico._hook_options import hooks_of

        owner = self._application().name
        blocking = options.get("blocking", self._blocking)
        standalone = options.get("standalone", False)
        found = list(
            hooks_of(options, blocking=blocking, where=where, owner=owner, standalone=standalone)
        )
        for part in parts:
            if not isinstance(part, Hooks):
                raise DefinitionError(
                    f"{what} ({where}) got {part!r} where `Hooks` belong. A route has one handler, "
                    "which comes first; name anything else, as in `before_handle=fn`."
                )
            found += part.made(blocking=self._blocking, owner=owner)
        return tuple(found)

    # Hooks and keys

    def _hook(
        self, kind: Kind, fn: Any, scope: Scope, blocking: bool | None, matches: Any = None
    ) -> Any:
        where = caller()
        what = f"The hook of {kind!r} ({where})"
        self._application()._must_be_open(what)
        self._check_scope(scope, what)
        if matches is not None:
            from portico._hook_options import check_match

            check_match(kind, matches, what)

        def register(target: Any) -> Any:
            if not callable(target) or isinstance(target, Hooks | RequestKey | type):
                raise DefinitionError(f"{what} got {target!r}. It takes a function.")
            self._add_hook(
                Hook(
                    kind,
                    target,
                    scope=scope,
                    matches=matches,
                    blocking=self._blocking if blocking is None else blocking,
                    where=where,
                )
            )
            return target

        return register if fn is None else register(fn)

    def _key(
        self,
        kind: Literal["derive", "resolve"],
        fn: Any,
        scope: Scope,
        *,
        lazy: bool,
        blocking: bool | None,
    ) -> Any:
        where = caller()
        what = f"The {kind} ({where})"
        self._application()._must_be_open(what)
        self._check_scope(scope, what)

        def register(target: Any) -> Any:
            if not callable(target) or isinstance(target, Key):
                raise DefinitionError(f"{what} got {target!r}. It takes a function.")
            key: RequestKey[Any, Any, Any] = RequestKey(target)
            key.hook = Hook(
                kind,
                key,
                scope=scope,
                blocking=self._blocking if blocking is None else blocking,
                lazy=lazy,
                where=where,
            )
            self._add_hook(key.hook)
            self._application()._add_key(key)
            return key

        return register if fn is None else register(fn)

    def _add_hook(self, hook: Hook) -> None:
        app = self._application()
        app._must_be_open(f"The hook of {hook.kind!r} ({hook.where})")
        app._identify(hook)
        if hook.kind in APPLICATION_KINDS and self is not cast("object", app):
            app._hooks = (*app._hooks, hook)
        else:
            self._hooks = (*self._hooks, hook)

    # What several routes have in common

    def group(self, prefix: str, /, *hooks: Hooks, **options: Unpack[GuardOptions]) -> Group:
        """A group of routes under a prefix, with hooks and schemas of their own.

        Its routes are registered at once on this application; its hooks stay with it. It can be
        used as a context manager, which changes nothing but how it reads.
        """
        from portico._group import Group

        where = caller()
        if prefix:
            Pattern(prefix)
        what = f"The group {prefix!r} ({where})"
        return Group(self, prefix, self._guarding(hooks, options, where, what), options)

    def guard(self, *hooks: Hooks, **options: Unpack[GuardOptions]) -> Group:
        """A group of routes that have hooks and schemas in common; see `group`."""
        from portico._group import Group

        where = caller()
        what = f"The guard ({where})"
        return Group(self, "", self._guarding(hooks, options, where, what), options)

    def apply(self, *hooks: Hooks, scope: Scope = "local", **options: Unpack[GuardOptions]) -> Self:
        """Give hooks and schemas to every route that is registered here from now on.

        With a scope they go along when this application is used by another, as single hooks do.
        """
        where = caller()
        what = f"apply() ({where})"
        self._check_scope(scope, what)
        for hook in self._guarding(hooks, options, where, what):
            self._add_hook(hook.with_scope(scope))
        return self

    def _guarding(
        self, hooks: tuple[Hooks, ...], options: GuardOptions, where: str, what: str
    ) -> tuple[Hook, ...]:
        self._application()._must_be_open(what)
        if options:
            from portico._hook_options import GuardOptions, check_options

            check_options(options, GuardOptions, what)
        return self._own_hooks(hooks, options, where, what) if hooks or options else ()

    @overload
    def use(self, plugin: Portico | str, /, *, prefix: str = ...) -> Self: ...
    @overload
    def use(self, plugin: str, /, *, prefix: str, lazy: bool) -> Self: ...
    @overload
    def use(self, plugin: Callable[[Self], object], /) -> Self: ...
    @overload
    def use(self, plugin: Callable[[Group], object], /, *, prefix: str) -> Self: ...
    def use(self, plugin: Any, /, *, prefix: str = "", lazy: bool = False) -> Self:
        """Take the routes, hooks and keys of a plugin.

        A plugin is another application: its routes are registered here anew, behind the hooks that
        this one has so far; its hooks come along by their scope, its keys always. It is not
        changed, and can be used by several applications. A function is called with this
        application, or with a group of it where there is a prefix. A text, `"module:attribute"`,
        names either; with `lazy=True` (and a prefix) it is imported at the first request under the
        prefix, and its hooks and keys stay with its own routes.

        Args:
            plugin: the plugin.
            prefix: a path for its routes, in front of its own.
            lazy: whether to import a plugin that is named when it is first needed.

        Raises:
            DefinitionError: it is no plugin, or this application is in use already.
        """
        from portico._plugin import Plugin

        where = caller()
        self._application()._must_be_open(f"use({plugin!r})")
        Plugin(plugin, where, prefix, lazy=lazy).join(self)
        return self

    def _take(self, plugin: Portico, prefix: str) -> None:
        """Register a plugin's routes behind what is here so far, and take over its hooks."""
        app = self._application()
        layers = self._layers()
        path = joined(self._prefix_path(), prefix) if prefix else self._prefix_path()
        app._table.take(plugin._table, path, layers)
        app._lazy.add(lazy.under(path, layers) for lazy in plugin._lazy.waiting)
        for hook in passed_on(plugin._hooks):
            if hook.kind in APPLICATION_KINDS and self is not cast("object", app):
                app._hooks = (*app._hooks, hook)
            else:
                self._hooks = (*self._hooks, hook)
        app._take_keys(plugin)


def _is_method(method: str) -> bool:
    """Whether it is `"*"`, or a token in upper case."""
    is_token = _TOKEN_CHARACTERS.issuperset(method) and "A" <= method[:1] <= "Z"
    return is_token or method == "*"


# What stands where a handler belongs by mistake. (A tuple: a union would be made at each call.)
_NO_HANDLERS: Final = (Hooks, Key, Registrar)
