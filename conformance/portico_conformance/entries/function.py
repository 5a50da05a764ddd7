"""`portico_conformance.entries.function.handler` for Lambda."""

from typing import Final

from portico_conformance.application import OPTIONS, app
from portico_lambda import Lambda

handler: Final = Lambda(app, **OPTIONS)
