"""`JavaScript`: what the adapter uses of the runtime's globals and of Pyodide."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class JavaScript:
    """The functions and classes of JavaScript that the adapter calls, each looked up once.

    Make one at the first request and no sooner: a snapshot of the memory, from which a deployed
    Worker starts, cannot hold objects of JavaScript.

    Attributes:
        js: the global object of the Worker, whose names a Python module stands for.
        create_proxy: makes a Python object one of JavaScript, which lives until it is destroyed.
        to_js: copies a Python value to JavaScript.
        null: JavaScript's `null`, which is not the `None` that stands for `undefined`.
        error: the class of what JavaScript throws.
        run_sync: waits for an awaitable in synchronous code; other code goes on meanwhile.
        can_run_sync: whether the runtime lets a request do so.
        array_from: makes an array of anything that JavaScript can iterate over.
        from_entries: makes an object of JavaScript of what was a dictionary.
        make_headers, make_response: their constructors.
    """

    __slots__ = (
        "_by_type",
        "array_from",
        "can_run_sync",
        "create_proxy",
        "error",
        "from_entries",
        "js",
        "make_headers",
        "make_response",
        "null",
        "run_sync",
        "to_js",
    )

    def __init__(self) -> None:
        js, ffi = import_module("js"), import_module("pyodide.ffi")
        self.js: Any = js
        self.create_proxy: Any = ffi.create_proxy
        self.to_js: Any = ffi.to_js
        self.null: Any = ffi.jsnull
        self.run_sync: Any = ffi.run_sync
        self.can_run_sync: bool = ffi.can_run_sync()
        self.error: type[Exception] = ffi.JsException
        self.array_from: Any = getattr(js.Array, "from")
        self.from_entries: Any = js.Object.fromEntries
        self.make_headers: Any = js.Headers.new
        self.make_response: Any = js.Response.new
        self._by_type: dict[str, tuple[Any, Any]] = {}

    def headers_of(self, content_type: str) -> tuple[Any, Any]:
        """`Headers` of JavaScript with this Content-Type, always the same, and their `set`.

        Only the few types of plain answers are asked for.
        """
        found = self._by_type.get(content_type)
        if found is None:
            headers = self.make_headers()
            headers.append("content-type", content_type)
            found = self._by_type[content_type] = headers, headers.set
        return found

    def object(self, **members: object) -> Any:
        """An object of JavaScript with these members."""
        return self.to_js(members, dict_converter=self.from_entries)
