"""What `Portico.explain` says of a route: values of text, for people and tools.

Everything in them is plain: texts, numbers, tuples and mappings of them. Files and lines are
`"/path/file.py:12"`, or `""` where something is not written in Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class LinkExplanation(NamedTuple):
    """One function of a route's chain.

    Attributes:
        event: where in the lifecycle it runs: `"before_parse"`, `"derive"`, `"handle"`, ...
        name: of the function; of a handler that is a value, the value; of a built-in parser its
            name.
        function: file and line of the function.
        where: file and line of its registration.
        owner: the name of the application that it was registered on; `""` where that has none.
        scope: the scope that it was registered with, or that `as_` gave it; `"global"` of request
            hooks, `""` of the handler.
        matches: what it is for where it is not for all: the exception class or status of an error
            hook, the media type of a parse hook.
        is_async: its colour.
        may_block: whether it may block the thread that it runs on, so that an event loop gives it
            to a worker thread.
        reason: why it may block, or why not.
        reads: what it reads of the request, in words.
        keys: the keys that it binds, or names in its own code.
    """

    event: str
    name: str
    function: str
    where: str
    owner: str
    scope: str
    matches: str
    is_async: bool
    may_block: bool
    reason: str
    reads: tuple[str, ...]
    keys: tuple[str, ...]


class InputExplanation(NamedTuple):
    """Something of the request that is held to a type.

    Attributes:
        event: when: `"validation"`, or `"derive"` for what a derive binds, which runs before it.
        part: `"path"`, `"query"`, `"headers"`, `"cookies"` or `"body"`.
        name: of one parameter; `""` where the type is that of the whole part.
        type: as a developer writes it.
        by: the function that binds it, or `"schema"` of a guard, group, macro or route.
        where: file and line of the function or of the schema's registration.
    """

    event: str
    part: str
    name: str
    type: str
    by: str
    where: str


class UnitExplanation(NamedTuple):
    """Functions that run one after the other in one place.

    Attributes:
        links: their names.
        in_thread: whether an event loop gives them to a worker thread, as a whole.
    """

    links: tuple[str, ...]
    in_thread: bool


class RouteExplanation(NamedTuple):
    """How a route is answered.

    Attributes:
        method: `"*"` stands for every method.
        path: the pattern.
        handler: the name of the function, or the value.
        where: file and line of the registration.
        tags: what the route and its guards are tagged with.
        needs: the capabilities without which it makes no sense.
        links: every function that may run for a request, in the order of the lifecycle.
        inputs: what is validated.
        body: what of the body is read before the functions that read it, in words.
        answers: the type of the answers of each status, as it is declared.
        is_open: whether statuses and values that are not declared may be answered too.
        on_loop: the units on a runtime with an event loop (ASGI, Workers) on the way to an answer
            without an error.
        on_threads: the same on one whose threads may block (WSGI, Lambda).
        starts_loop: whether the latter starts an event loop for it.
    """

    method: str
    path: str
    handler: str
    where: str
    tags: tuple[str, ...]
    needs: tuple[str, ...]
    links: tuple[LinkExplanation, ...]
    inputs: tuple[InputExplanation, ...]
    body: str
    answers: Mapping[int, str]
    is_open: bool
    on_loop: tuple[UnitExplanation, ...]
    on_threads: tuple[UnitExplanation, ...]
    starts_loop: bool
