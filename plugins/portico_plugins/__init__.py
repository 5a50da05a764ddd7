"""Portable plugins for Portico, written against its public interface alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portico_plugins._redis import redis_broker
    from portico_plugins._static import static
else:

    def __getattr__(name: str) -> object:
        # Each plugin is imported when somebody asks for it: an application uses a few of them.
        if name == "redis_broker":
            from portico_plugins._redis import redis_broker

            globals()[name] = redis_broker
            return redis_broker
        if name == "static":
            from portico_plugins._static import static

            globals()[name] = static
            return static
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)


__all__ = ["redis_broker", "static"]
