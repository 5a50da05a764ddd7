"""Portico's `def` handlers behind Lambda."""

from bench.applications.portico_sync import app as application
from portico_lambda import Lambda

app = Lambda(application)
