"""`portico_conformance.entries.function.handler` for Lambda."""

from typing import Final

from portico.contract import OptionArguments
from portico_conformance.application import OPTIONS, app
from portico_lambda import Lambda

# Behind a domain name of its own, an API's stage is no part of the URL.
_options: OptionArguments = {**OPTIONS, "root_path": ""}

handler: Final = Lambda(app, **_options)
