"""`Bindings`: what the Worker was configured with, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any


class Bindings(Mapping[str, Any]):
    """The names of an `env` and their values, of which each is looked up when it is asked for."""

    __slots__ = ("_env", "_names")

    def __init__(self, env: Any, names: list[str]) -> None:
        self._env = env
        self._names = names

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return getattr(self._env, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def binding_names() -> list[str]:
    """The names in this Worker's `env`, which itself cannot be listed from Python."""
    workers, js = import_module("workers"), import_module("js")
    env = workers.import_from_javascript("cloudflare:workers").env
    return list(js.Object.keys(env))
