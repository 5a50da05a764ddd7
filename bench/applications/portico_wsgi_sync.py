"""Portico's `def` handlers behind WSGI."""

from bench.applications.portico_sync import app as application
from portico_wsgi import WSGI

app = WSGI(application)
