"""`portico_conformance.entries.asgi:app` for ASGI servers: the application under our validator."""

import sys
from typing import Final

from portico_asgi import ASGI
from portico_conformance._asgi_validator import AsgiViolation, validate
from portico_conformance.application import OPTIONS
from portico_conformance.application import app as application

VIOLATION: Final = "ASGI violation: "
"""What each violation's line in the server's log starts with."""


def _print(violation: AsgiViolation) -> None:
    sys.stderr.write(f"{VIOLATION}{violation}\n")
    sys.stderr.flush()


# Only the application is judged: a server's own mistakes are not what the suite is about.
app: Final = validate(ASGI(application, **OPTIONS), server=False, report=_print)
