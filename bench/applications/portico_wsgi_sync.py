"""Portico's `def` handlers behind WSGI."""

from bench.applications.portico_sync import app as application
from bench.applications.portico_sync import scaled as scaled_application
from portico_wsgi import WSGI

app = WSGI(application)


def scaled(routes: int, depth: int) -> WSGI:
    return WSGI(scaled_application(routes, depth))
