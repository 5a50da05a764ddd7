"""The hooks of an application that reach no route."""

import warnings

from portico import Portico, UnreachedHookWarning


def unreached(app: Portico) -> list[str]:
    """Check the application, and return what its warnings of such hooks say.

    Other warnings are shown as Python shows them.

    Raises:
        DefinitionError, CapabilityError: as `Portico.check` does.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnreachedHookWarning)
        app.check()
    for each in caught:
        if not issubclass(each.category, UnreachedHookWarning):
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return [str(each.message) for each in caught if issubclass(each.category, UnreachedHookWarning)]
