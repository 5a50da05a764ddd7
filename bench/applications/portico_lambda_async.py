"""Portico's `async def` handlers behind Lambda."""

from bench.applications.portico_async import app as application
from portico_lambda import Lambda

app = Lambda(application)
