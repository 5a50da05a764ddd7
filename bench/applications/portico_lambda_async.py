"""Portico's `async def` handlers behind Lambda."""

from bench.applications.portico_async import app as application
from bench.applications.portico_async import scaled as scaled_application
from portico_lambda import Lambda

app = Lambda(application)


def scaled(routes: int, depth: int) -> Lambda:
    return Lambda(scaled_application(routes, depth))
