"""For tests that need a component: found, or the test says by name what is missing."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from portico_conformance._servers import ServerMissingError
from portico_conformance.components import ComponentMissingError

Found = TypeVar("Found")


def require_component(find: Callable[[], Found]) -> Found:
    """What `find` finds: `require_component(ensure_emulator)` gives the emulator's path."""
    with components_required():
        return find()


@contextmanager
def components_required() -> Generator[None]:
    """Name a component or a server that turns out to be missing in the `with` block.

    The test is then skipped, with the command that gets it as the reason. With `CI=true` in the
    environment it fails: there every runtime is tested.
    """
    try:
        yield
    except (ComponentMissingError, ServerMissingError) as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"With CI=true each component has to be there. {error}", pytrace=False)
        pytest.skip(str(error))
