"""JavaScript as Pyodide shows it to Python, as far as a Worker's adapter can tell; for CPython.

`installed()` puts modules under the names `js`, `pyodide.ffi` and `workers`, and takes them away
again. Their behaviour is that of workerd 1.20261117.1 with Pyodide 314.0.6, which was measured.
What JavaScript would throw is a `JsException`; its `null` is `jsnull`; its `undefined` is None.
"""

# ruff: noqa: N802 - the names are JavaScript's

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final, cast

__all__ = [
    "JsArray",
    "JsError",
    "JsException",
    "JsNull",
    "JsObject",
    "JsProxy",
    "PyProxy",
    "Uint8Array",
    "World",
    "installed",
    "jsnull",
]


class JsException(Exception):  # noqa: N818 - Pyodide's name
    """What JavaScript threw.

    Attributes:
        name: the name of the error's class in JavaScript, such as `"TypeError"`.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class JsNull:
    """JavaScript's `null`: false, and no object."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "jsnull"


jsnull: Final = JsNull()


class JsProxy:
    """An object of JavaScript, seen from Python."""


class JsObject(JsProxy):
    """A plain object, with its members as attributes."""

    def __init__(self, **members: object) -> None:
        self.__dict__.update(members)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    @staticmethod
    def fromEntries(entries: Iterable[Iterable[Any]]) -> JsObject:
        """The object that has these names and values."""
        return JsObject(**{str(name): value for name, value in entries})

    @staticmethod
    def keys(value: JsObject) -> JsArray:
        """The names of its members."""
        return JsArray(list(vars(value)))

    @classmethod
    def new(cls) -> JsObject:
        """An empty object."""
        return cls()


class JsArray(JsProxy):
    """An array."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __getitem__(self, index: int) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def to_py(self) -> list[Any]:
        """A list, arrays in it included."""
        return [item.to_py() if isinstance(item, JsArray) else item for item in self._items]


def _array_from(items: Iterable[Any]) -> JsArray:
    return JsArray(list(items))


# `from` is a keyword of Python.
setattr(JsArray, "from", staticmethod(_array_from))


class Uint8Array(JsProxy):
    """Bytes of JavaScript's own, or an `ArrayBuffer` with them."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def byteLength(self) -> int:
        """How many there are."""
        return len(self._data)

    def to_bytes(self) -> bytes:
        """A copy of them."""
        return self._data

    def to_py(self) -> memoryview:
        """A copy of them."""
        return memoryview(self._data)


class JsError(JsProxy):
    """An error that was not thrown yet."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        self.message = message

    @classmethod
    def new(cls, message: str = "") -> JsError:
        """An `Error`."""
        return cls("Error", message)


class PyProxy(JsProxy):
    """A Python callable that JavaScript holds, until it is destroyed."""

    def __init__(self, target: Callable[..., Any]) -> None:
        self._target = target
        self.is_destroyed = False

    def __call__(self, *args: Any) -> Any:
        if self.is_destroyed:
            raise JsException("Error", "Object has already been destroyed")
        return self._target(*args)

    def destroy(self) -> None:
        """Let go of the callable."""
        if self.is_destroyed:
            raise JsException("Error", "Object has already been destroyed")
        self.is_destroyed = True


class World:
    """One isolate: what it was configured with, and what it holds of Python's.

    Args:
        bindings: the members of `env`.

    Attributes:
        env: the bindings as an object of JavaScript.
        proxies: every proxy that was made.
    """

    def __init__(self, **bindings: object) -> None:
        self.env = JsObject(**bindings)
        self.proxies: list[PyProxy] = []

    @property
    def living_proxies(self) -> int:
        """How many proxies were made and not destroyed."""
        return sum(not proxy.is_destroyed for proxy in self.proxies)

    def create_proxy(self, target: Callable[..., Any]) -> PyProxy:
        """`pyodide.ffi.create_proxy`."""
        proxy = PyProxy(target)
        self.proxies.append(proxy)
        return proxy

    def import_from_javascript(self, name: str) -> JsObject:
        """`workers.import_from_javascript`, which knows one module."""
        if name != "cloudflare:workers":
            raise ImportError(f"Failed to import {name!r}")
        return JsObject(env=self.env)


def to_js(value: object, *, dict_converter: Callable[[JsArray], Any] | None = None) -> Any:
    """`pyodide.ffi.to_js`: a copy of a value of Python, in JavaScript."""
    if isinstance(value, bytes):
        return Uint8Array(value)
    if isinstance(value, list | tuple):
        items = cast("Iterable[object]", value)
        return JsArray([to_js(item, dict_converter=dict_converter) for item in items])
    if isinstance(value, dict) and dict_converter is not None:
        members = cast("dict[str, object]", value).items()
        return dict_converter(to_js(list(members), dict_converter=dict_converter))
    if isinstance(value, str | int | float | JsProxy | JsNull) or value is None:
        return value
    raise NotImplementedError(f"{value!r} would become a Map, or a proxy that nobody destroys")


def run_sync(awaitable: Awaitable[object]) -> Any:
    """`pyodide.ffi.run_sync`, as where a stack cannot be set aside: CPython has no such thing."""
    raise RuntimeError("Cannot stack switch because the runtime does not support it")


class Context(JsProxy):
    """The execution context of one call."""

    def __init__(self) -> None:
        self._held: list[Awaitable[object]] = []

    def waitUntil(self, work: Awaitable[object]) -> None:
        """Keep the call alive until this is done."""
        self._held.append(asyncio.ensure_future(work))

    async def settle(self) -> None:
        """Wait for all of it."""
        while self._held:
            await self._held.pop(0)


class WorkerEntrypoint:
    """`workers.WorkerEntrypoint`."""

    def __init__(self, ctx: Context, env: Any) -> None:
        self.ctx = ctx
        self.env = env


@contextmanager
def installed(**bindings: object) -> Generator[World]:
    """The modules of a Worker, importable while the block lasts.

    Args:
        bindings: the members of `env`.
    """
    world = World(**bindings)
    modules = _modules(world)
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield world
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def _modules(world: World) -> dict[str, ModuleType]:
    from portico_conformance._fake_js_fetch import Headers, Request, Response
    from portico_conformance._fake_js_streams import (
        FixedLengthStream,
        ReadableStream,
        TransformStream,
    )

    return {
        "js": _module(
            "js",
            Array=JsArray,
            Error=JsError,
            FixedLengthStream=FixedLengthStream,
            Headers=Headers,
            Object=JsObject,
            ReadableStream=ReadableStream,
            Request=Request,
            Response=Response,
            TransformStream=TransformStream,
        ),
        "pyodide": _module("pyodide"),
        "pyodide.ffi": _module(
            "pyodide.ffi",
            JsException=JsException,
            JsProxy=JsProxy,
            can_run_sync=lambda: False,
            create_proxy=world.create_proxy,
            jsnull=jsnull,
            run_sync=run_sync,
            to_js=to_js,
        ),
        "workers": _module(
            "workers",
            WorkerEntrypoint=WorkerEntrypoint,
            import_from_javascript=world.import_from_javascript,
        ),
    }


def _module(name: str, **members: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(members)
    return module
