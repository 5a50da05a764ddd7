"""From `"module:attribute"` to the application."""

import os
import sys
from importlib import import_module

from portico import Portico


class ApplicationError(Exception):
    """There is no application where one was said to be; the text says what is there instead."""


def load_application(where: str) -> Portico:
    """Import `"module:attribute"`, where the current folder comes first on the module path.

    What the module itself raises is raised as it is: its traceback is what one wants to see.

    Raises:
        ApplicationError: there is no such module or attribute, or it is something else.
    """
    name, colon, attribute = where.partition(":")
    if not (name and colon and attribute):
        raise ApplicationError(f"{where!r} is not of the form module:attribute, such as main:app.")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = import_module(name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        # One that the module itself cannot find is that module's mistake.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise ApplicationError(
            f"There is no module {error.name!r} in {os.getcwd()} or on the module path. "
            "Run this in the folder that the module is in."
        ) from None
    except AttributeError as error:
        raise ApplicationError(f"{where!r} cannot be found: {error}.") from None
    if not isinstance(found, Portico):
        raise ApplicationError(
            f"{where!r} is of type {type(found).__name__}. Name the Portico application itself."
        )
    return found
