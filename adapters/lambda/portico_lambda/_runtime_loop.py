"""A Lambda runtime of our own: invocations from the Runtime API, one after the other.

The runtimes of AWS for Python cannot stream an answer. This one can; it also gives the function
whatever else theirs do: the context object, the deadline, the trace id, errors in their form, and
the hooks around a snapshot.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from portico import DefinitionError
from portico_lambda._answer_stream import RuntimeApiError
from portico_lambda._handler import Lambda
from portico_lambda._runtime_context import InvocationContext
from portico_lambda._snapshot import restore
from portico_lambda._streaming import takes_streams

if TYPE_CHECKING:
    from portico_lambda._runtime_api import Invoked, RuntimeApi


def serve(target: str, api: RuntimeApi, *, streams: bool = True) -> NoReturn:
    """Initialize the function and answer invocations for as long as there are any.

    Args:
        target: `"module:attribute"`, or as Lambda writes it, `"module.attribute"`: an application,
            or a `Lambda` of one.
        api: the Runtime API.
        streams: whether answers to function URLs and REST APIs leave piece by piece.

    Raises:
        SystemExit: the function could not be initialized, which the Runtime API was told.
        RuntimeApiError: there are no more invocations.
    """
    handler = _initialized(target, api)
    while True:
        answer_one(handler, api, streams=streams)


def answer_one(handler: Lambda, api: RuntimeApi, *, streams: bool) -> None:
    """Wait for one invocation, and answer it."""
    invoked = api.next()
    _trace(invoked.headers.get("Lambda-Runtime-Trace-Id"))
    try:
        _answer(handler, api, invoked, streams=streams)
    except BaseException as error:
        _log(error, f"invocation {invoked.id} failed")
        try:
            api.fail(invoked.id, error)
        except RuntimeApiError as refused:
            _log(refused, f"the failure of invocation {invoked.id} could not be told")
        if not isinstance(error, Exception):
            raise


def _answer(handler: Lambda, api: RuntimeApi, invoked: Invoked, *, streams: bool) -> None:
    event: object = json.loads(invoked.payload)
    context = InvocationContext(invoked.headers)
    if streams and takes_streams(event):
        handler.stream(event, context, api.stream(invoked.id))
    else:
        api.respond(invoked.id, json.dumps(handler(event, context)).encode())


def _trace(header: str | None) -> None:
    """Put the id of the trace where AWS X-Ray's SDK looks for it."""
    if header is None or "\0" in header:  # which no variable can hold
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    else:
        os.environ["_X_AMZN_TRACE_ID"] = header


def _initialized(target: str, api: RuntimeApi) -> Lambda:
    try:
        handler = loaded(target)
        restore(handler, api)
        handler.start()
    except Exception as error:
        _log(error, f"{target} could not be initialized")
        api.init_failed(error)
        raise SystemExit(1) from error
    return handler


def loaded(target: str) -> Lambda:
    """The function that a text names; an application becomes one.

    Raises:
        DefinitionError: it names nothing of the kind.
        Exception: what importing the module raises.
    """
    module, colon, attribute = target.partition(":")
    if not colon:
        module, _, attribute = target.rpartition(".")
    if not module or not attribute:
        raise DefinitionError(
            f"The function is named {target!r}. Name it 'module:attribute', as in 'main:app'."
        )
    found: Any = import_module(module.replace("/", "."))
    for name in attribute.split("."):
        found = getattr(found, name, None)
    if isinstance(found, Lambda):
        return found
    if callable(getattr(found, "handle", None)) and callable(getattr(found, "start", None)):
        return Lambda(found)
    raise DefinitionError(
        f"{target!r} leads to {found!r}. It has to be an application, or a `Lambda(app)`."
    )


def _log(error: BaseException, where: str) -> None:
    import logging

    logging.getLogger("portico").error("%s", where, exc_info=error)


def task_root() -> None:
    """Let the function's own modules be imported, from where Lambda has put them."""
    root = os.environ.get("LAMBDA_TASK_ROOT")
    if root and root not in sys.path:
        sys.path.insert(0, root)
