"""What app-lived keys that no function makes start with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._errors import DefinitionError
from portico._key import ConstantKey, Key, StateKey

if TYPE_CHECKING:
    from collections.abc import Mapping


def initial_values(
    keys: Mapping[Key[Any], Key[Any]], overridden: Mapping[Key[Any], Any]
) -> dict[Key[Any], Any]:
    """The values of constants, of states (copied), and of what was overridden.

    A state that was overridden starts with a copy of that value.

    Raises:
        DefinitionError: the initial value of a state cannot be copied.
    """
    values: dict[Key[Any], Any] = {}
    for key, known in keys.items():
        if key is not known:
            continue  # of a plugin that is there twice: the one stands for the other
        if isinstance(key, ConstantKey | StateKey):
            values[key] = initial_value(key, overridden)
        elif key in overridden:
            values[key] = overridden[key]
    return values


def initial_value(key: ConstantKey[Any] | StateKey[Any], overridden: Mapping[Key[Any], Any]) -> Any:
    """What one of them starts with.

    Raises:
        DefinitionError: the initial value of a state cannot be copied.
    """
    if isinstance(key, ConstantKey):
        return overridden.get(key, key.value)
    initial: Any = overridden.get(key, key.initial)
    if isinstance(initial, str | int | float | bytes | bool | None):
        return initial
    from copy import deepcopy

    try:
        return deepcopy(initial)
    except Exception as error:
        raise DefinitionError(
            f"The state {key.name!r} starts with {initial!r}, which cannot be copied for each "
            "start. Make it a resource, or give it plain data."
        ) from error
