"""`portico check`: the mistakes of an application, without serving it."""

import sys

from portico import CapabilityError, DefinitionError
from portico_cli._application import ApplicationError, load_application


def check(where: str) -> int:
    """Print what is wrong with the application at `"module:attribute"`; returns the exit status."""
    try:
        load_application(where).check()
    except ApplicationError as error:
        print(f"portico check: {error}", file=sys.stderr)
        return 2
    except (CapabilityError, DefinitionError) as error:
        print(f"{where}: {error}")
        return 1
    print(f"{where}: no mistakes found.")
    return 0
