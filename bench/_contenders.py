"""Who is measured: each application with its interface, its module and its environment."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

Interface = Literal["asgi", "wsgi", "lambda", "own"]
"""Those of a contender; `own` is that of a framework which is its own server."""

INTERFACES: Final[tuple[Interface, ...]] = ("asgi", "wsgi", "lambda")
"""Those that can be called in process."""

OWN: Final = "portico"
"""The environment that has this project in it; the callables by hand are run there too."""


class Contender(NamedTuple):
    """One application behind one interface; its module has it as `app`."""

    name: str
    interface: Interface
    module: str
    environment: str
    """The name of its file in `requirements/`, and of its virtual environment."""
    event: Literal["http", "rest"] = "http"
    """The event that its Lambda handler takes: of an HTTP API (2.0) or of a REST API (1.0)."""

    @property
    def key(self) -> str:
        """What it is called in results, on all interfaces."""
        return f"{self.interface}/{self.name}"


LIMIT: Final = "by hand"
BARE: Final = "bare worker"
"""The limit of a Worker, whose interface is JavaScript's."""

PORTICO: Final = "portico"


def _own(name: str, interface: Interface, module: str) -> Contender:
    return Contender(name, interface, f"bench.applications.{module}", OWN)


def _peer(interface: Interface, module: str, environment: str = "", name: str = "") -> Contender:
    name = name or module
    return Contender(name, interface, f"bench.peers.{module}", environment or module)


CONTENDERS: Final[tuple[Contender, ...]] = (
    _own(LIMIT, "asgi", "by_hand_asgi"),
    _own(PORTICO, "asgi", "portico_async"),
    _own("portico, def", "asgi", "portico_sync"),
    _peer("asgi", "starlette"),
    _peer("asgi", "fastapi"),
    _peer("asgi", "litestar"),
    _peer("asgi", "falcon_asgi", "falcon", "falcon"),
    _peer("asgi", "blacksheep"),
    _peer("asgi", "quart"),
    _peer("asgi", "sanic"),
    _own(LIMIT, "wsgi", "by_hand_wsgi"),
    _own(PORTICO, "wsgi", "portico_wsgi_sync"),
    _own("portico, async def", "wsgi", "portico_wsgi_async"),
    _peer("wsgi", "falcon_wsgi", "falcon", "falcon"),
    _peer("wsgi", "flask"),
    _peer("wsgi", "bottle"),
    _peer("wsgi", "django"),
    _own(LIMIT, "lambda", "by_hand_lambda"),
    _own(PORTICO, "lambda", "portico_lambda_sync"),
    _own("portico, async def", "lambda", "portico_lambda_async"),
    _peer("lambda", "mangum_starlette", "starlette", "mangum + starlette"),
    _peer("lambda", "mangum_fastapi", "fastapi", "mangum + fastapi"),
    _peer("lambda", "apig_wsgi_flask", "flask", "apig-wsgi + flask"),
    _peer("lambda", "powertools"),
    _peer("lambda", "chalice")._replace(event="rest"),
    _peer("own", "robyn"),
)


DEFERRED: Final[tuple[Contender, ...]] = tuple(
    _own("portico, check deferred", interface, f"portico_deferred_{interface}")
    for interface in INTERFACES
)
"""Portico without `check()` at its start, which only the mode `cold-start` can tell."""


def chosen(
    interface: Interface, names: Sequence[str] = (), among: Iterable[Contender] = CONTENDERS
) -> list[Contender]:
    """The contenders of an interface; with names, those and the callable by hand and Portico."""
    always = {LIMIT, PORTICO}
    return [
        contender
        for contender in among
        if contender.interface == interface and (not names or contender.name in {*names, *always})
    ]


def title(interface: str) -> str:
    """How an interface is written in a heading."""
    return interface.upper() if interface != "lambda" else "Lambda"
