"""Portico behind WSGI, where the first hit of each route checks what `check()` would."""

from bench.applications.portico_sync import app as application
from portico_wsgi import WSGI

app = WSGI(application, check="deferred")
