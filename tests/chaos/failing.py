"""An application whose start fails, for good."""

from collections.abc import Iterator
from typing import Final

from portico import Portico
from portico_asgi import ASGI
from portico_wsgi import WSGI

application = Portico()


def connect(host: str) -> str:
    raise LookupError(f"no database at {host}")


@application.resource
def database() -> Iterator[str]:
    yield connect("db.test")


application.get("/", "hello")

asgi: Final = ASGI(application)
wsgi: Final = WSGI(application)
