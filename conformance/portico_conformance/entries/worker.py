"""The main module of a Python Worker."""

from portico_cloudflare import Entrypoint, Worker
from portico_conformance.application import OPTIONS, app

Default: type[Entrypoint] = Worker(app, **OPTIONS)
