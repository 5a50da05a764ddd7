"""`portico_cli._demo_app.wsgi:app` for gunicorn and other WSGI servers."""

from portico_cli._demo_app import app as application
from portico_wsgi import WSGI

app = WSGI(application)
