"""`AsgiEntry`: what a server finds as `app.__call__`."""

from __future__ import annotations

from functools import partial
from typing import Any


class AsgiEntry(partial[Any]):
    """An asynchronous function of three arguments that refuses to be called with two.

    Servers ask `inspect.iscoroutinefunction(app.__call__)` to tell ASGI 3 from ASGI 2, and that
    function looks through `functools.partial`; so a partial keeps the answer, while its own call
    can refuse a WSGI server at once, which a coroutine could only do when it is awaited.
    """

    __slots__ = ()

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Serve one ASGI connection."""
        if len(args) == 2 and not kwargs:
            raise TypeError(
                "This application was called with two arguments, as a WSGI server does. Portico "
                "itself is an ASGI application; give the server `portico_wsgi.WSGI(app)`."
            )
        return super().__call__(*args, **kwargs)
