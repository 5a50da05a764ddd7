"""Registration of hooks: each event of the lifecycle as a decorator or as a call.

A bare decorator is in scope `"local"`. Every hook may be synchronous or not (but those of `trace`)
and is returned unchanged. Whether a synchronous one may block `blocking` says, or the application's
own option; where both say nothing, its code does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Generic, Literal, ParamSpec, Protocol, TypeVar

    from portico._context import Context
    from portico._errors import HTTPError
    from portico._hook import Kind, Scope
    from portico._hook_options import (
        ContextHook,
        ErrorStatus,
        ParseHook,
        ResponseHook,
        TraceHook,
        ValueHook,
    )
    from portico._response import Response
    from portico._span import Span

    Given = ParamSpec("Given")
    R = TypeVar("R")
    E = TypeVar("E", bound=Exception)
    T = TypeVar("T", bound=Exception)
    X = TypeVar("X", bound=Callable[[Context, Exception], object])
    H = TypeVar("H", bound=Callable[[Context, HTTPError], object])

    class ErrorDecorator(Generic[E]):
        """What `app.error(SomeError)` returns.

        A function may take more errors than those of the class. One that takes any is of a type of
        its own, one that takes a union keeps it; so decorators for several classes can be stacked.
        """

        @overload
        def __call__(self, fn: X, /) -> X: ...
        @overload
        def __call__(
            self, fn: Callable[[Context, E | T], R], /
        ) -> Callable[[Context, E | T], R]: ...
        @overload
        def __call__(self, fn: Callable[[Context, E], R], /) -> Callable[[Context, E], R]: ...
        def __call__(self, fn: Any, /) -> Any:
            """Register the function, and return it."""

    class Lambda(Protocol[Given]):
        """What a lambda gets: pyright infers it from no variable, but from what is beside one.

        No function is of this type, so that the variable alone says what a hook is.
        """

        def __call__(self, *args: Given.args, **kwargs: Given.kwargs) -> object:
            """Run the hook."""
            ...

        @property
        def is_lambda(self) -> bool:
            """What no function has."""
            ...

    C = TypeVar("C", bound=ContextHook)
    P = TypeVar("P", bound=ParseHook)
    V = TypeVar("V", bound=ValueHook)
    A = TypeVar("A", bound=ResponseHook)
    S = TypeVar("S", bound=TraceHook)
    # A class of exceptions can be called as well, though nobody means it as a hook. What `error`
    # returns for one is in this bound, so that the overloads agree where they overlap.
    B = TypeVar("B", bound=Callable[[Context, Exception], object] | ErrorDecorator[Any])


class HookRegistration:
    """The methods by which hooks are registered; what they share is `_hook`."""

    @overload
    def before_parse(
        self, fn: C | Lambda[[Context]], /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> C: ...
    @overload
    def before_parse(
        self, /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> Callable[[C], C]: ...
    def before_parse(
        self, fn: Any = None, /, *, scope: Scope = "local", blocking: bool | None = None
    ) -> Any:
        """Run after routing, before the body is read: `(ctx)`.

        A returned value answers; None goes on. Authentication belongs here: nothing of a body is
        read for a request that is refused.
        """
        return self._hook("before_parse", fn, scope, blocking)

    @overload
    def parse(
        self, fn: P | Lambda[[Context, str]], /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> P: ...
    @overload
    def parse(
        self, media_type: str = ..., /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> Callable[[P], P]: ...
    def parse(
        self, fn: Any = None, /, *, scope: Scope = "local", blocking: bool | None = None
    ) -> Any:
        """Read the body: `(ctx, content_type)`.

        The content type is in lower case, without parameters. The first hook that returns a value
        has parsed the body; what it returned is `ctx.body`, and validated in the place of the body.
        After None the next one is asked, and last what is built in. Hooks run for requests that
        have a body only, and for `app.parse("application/yaml")` of that type only. A ValueError is
        answered with 400.
        """
        if isinstance(fn, str):
            return self._hook("parse", None, scope, blocking, fn.lower())
        return self._hook("parse", fn, scope, blocking)

    @overload
    def transform(
        self, fn: C | Lambda[[Context]], /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> C: ...
    @overload
    def transform(
        self, /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> Callable[[C], C]: ...
    def transform(
        self, fn: Any = None, /, *, scope: Scope = "local", blocking: bool | None = None
    ) -> Any:
        """Change the context before validation: `(ctx)`.

        What it sets (`ctx.body`, `ctx.query`, ...) is what is validated. It returns None, or
        answers with `status(...)`.
        """
        return self._hook("transform", fn, scope, blocking)

    @overload
    def before_handle(
        self, fn: C | Lambda[[Context]], /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> C: ...
    @overload
    def before_handle(
        self, /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> Callable[[C], C]: ...
    def before_handle(
        self, fn: Any = None, /, *, scope: Scope = "local", blocking: bool | None = None
    ) -> Any:
        """Run after validation, before the handler: `(ctx)`.

        A returned value answers in the place of the handler; None goes on.
        """
        return self._hook("before_handle", fn, scope, blocking)

    @overload
    def after_handle(
        self, fn: V | Lambda[[Context, Any]], /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> V: ...
    @overload
    def after_handle(
        self, /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> Callable[[V], V]: ...
    def after_handle(
        self, fn: Any = None, /, *, scope: Scope = "local", blocking: bool | None = None
    ) -> Any:
        """Run after the handler or an earlier answer, before the answer is made: `(ctx, value)`.

        The first hook that returns a value replaces the handler's; the others are not asked.
        """
        return self._hook("after_handle", fn, scope, blocking)

    @overload
    def map_response(
        self, fn: V | Lambda[[Context, Any]], /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> V: ...
    @overload
    def map_response(
        self, /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> Callable[[V], V]: ...
    def map_response(
        self, fn: Any = None, /, *, scope: Scope = "local", blocking: bool | None = None
    ) -> Any:
        """Make the answer of a value, also of an error hook's or an early one: `(ctx, value)`.

        The first hook that returns something, a `Response` or any other value, has made it.
        """
        return self._hook("map_response", fn, scope, blocking)

    @overload
    def after_response(
        self,
        fn: A | Lambda[[Context, Response]],
        /,
        *,
        scope: Scope = ...,
        blocking: bool | None = ...,
    ) -> A: ...
    @overload
    def after_response(
        self, /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> Callable[[A], A]: ...
    def after_response(
        self, fn: Any = None, /, *, scope: Scope = "local", blocking: bool | None = None
    ) -> Any:
        """Run when the answer was sent: `(ctx, response)`.

        When that is on a runtime, `wait_until` says. It runs for every answer, of errors too, and
        nobody waits for it; its exceptions are reported.
        """
        return self._hook("after_response", fn, scope, blocking)

    @overload
    def trace(
        self, fn: S | Lambda[[Context, Span]], /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> S: ...
    @overload
    def trace(self, /, *, scope: Scope = ..., blocking: bool | None = ...) -> Callable[[S], S]: ...
    def trace(
        self, fn: Any = None, /, *, scope: Scope = "local", blocking: bool | None = None
    ) -> Any:
        """Be told of every event and every function that runs: `(ctx, span)`.

        It is called when a span begins, between the functions themselves, so it must not block. See
        `Span` for its end.
        """
        return self._hook("trace", fn, scope, blocking)

    @overload
    def error(
        self, kind: type[E], /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> ErrorDecorator[E]: ...
    @overload
    def error(
        self,
        kind: type[E],
        fn: Callable[[Context, E], R],
        /,
        *,
        scope: Scope = ...,
        blocking: bool | None = ...,
    ) -> Callable[[Context, E], R]: ...
    @overload
    def error(
        self, status: ErrorStatus, /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> Callable[[H], H]: ...
    @overload
    def error(
        self, status: int, /, *, scope: Scope = ..., blocking: bool | None = ...
    ) -> Callable[[X], X]: ...
    @overload
    def error(
        self,
        status: ErrorStatus,
        fn: H | Lambda[[Context, HTTPError]],
        /,
        *,
        scope: Scope = ...,
        blocking: bool | None = ...,
    ) -> H: ...
    @overload
    def error(
        self,
        status: Literal[500],
        fn: X | Lambda[[Context, Exception]],
        /,
        *,
        scope: Scope = ...,
        blocking: bool | None = ...,
    ) -> X: ...
    @overload
    def error(
        self,
        status: int,
        fn: Callable[[Context, Exception], R],
        /,
        *,
        scope: Scope = ...,
        blocking: bool | None = ...,
    ) -> Callable[[Context, HTTPError], R]: ...
    @overload
    def error(
        self,
        fn: B | Lambda[[Context, Exception]],
        /,
        *,
        scope: Scope = ...,
        blocking: bool | None = ...,
    ) -> B: ...
    @overload
    def error(self, /, *, scope: Scope = ..., blocking: bool | None = ...) -> Callable[[X], X]: ...
    def error(
        self,
        kind: Any = None,
        fn: Any = None,
        /,
        *,
        scope: Scope = "local",
        blocking: bool | None = None,
    ) -> Any:
        """Answer an error: `(ctx, error)`, by its class, by its status, or any.

        The hooks are asked in order, and the first that returns a value has answered. Its value is
        sent with the status of the error (500 of an exception that has none) unless it brings one.
        A hook for a status and one for any error see replies of `status()` too, from 400 on, as an
        `HTTPError`; one for a class sees what was raised. An exception that is answered with 500 or
        more is reported.
        """
        if fn is not None or isinstance(kind, int | type):
            return self._hook("error", fn, scope, blocking, kind)
        return self._hook("error", kind, scope, blocking)

    def _hook(
        self, kind: Kind, fn: Any, scope: Scope, blocking: bool | None, matches: Any = None
    ) -> Any:
        raise NotImplementedError
