"""Portico's `async def` handlers behind WSGI."""

from bench.applications.portico_async import app as application
from portico_wsgi import WSGI

app = WSGI(application)
