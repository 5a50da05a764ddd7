"""`portico_conformance.entries.wsgi:app` for WSGI servers."""

from typing import Final

from portico_conformance.application import OPTIONS
from portico_conformance.application import app as application
from portico_wsgi import WSGI

app: Final = WSGI(application, **OPTIONS)
