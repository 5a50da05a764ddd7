"""The `portico` command."""

from portico_cli._command import main

__all__ = ["main"]
