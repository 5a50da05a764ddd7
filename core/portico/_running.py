"""`AppRunning`: an application between start and stop, and the values that live as long."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any, Self

from portico._errors import DefinitionError, PorticoError
from portico._key import ConstantKey, Key, RequestKey, StateKey
from portico._runtime import ABSENT, Capability

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import TypeVar

    from portico._broker import Broker
    from portico._cookie_options import CookieOptions
    from portico._link import Link
    from portico._lived import Resource
    from portico.contract import Platform

    T = TypeVar("T")


class AppRunning:
    """Owns every app-lived value: enters them in the order of registration, leaves in reverse.

    A value that fails to start leaves those that were started. Values are left even when one of
    them fails; the last error is raised at the end, with those before it as its context.

    Where requests may not share what does I/O, it leaves such resources to each request.

    Attributes:
        platform: that of the process.
        broker_key: whose value hands on what is published, where one was chosen.
        broker: what does that else, once somebody has asked for it.
        cookies: how cookies are signed and set.
        is_async: whether a value that it enters needs an event loop.
        entered: whether it was entered.
        per_request: the resources that live as long as a request, in the order of registration.
    """

    __slots__ = (
        "_keys",
        "_resources",
        "_stack",
        "_values",
        "_wanted",
        "broker",
        "broker_key",
        "cookies",
        "entered",
        "is_async",
        "per_request",
        "platform",
    )

    def __init__(
        self,
        platform: Platform,
        resources: Sequence[Resource],
        keys: Mapping[Key[Any], Key[Any]],
        values: Mapping[Key[Any], Any],
        cookies: CookieOptions | None = None,
        broker_key: Key[Any] | None = None,
    ) -> None:
        self.broker_key: Key[Any] | None = broker_key
        self.platform: Platform = platform
        self.broker: Broker | None = None
        self.cookies: CookieOptions | None = cookies and cookies.resolved(platform.env)
        self.entered: bool = False
        shares = platform.capabilities[Capability.SHARED_RESOURCES] is not ABSENT
        self._keys = keys
        self._resources = [each for each in resources if shares or not each.does_io]
        self.per_request: Sequence[Resource] = [
            each for each in resources if not shares and each.does_io
        ]
        self._wanted: dict[object, list[Resource]] = {}
        self.is_async: bool = any(
            each.is_async
            for resource in self._resources
            for each in (resource, *self._lent_to(resource))
        )
        self._values: dict[Key[Any], Any] = dict(values)
        self._stack: ExitStack | AsyncExitStack | None = None

    def value(self, key: Key[T], values: Mapping[Key[Any], Any] | None = None) -> T:
        """The value of a key.

        Args:
            key: the key, or that of another copy of its plugin.
            values: those of the request, where there is one.

        Raises:
            DefinitionError: no application that serves has the key, or it has no value now.
        """
        if key in self._values:
            value: T = self._values[key]
            return value
        known: Key[T] | None = self._keys.get(key)
        if known is not None and known is not key:
            if values is not None and known in values:
                of_request: T = values[known]
                return of_request
            return self.value(known, values)
        if known is not None and isinstance(key, ConstantKey | StateKey):
            late: T = self._late(key)
            return late
        raise DefinitionError(_no_value(key, is_known=known is not None))

    def resource_of_request(self, key: Key[Any]) -> Resource | None:
        """The resource of a key, where it lives as long as a request."""
        known = self._keys.get(key)
        return next((each for each in self.per_request if each.key is known), None)

    def wanted_by(self, whom: object, links: Iterable[Link]) -> list[Resource]:
        """The resources to enter for a request, since its functions may read them.

        Args:
            whom: for whom it is remembered.
            links: the functions.
        """
        wanted = self._wanted.get(whom)
        if wanted is None:
            from portico._request_resources import wanted_resources

            wanted = wanted_resources(links, self._keys, self.per_request)
            self._wanted[whom] = wanted
        return wanted

    def resources_of_call(self, needs: Iterable[Key[Any]]) -> list[Resource]:
        """The resources to enter for a call that binds these keys and is no request."""
        if not self.per_request:
            return []
        from portico._request_resources import with_needs

        return with_needs({self._keys.get(key, key) for key in needs}, self._keys, self.per_request)

    def _lent_to(self, resource: Resource) -> list[Resource]:
        """What a hook of start binds and lives as long as a request: it has that for its call.

        No runtime without shared resources is known to stop, so a hook of stop gets nothing.
        """
        if not self.per_request or resource.is_generator:
            return []
        from portico._request_resources import with_needs

        needs = {self._keys.get(key, key) for key in resource.needs}
        return with_needs(needs, self._keys, self.per_request)

    def _late(self, key: ConstantKey[Any] | StateKey[Any]) -> Any:
        """The value of a key that came with a lazy plugin, after the start."""
        from portico._key import initial_value

        return self._values.setdefault(key, initial_value(key, {}))

    def set_value(self, key: Key[T], value: T) -> None:
        """Set the value of a state.

        Raises:
            DefinitionError: the key is not that of a state, or its application does not serve.
        """
        known: Key[T] = self._keys.get(key, key)
        if not isinstance(known, StateKey) or known not in self._keys:
            raise DefinitionError(
                f"{key!r} cannot be set: it is no state of the application that serves. "
                "`app.state(initial)` makes one."
            )
        self._values[known] = value

    def __enter__(self) -> Self:
        self._must_be_new()
        if self.is_async:
            raise PorticoError("This application has asynchronous resources: use `async with`.")
        with ExitStack() as stack:
            for resource in self._resources:
                from portico._lived import enter_on  # most applications have no resource

                with ExitStack() as lent:
                    source = _Lending(self)
                    for each in self._lent_to(resource):
                        source.values[each.key] = enter_on(lent, each, source)
                    self._values[resource.key] = enter_on(stack, resource, source)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        stack, self._stack = self._stack, None
        if isinstance(stack, ExitStack):
            stack.__exit__(None, None, None)

    async def __aenter__(self) -> Self:
        self._must_be_new()
        async with AsyncExitStack() as stack:
            for resource in self._resources:
                from portico._lived import enter_async_on

                async with AsyncExitStack() as lent:
                    source = _Lending(self)
                    for each in self._lent_to(resource):
                        source.values[each.key] = await enter_async_on(lent, each, source)
                    self._values[resource.key] = await enter_async_on(stack, resource, source)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        stack, self._stack = self._stack, None
        if isinstance(stack, AsyncExitStack):
            await stack.__aexit__(None, None, None)

    def _must_be_new(self) -> None:
        if self.entered:
            raise PorticoError("A Running is entered once. Call `app.start()` for another.")
        self.entered = True


class _Lending:
    """A `Running`, and what it lends for one call; see `Lived`."""

    __slots__ = ("_running", "values")

    def __init__(self, running: AppRunning) -> None:
        self._running = running
        self.values: dict[Key[Any], Any] = {}

    @property
    def platform(self) -> Platform:
        return self._running.platform

    def value(self, key: Key[T], /) -> T:
        value: T
        if key in self.values:
            value = self.values[key]
        else:
            value = self._running.value(key, self.values)
        return value


def _no_value(key: Key[Any], *, is_known: bool) -> str:
    if isinstance(key, RequestKey) and is_known:
        if key.hook.lazy:
            return (
                f"{key!r} is lazy, and nothing on this route has asked for it. Bind it with "
                f"`use({key.name})`, name it in the handler itself, or `await ctx.get({key.name})`."
            )
        return (
            f"{key!r} has no value yet, or does not reach this route by its scope. Bind it with "
            f"`use({key.name})`, or `await ctx.get({key.name})`."
        )
    return (
        f"{key!r} has no value here. Its application is not part of the one that serves, or the "
        "one that serves was not started."
    )
