"""An application whose start fails, for good."""

from collections.abc import Iterator
from typing import Final

from portico import Portico
from portico_asgi import ASGI
from portico_wsgi import WSGI

application = Portico()


@application.resource
def database() -> Iterator[str]:
    raise LookupError("no database at db.test")
    yield "database"


application.get("/", "hello")

asgi: Final = ASGI(application)
wsgi: Final = WSGI(application)
