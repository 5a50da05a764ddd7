"""`Mount`: an application that answers everything under a path, with a life and hooks of its own.

It is none of the outer application's plugins: nothing of it is registered there. It gets requests
whose path begins where its own begins, and a platform that says where that is; its `Running` is
entered and left with that of the application around it, once, however often it is mounted.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Final, cast

from portico._errors import DefinitionError
from portico._key import Key
from portico._link import LinkSource
from portico._lived import Resource
from portico._path import canonical_segments
from portico._pattern import Form, Parameter, Pattern
from portico._response import Response
from portico._stream import ByteStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from portico._app import Portico
    from portico._context import Context
    from portico._link import Link
    from portico._request import Request
    from portico._upgrade import Upgrade
    from portico.contract import Application, Capabilities, Connecting, Platform, Running

REST: Final = "{mounted_path:path}"
"""What follows the prefix in the pattern of a mount."""


class Mount(LinkSource):
    """What stands in the place of a handler on the routes of a mounted application.

    Attributes:
        application: the application.
    """

    __slots__ = ("_key", "_patterns", "application")

    def __init__(self, application: Application, key: Key[Any]) -> None:
        self.application = application
        self._key = key
        self._patterns: dict[str, Pattern] = {}

    @property
    def connects(self) -> bool:
        """Whether the application accepts WebSockets."""
        return callable(getattr(self.application, "connect", None))

    def link(self, path_names: Sequence[str], *, connects: bool = False) -> Link:
        """The handler of a route; the body is left to the application, as a stream is.

        Args:
            path_names: the parameters of its path.
            connects: whether it is for requests for WebSockets.
        """
        from portico._argument import Argument
        from portico._binding import Plan, read_context
        from portico._link import Link

        fn = self.connect if connects else self.answer
        link = Link("handle", fn, path_names, blocking=False)
        whole = Argument("ctx", False, read_context)
        unread = Argument("body", False, lambda ctx: None, "stream")
        link.take_plan(Plan((whole, unread), ()))
        return link

    def answer(self, ctx: Context, body: None = None) -> Response | Awaitable[Response]:
        """What the application answers, or an awaitable of it.

        Raises:
            Exception: what it raises, which is the outer application's to answer.
        """
        if ctx._on_loop and not ctx.platform.on_loop:
            # Its synchronous code was promised a thread that may block.
            return self._off_loop(ctx)
        answer = self._handle(ctx)
        if isinstance(answer, Awaitable):
            return self._awaited(answer, ctx)
        return self._checked(answer, ctx)

    def connect(
        self, ctx: Context, body: None = None
    ) -> Upgrade | Response | Awaitable[Upgrade | Response]:
        """What the application says to a request for a WebSocket, or an awaitable of it."""
        connecting = cast("Connecting", self.application)
        request, platform, running = self._inside(ctx)
        return connecting.connect(request, platform, running)

    async def _off_loop(self, ctx: Context) -> Response:
        from portico._resumption import offload

        answer = await offload(ctx.platform, lambda: self._handle(ctx))
        return self._checked(await answer if isinstance(answer, Awaitable) else answer, ctx)

    async def _awaited(self, pending: Awaitable[Response], ctx: Context) -> Response:
        return self._checked(await pending, ctx)

    def _handle(self, ctx: Context) -> Response | Awaitable[Response]:
        return self.application.handle(*self._inside(ctx))

    def _inside(self, ctx: Context) -> tuple[Request, Platform, Any]:
        """The request, the platform and the `Running` of the application."""
        from portico._mounted_platform import mounted_platform
        from portico._mounted_request import MountedRequest

        root, path = self._split(ctx)
        platform = mounted_platform(ctx.platform, ctx.platform.root_path + root)
        request = MountedRequest(ctx.request, path)
        return request, platform, ctx._running.value(self._key)

    def _split(self, ctx: Context) -> tuple[str, str]:
        """The path of the mount and what follows it, percent-encoded as they came."""
        pattern = self._patterns.get(ctx.route)
        if pattern is None:
            pattern = self._patterns[ctx.route] = Pattern(ctx.route)
        count = next(_length(form) for form in pattern.forms if _names(form) == set(ctx.params))
        segments = canonical_segments(ctx.request.raw_path)
        return "".join(f"/{part}" for part in segments[:count]), "/" + "/".join(segments[count:])

    def _checked(self, answer: object, ctx: Context) -> Response:
        if not isinstance(answer, Response):
            raise DefinitionError(
                f"The mounted {self.application!r} answered with {answer!r}. `handle` returns a "
                "`Response`, or an awaitable of one."
            )
        if isinstance(answer.content, ByteStream):
            # A hook may send something else, and nobody would close this one then.
            ctx._unsent = answer
        return answer

    def __repr__(self) -> str:
        return f"<mount of {self.application!r}>"


# It declares nothing that an answer could be held to: the application has seen to that.
Mount.answer.__annotations__ = {}
Mount.connect.__annotations__ = {}


def _names(form: Form) -> set[str]:
    return {part.name for part in form if isinstance(part, Parameter)}


def _length(form: Form) -> int:
    """How many segments of a form stand before the mounted application's own."""
    last = form[-1]
    is_own = last == "" or (isinstance(last, Parameter) and last.is_rest)
    return len(form) - is_own


class MountResource(Resource):
    """The life of a mounted application, in that of the application around it."""

    __slots__ = ("_application",)

    def __init__(self, application: Application) -> None:
        super().__init__(
            Key(f"mount of {application!r}"),
            lambda keys: None,
            lambda running: None,
            is_async=False,
            is_generator=False,
        )
        self._application = application

    def at(self, platform: Platform) -> Resource:
        """The resource of one start, which enters the application's own `Running`."""
        running = self._application.start(platform)
        entered = _entered_async if running.is_async else _entered
        return Resource(
            self.key,
            self.bind,
            lambda outer: entered(running),
            is_async=running.is_async,
            is_generator=True,
        )

    def check(self, capabilities: Capabilities | None, runtime: str) -> None:
        """Find the mistakes of the mounted application too."""
        self._application.check(capabilities, runtime)


def _entered(running: Running) -> Iterator[Running]:
    with running:
        yield running


async def _entered_async(running: Running) -> AsyncIterator[Running]:
    async with running:
        yield running


def mount(application: Any, outer: Portico, where: str) -> Mount:
    """The mount of an application in another one, which gets its life.

    Raises:
        DefinitionError: it is no application, or the same one.
    """
    from portico._app import Portico

    said = f"mount() at {where} got {application!r}."
    members = ("check", "start", "handle")
    if isinstance(application, type) or not all(
        callable(getattr(application, name, None)) for name in members
    ):
        raise DefinitionError(
            f"{said} It mounts a `Portico`, or whatever has `check`, `start` and `handle` as "
            "`portico.contract.Application` describes them; a server's interface is none."
        )
    if application is outer:
        raise DefinitionError(f"{said} That is the application that it is called on.")
    if isinstance(application, Portico):
        application._freeze(where)
    # By itself, so that it has one life also where several plugins mount it.
    identity = (Mount, id(application))
    key = outer._key_identities.get(identity)
    if key is None:
        resource = MountResource(application)
        key = outer._key_identities[identity] = outer._keys[resource.key] = resource.key
        outer._resources.append(resource)
    return Mount(application, key)
