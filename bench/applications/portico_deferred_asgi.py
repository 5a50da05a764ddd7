"""Portico behind ASGI, where the first hit of each route checks what `check()` would."""

from bench.applications.portico_async import app as application
from portico_asgi import ASGI

app = ASGI(application, check="deferred")
