"""What routes need of a runtime: what they declare, and what their code shows.

What is inferred decides nothing, and says what to expect: a function that names `deadline` gets
None where there is none. So a need that is found too many, by a name that means something else,
does no harm, and one that is not found, since a context went elsewhere, is told of (`is_open`).
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from portico._key import is_resource_key
from portico._runtime import Capability
from portico._signature import code_names, plain_function
from portico.needs import Need, RouteNeeds

if TYPE_CHECKING:
    from portico._app import Portico
    from portico._chain import Chain
    from portico._link import Link
    from portico._route import Route

# Members of the context, the platform and the request, by the names that no code reads otherwise.
_MEMBERS: Final = {
    "deadline": Capability.DEADLINE,
    "early_hints": Capability.EARLY_HINTS,
    "raw_path": Capability.RAW_PATH,
    "run_blocking": Capability.THREADS,
    "send_trailers": Capability.TRAILERS,
    "signal": Capability.DISCONNECT,
    "wait_until": Capability.BACKGROUND,
}
_ORDER: Final = {capability: index for index, capability in enumerate(Capability)}
_STREAM_READINGS: Final = frozenset({"stream", "parts"})
_STREAMS: Final[frozenset[Any]] = frozenset(
    {AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator}
)


def needs_of(app: Portico, receiving: Sequence[Link]) -> list[RouteNeeds]:
    """What the application needs as a whole, if anything, and each of its routes, in order.

    Args:
        app: the application, in use.
        receiving: its request hooks, which run before routing.

    Raises:
        DefinitionError: as `Portico.check` does.
    """
    surroundings = app._surroundings()
    found = list(_as_a_whole(app, receiving))
    for route in app._routes:
        own = _of_route(route, route.chain(surroundings))
        inner = _mounted(route, own)
        found += [own] if inner is None else inner
    return found


def _as_a_whole(app: Portico, receiving: Sequence[Link]) -> list[RouteNeeds]:
    """What starts and stops, and what runs for every request before it has a route."""
    from portico._mount import MountResource

    needs: dict[Capability, Need] = {}
    own = [each for each in app._resources if not isinstance(each, MountResource)]
    for resource in (*own, *app._life_hooks):
        name = resource.key.name
        _add(needs, Capability.STARTUP, f"{name!r} is entered at start")
        if resource.is_generator:
            _add(needs, Capability.SHUTDOWN, f"{name!r} is left at stop")
    for link in receiving:
        _of_link(needs, link, is_handler=False)
    is_open = any(link.hands_context_on() for link in receiving)
    return [RouteNeeds("", "", "", _sorted(needs), is_open)] if needs or is_open else []


def _mounted(route: Route, around: RouteNeeds) -> list[RouteNeeds] | None:
    """The routes of an application of this kind that is mounted there, with what is around them.

    None is for anything else that stands there.
    """
    from portico._app import Portico
    from portico._mount import REST, Mount

    target, prefix = route.target, route.pattern.text.removesuffix(f"/{REST}")
    if not isinstance(target, Mount) or not isinstance(target.application, Portico):
        return None
    if prefix == route.pattern.text:  # the prefix alone, which leads to the same routes
        return []
    return [
        _below(each, prefix, around) if each.method else each for each in target.application.needs
    ]


def _below(inner: RouteNeeds, prefix: str, around: RouteNeeds) -> RouteNeeds:
    needs = {need.capability: need for need in around.needs}
    # What is declared counts for more than what is inferred.
    needs |= {
        need.capability: need
        for need in inner.needs
        if need.is_declared or need.capability not in needs
    }
    is_open = inner.is_open or around.is_open
    return inner._replace(path=prefix + inner.path, needs=_sorted(needs), is_open=is_open)


def _of_route(route: Route, chain: Chain) -> RouteNeeds:
    needs: dict[Capability, Need] = {}
    for capability in route.needs:
        needs[capability] = Need(capability, "the route declares it", True)
    is_open = False
    for link in chain.links():
        if link is chain.handler and not callable(route.target):
            if _is_file(route.target):
                _add(needs, Capability.FILESYSTEM, "it answers with a file")
            continue
        for part in link.parts():
            _of_link(needs, part, is_handler=part is chain.handler)
        is_open = is_open or link.hands_context_on()
    return RouteNeeds(route.method, route.pattern.text, route.where, _sorted(needs), is_open)


def _of_link(needs: dict[Capability, Need], link: Link, *, is_handler: bool) -> None:
    who = link.name
    if is_handler and (link.signature.is_generator or _declares_stream(link)):
        _add(needs, Capability.STREAM_RESPONSE, f"{who}() answers with a stream")
    if link.is_bound and link.plan.body == "stream":
        _add(needs, Capability.STREAM_REQUEST, f"{who}() takes the body as a stream")
        if link.waits_for_stream():
            _add(needs, Capability.THREADS, f"{who}() waits for the body in synchronous code")
    if link.kind == "after_response":
        _add(needs, Capability.BACKGROUND, f"{who}() runs after the response")
    for key in (*link.bound_keys(), *link.named_keys(), *link.asked_keys()):
        if is_resource_key(key) and key.io:
            _add(needs, Capability.SHARED_RESOURCES, f"{who}() uses the resource {key.name!r}")
    function = plain_function(link.fn)
    if function is None:
        return
    names = code_names(function.__code__)
    if _uses_topics(link, names):
        _add(needs, Capability.TOPICS, f"{who}() publishes on a topic, or subscribes to one")
    if _opens_files(names, function.__globals__):
        _add(needs, Capability.FILESYSTEM, f"{who}() opens files")
    if link.is_bound and not link.plan.takes_context:
        return
    for name in sorted(names & _MEMBERS.keys()):
        _add(needs, _MEMBERS[name], f"{who}() uses `{name}`")
    if names & _STREAM_READINGS and "request" in names:
        _add(needs, Capability.STREAM_REQUEST, f"{who}() reads the body as a stream")


def _uses_topics(link: Link, names: frozenset[str]) -> bool:
    """Whether it takes `publish` of its context, or that or `subscribe` of a `WebSocket`."""
    if link.kind.startswith("ws."):
        return not names.isdisjoint({"publish", "subscribe"})
    if "publish" not in names or (link.is_bound and not link.plan.takes_context):
        return False
    # Other things have something of that name.
    use = link.context_use
    return use is None or "publish" in use.reads


def _declares_stream(link: Link) -> bool:
    """Whether its annotation has an iterator among its answers, or a stream of this project's."""
    from portico._stream import ByteStream

    def is_stream(annotation: Any) -> bool:
        origin = get_origin(annotation)
        if annotation is ByteStream or annotation in _STREAMS or origin in _STREAMS:
            return True
        return origin is not None and any(is_stream(each) for each in get_args(annotation))

    try:
        return is_stream(link.signature.annotations().get("return"))
    except TypeError:  # an annotation that has no hash
        return False


def _opens_files(names: frozenset[str], known: dict[str, Any]) -> bool:
    from portico._file import file

    return any(known.get(name) is file for name in names) or (
        "open" in names and "open" not in known
    )


def _is_file(target: object) -> bool:
    from portico._file import FileAnswer

    return isinstance(target, FileAnswer)


def _add(needs: dict[Capability, Need], capability: Capability, why: str) -> None:
    needs.setdefault(capability, Need(capability, why, False))


def _sorted(needs: dict[Capability, Need]) -> tuple[Need, ...]:
    return tuple(sorted(needs.values(), key=lambda need: _ORDER[need.capability]))
