"""The suite for an adapter of your own, and for an application that is deployed.

    pytest --pyargs portico_conformance --adapter mypackage.conformance:serve

`serve(app, **options)` is called once, with the conformance application and the arguments of
`Options` that its adapter must be given, such as `max_body_size=...`. It returns one of these, or a
context manager that gives one and stops what it started when it is left:

- an ASGI application, which then runs on asyncio under the strict validator;
- a WSGI application, which then runs under `wsgiref.validate`;
- the base URL of a server on loopback, `"http://127.0.0.1:8080"`, that serves the application,
  with `portico_conformance.application:app` loaded in a process of its own if it likes;
- a `Client` of your own making, for what has neither interface nor socket.

The function may have two attributes. `capabilities` is the adapter's table: a case that is about a
capability which is not native asserts what it says must happen instead. Without the attribute every
capability counts as native, and whatever is missing fails. `concurrent` is False where a second
request is not answered before the first is; cases then signal through files in the folder that
`PORTICO_CONFORMANCE_DIR` names, which a process that you start has to inherit.

    @contextmanager
    def serve(app, **options):
        with MyServer(MyAdapter(app, **options)) as server:
            yield f"http://127.0.0.1:{server.port}"

    serve.capabilities = MyAdapter.capabilities
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any, Protocol, TypeAlias, TypeGuard, cast
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

from portico import Portico
from portico.contract import NATIVE, Capabilities, Capability, Support
from portico_conformance._case import Case, Client, Exchange, Row

__all__ = [
    "AsgiApp",
    "Case",
    "Client",
    "Exchange",
    "Factory",
    "Row",
    "Served",
    "adapted_row",
    "deployed_row",
]

AsgiApp: TypeAlias = Callable[[Any, Any, Any], Awaitable[object]]
Served: TypeAlias = AsgiApp | WSGIApplication | Client | str


class Factory(Protocol):
    """What `--adapter` names; the module's text says what it may return."""

    def __call__(self, app: Portico, /, **options: Any) -> Served | AbstractContextManager[Served]:
        """Serve the application."""
        ...


def adapted_row(name: str) -> Row:
    """The row of `--adapter module:factory`.

    Raises:
        ValueError: there is no such thing.
    """
    module, _, attribute = name.partition(":")
    try:
        factory: Factory = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"--adapter is {name!r}, which cannot be found: {error}. It is the name of a module "
            "and of a function in it, such as 'mypackage.conformance:serve'."
        ) from error
    capabilities: Capabilities = getattr(factory, "capabilities", _all_native())
    row: Row = Row(
        id=name,
        adapter=name,
        on_wire=False,
        capabilities=capabilities,
        open=lambda: _opened(row, factory),
        concurrent=getattr(factory, "concurrent", True),
    )
    return row


def deployed_row(url: str) -> Row:
    """The row of `TEST_HOST`; the application that answers there says what it can.

    Raises:
        ValueError: it is no URL of a host.
        OSError: it cannot be reached.
    """
    capabilities: dict[Capability, Support] = {}
    row: Row = Row(
        id="deployed",
        adapter="deployed",
        on_wire=True,
        capabilities=capabilities,
        open=lambda: _deployed(row, url, capabilities),
    )
    _split(url)
    return row


@contextmanager
def _opened(row: Row, factory: Factory) -> Generator[Client]:
    from portico_conformance.application import OPTIONS, app

    with ExitStack() as exits:
        given = factory(app, **OPTIONS)
        if _is_context_manager(given):
            given = exits.enter_context(given)
        yield exits.enter_context(_client(row, cast("Served", given)))


@contextmanager
def _client(row: Row, served: Served) -> Generator[Client]:
    if isinstance(served, str):
        with _on_wire(row, served) as client:
            yield client
    elif _is_client(served):
        served.row = row
        yield served
    elif _is_asgi(served):
        from portico_conformance._in_process_asgi import asgi_client

        with asgi_client(row, served, "asyncio") as client:
            yield client
    elif _is_wsgi(served):
        from portico_conformance._in_process_wsgi import wsgi_client

        with wsgi_client(row, served) as client:
            yield client
    else:
        raise TypeError(
            f"{row.id} gave {served!r}. It gives an ASGI or WSGI application, a base URL, "
            "or a `Client`, or a context manager of one of these."
        )


@contextmanager
def _deployed(row: Row, url: str, capabilities: dict[Capability, Support]) -> Generator[Client]:
    with _on_wire(row, url) as client:
        capabilities.update(_reported(client))
        yield client


def _reported(client: Client) -> dict[Capability, Support]:
    import json

    answer = client.request("GET", "/platform")
    if answer.status != 200:
        raise ValueError(
            f"GET /platform was answered with status {answer.status}. The host of TEST_HOST has to "
            "serve `portico_conformance.application`, from the root of its paths."
        )
    table: dict[str, str] = json.loads(answer.body)["capabilities"]
    return {Capability(name): Support(support) for name, support in table.items()}


@contextmanager
def _on_wire(row: Row, url: str) -> Generator[Client]:
    from portico_conformance._on_wire import WireClient

    scheme, host, port, authority = _split(url)
    with ExitStack() as exits:
        if scheme == "https":
            from portico_conformance._tls_tunnel import tls_tunnel

            host, port = "127.0.0.1", exits.enter_context(tls_tunnel(host, port))
        yield exits.enter_context(closing(WireClient(row, host, port, authority)))


def _split(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and authority of a base URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise ValueError(
            f"{url!r} is no base URL. It is a scheme and a host, such as 'http://127.0.0.1:8080'."
        )
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], parts.netloc


_PORTS = {"http": 80, "https": 443}


def _all_native() -> Capabilities:
    return dict.fromkeys(Capability, NATIVE)


def _is_context_manager(
    given: Served | AbstractContextManager[Served],
) -> TypeGuard[AbstractContextManager[Served]]:
    return isinstance(given, AbstractContextManager)


def _is_client(served: object) -> TypeGuard[Client]:
    return all(callable(getattr(served, name, None)) for name in ("request", "send", "open"))


def _is_asgi(served: object) -> TypeGuard[AsgiApp]:
    called = getattr(served, "__call__", None)  # noqa: B004 - a coroutine function, if it is one
    inner = getattr(called, "__call__", None)  # noqa: B004 - `__call__` may be an object itself
    return any(map(iscoroutinefunction, (served, called, inner)))


def _is_wsgi(served: object) -> TypeGuard[WSGIApplication]:
    return callable(served)
