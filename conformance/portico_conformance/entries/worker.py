"""The main module of a Python Worker."""

from portico_cloudflare import Worker
from portico_conformance.application import OPTIONS, app

Default = Worker(app, **OPTIONS)
