"""The main module of a Cloudflare Python Worker."""

from portico_cli._demo_app import app
from portico_cloudflare import Worker

Default = Worker(app)
