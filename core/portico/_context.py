"""`Context`: one request while it is being answered."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from portico._errors import BodyNotReadError
from portico._headers import Headers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import TypeVar

    from anyio import CancelScope

    from portico._chain import Chain
    from portico._cookies import CookieJar
    from portico._event import Event
    from portico._exit import Exit
    from portico._key import Key, StateKey
    from portico._request import Request
    from portico._response import Response
    from portico._running import AppRunning
    from portico._span import Tracing
    from portico._url_search_params import URLSearchParams
    from portico.contract import Platform, Promise

    T = TypeVar("T")


UNPARSED: Final[Any] = object()
"""Stands for a body that no hook has parsed."""


@cache
def _cookie_jar() -> type[CookieJar]:
    # Loaded with the first cookie; the statement costs more than the call, each time.
    from portico._cookies import CookieJar

    return CookieJar


class Settings:
    """What the answer gets besides its value: `ctx.set.status`, `ctx.set.headers`.

    Attributes:
        status: of an answer that brings none of its own; None leaves it to the value.
    """

    __slots__ = ("_headers", "status")

    def __init__(self) -> None:
        self.status: int | None = None
        self._headers: Headers | None = None

    @property
    def headers(self) -> Headers:
        """Fields for the answer. A field that the returned `Response` has wins."""
        if self._headers is None:
            self._headers = Headers()
        return self._headers

    @property
    def has_headers(self) -> bool:
        """Whether any field was set."""
        return bool(self._headers)


class Context:
    """The request, the runtime and the answer to be, for handlers and hooks.

    Attributes:
        request: the request.
        platform: the runtime's side of it.
        route: the pattern that matched, such as `"/users/{id}"`.
        params: the values of the path's parameters, decoded.
    """

    __slots__ = (
        "_asked",
        "_chain",
        "_cookies",
        "_exits",
        "_is_left",
        "_on_loop",
        "_parsed",
        "_path",
        "_query",
        "_running",
        "_set",
        "_shield",
        "_tracing",
        "_unsent",
        "_validated",
        "_values",
        "params",
        "platform",
        "request",
        "route",
    )

    def __init__(
        self,
        request: Request,
        platform: Platform,
        running: AppRunning,
        route: str,
        params: Mapping[str, str],
        path: str,
    ) -> None:
        self.request: Request = request
        self.platform: Platform = platform
        self.route: str = route
        self.params: Mapping[str, str] = params
        self._running = running
        self._path = path
        self._query: URLSearchParams | None = None
        self._set: Settings | None = None
        self._cookies: CookieJar | None = None
        # What follows belongs to the engine: whether an event loop runs this request by now, the
        # chain that does, the body as a hook parsed it, the arguments that were validated ahead of
        # their calls, the values of request-lived keys, the generators that are to be left, whether
        # they were left, what shields that, the keys that `get` is making, and a stream that others
        # gave to be closed.
        self._on_loop = False
        self._chain: Chain | None = None
        self._parsed: Any = UNPARSED
        self._validated: list[list[Any]] | None = None
        self._values: dict[Key[Any], Any] | None = None
        self._exits: list[Exit] | None = None
        self._is_left = False
        self._shield: CancelScope | None = None
        self._asked: dict[Key[Any], Event] | None = None
        self._tracing: Tracing | None = None
        self._unsent: Response | None = None

    @property
    def path(self) -> str:
        """The canonical path; encoded slashes stay `%2F` (see `docs/decisions/`)."""
        return self._path

    @property
    def query(self) -> URLSearchParams:
        """The query, decoded; changing it changes nothing else."""
        if self._query is None:
            from portico._url_search_params import URLSearchParams

            self._query = URLSearchParams(self.request.raw_query)
        return self._query

    @property
    def headers(self) -> Headers:
        """The header fields of the request."""
        headers = self.request._headers
        return self.request.headers if headers is None else headers

    @property
    def cookies(self) -> CookieJar:
        """The cookies of the request, and those that the answer sets."""
        if self._cookies is None:
            self._cookies = _cookie_jar().of(self.request, self._running.cookies)
        return self._cookies

    @property
    def last_event_id(self) -> str | None:
        """The `id` of the last event that a reader had before it came back, or None.

        A reader sends it in UTF-8 (WHATWG HTML section 9.2.4), unlike any other header field; what
        is not UTF-8 is U+FFFD.
        """
        value = self.request.headers.get("last-event-id")
        return value.encode("latin-1").decode("utf-8", "replace") if value else None

    @property
    def body(self) -> Any:
        """The body, as a parse hook gave it or decoded by its content type; None without one.

        JSON gives its value, a form `FormData`, text `str`, anything else `bytes`. What a transform
        sets here is what validation and the handler see.

        Raises:
            BodyNotReadError: the body was not read before: the function that asks hides from the
                route that it does. Read `ctx.request` instead.
            PeerError: the body does not decode (400).
        """
        if self._parsed is not UNPARSED:
            return self._parsed
        from portico._binding import decoded_body

        try:
            return decoded_body(self.request)
        except BodyNotReadError:
            raise BodyNotReadError(
                f"`ctx.body` was read on {self.route}, whose body was not read before: only a "
                "handler's own code is looked at. Await `ctx.request.json()` (or `text()`, "
                "`bytes()`, `form_data()`), or declare `body` as a parameter of the handler."
            ) from None

    @body.setter
    def body(self, value: Any) -> None:
        self._parsed = value

    @property
    def set(self) -> Settings:
        """Status and headers for the answer."""
        if self._set is None:
            self._set = Settings()
        return self._set

    @property
    def env(self) -> Mapping[str, str]:
        """The platform's environment."""
        return self.platform.env

    @property
    def deadline(self) -> float | None:
        """When the platform ends the call, on the clock of `platform.monotonic()`, or None."""
        return self.platform.deadline

    def wait_until(self, work: Awaitable[object] | Callable[[], object], /) -> Promise:
        """Hand over work that the answer does not depend on; returns when it will run."""
        return self.platform.wait_until(work)

    async def publish(self, topic: str, value: object, /) -> None:
        """Send a value to every WebSocket that has subscribed to a topic; see `WebSocket.publish`.

        Raises:
            CapabilityError: on this runtime there are none, or they cannot reach each other.
        """
        from portico._publishing import publish

        await publish(self, topic, value)

    def __getitem__(self, key: Key[T]) -> T:
        values = self._values
        if values is not None and key in values:
            value: T = values[key]
            return value
        if self._running.per_request:
            resource = self._running.resource_of_request(key)
            if resource is not None and (values is None or resource.key not in values):
                from portico._request_resources import enter_now

                made: T = enter_now(self, resource)
                return made
        return self._running.value(key, values)

    def __setitem__(self, key: StateKey[T], value: T) -> None:
        self._running.set_value(key, value)

    async def get(self, key: Key[T]) -> T:
        """The value of any key of the serving application; a lazy one is made now, once.

        Raises:
            DefinitionError: no application that serves has the key, or keys ask for each other.
        """
        from portico._asked_keys import asked

        value: T = await asked(self, key)
        return value
