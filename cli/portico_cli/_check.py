"""`portico check`: the mistakes of an application, without serving it."""

import sys

from portico import CapabilityError, DefinitionError
from portico_cli._application import ApplicationError, load_application
from portico_cli._unreached import unreached


def check(where: str, *, strict: bool = False) -> int:
    """Print what is wrong with the application at `"module:attribute"`; returns the exit status.

    Args:
        where: the application.
        strict: whether a hook that reaches no route is a mistake too, and not only a warning.
    """
    try:
        warned = unreached(load_application(where))
    except ApplicationError as error:
        print(f"portico check: {error}", file=sys.stderr)
        return 2
    except (CapabilityError, DefinitionError) as error:
        print(f"{where}: {error}")
        return 1
    for text in warned:
        print(f"{where}: {'' if strict else 'warning: '}{text}")
    if warned and strict:
        return 1
    print(f"{where}: no mistakes found.")
    return 0
