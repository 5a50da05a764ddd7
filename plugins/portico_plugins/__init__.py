"""Portable plugins for Portico, written against its public interface alone."""

__all__: list[str] = []
