"""Portico's `async def` handlers behind Lambda."""

from collections.abc import AsyncIterator

from bench.applications.portico_async import app as shared
from bench.applications.portico_async import scaled as scaled_application
from portico import Portico
from portico_lambda import Lambda

chunk = "x" * 1024
application = Portico().use(shared)


# In the place of the same of bytes, which would be base64 in the result.
@application.get("/stream")
async def stream() -> AsyncIterator[str]:
    for _ in range(100):
        yield chunk


app = Lambda(application)


def scaled(routes: int, depth: int) -> Lambda:
    return Lambda(scaled_application(routes, depth))
