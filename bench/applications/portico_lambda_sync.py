"""Portico's `def` handlers behind Lambda."""

from collections.abc import Iterator

from bench.applications.portico_sync import app as shared
from bench.applications.portico_sync import scaled as scaled_application
from portico import Portico
from portico_lambda import Lambda

chunk = "x" * 1024
application = Portico().use(shared)


# In the place of the same of bytes, which would be base64 in the result.
@application.get("/stream")
def stream() -> Iterator[str]:
    for _ in range(100):
        yield chunk


app = Lambda(application)


def scaled(routes: int, depth: int) -> Lambda:
    return Lambda(scaled_application(routes, depth))
