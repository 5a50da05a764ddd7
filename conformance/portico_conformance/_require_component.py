"""For tests that need a component: found, or the test says by name what is missing."""

import os
from collections.abc import Callable
from typing import TypeVar

import pytest

from portico_conformance.components import ComponentMissingError

Found = TypeVar("Found")


def require_component(find: Callable[[], Found]) -> Found:
    """What `find` finds: `require_component(ensure_emulator)` gives the emulator's path.

    Where it is missing, the test is skipped, with the command that gets it as the reason. With
    `CI=true` in the environment it fails: there every runtime is tested.
    """
    try:
        return find()
    except ComponentMissingError as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"With CI=true each component has to be there. {error}", pytrace=False)
        pytest.skip(str(error))
