"""What stands in the place of a handler by mistake."""

from __future__ import annotations

from portico._errors import DefinitionError
from portico._hook import Hooks
from portico._key import Key


def no_handler(target: object, what: str) -> DefinitionError:
    """The error of a route whose handler is something else.

    Args:
        target: `Hooks`, a key, an application or a group.
        what: the route, for the message.
    """
    said = f"{what} got {target!r} as its handler."
    if isinstance(target, Hooks):
        return DefinitionError(
            f"{said} `Hooks` come beside it: `@app.get('/path', hooks)` above the function, or "
            "`app.get('/path', handler, hooks)`."
        )
    if isinstance(target, Key):
        return DefinitionError(
            f"{said} A handler binds a key, with `use(key)`. What both answers and makes a value "
            "is a function that the two call."
        )
    return DefinitionError(
        f"{said} An application gives its routes with `use(app)`, or stands on its own under "
        "`mount('/path', app)`."
    )
