"""What `check()` finds out about request-lived keys: mistakes that would wait for a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portico._chain import made_later
from portico._errors import DefinitionError
from portico._key import Key, is_request_key

if TYPE_CHECKING:
    from portico._chain import Chain
    from portico._link import Link


def check_keys(chain: Chain) -> None:
    """Raise what is wrong with the request-lived keys of an application, used or not.

    Args:
        chain: one of the application, whose keys are looked at.

    Raises:
        DefinitionError: a key cannot be made: a parameter has no source, a key that it wants has no
            application or is made later, or keys want each other.
    """
    surroundings = chain.surroundings
    made = [
        key
        for key, known in surroundings.keys.items()
        if is_request_key(key)
        and key is known
        and key not in surroundings.overridden
        and key not in surroundings.hidden  # for the routes of its plugin alone, which know it
    ]
    wants: dict[Key[Any], list[Key[Any]]] = {}
    for key in made:
        link = chain.link_of_key(key)
        link.check()
        wants[key] = _wanted_by(link, chain)
    checked: set[Key[Any]] = set()
    for key in made:
        _refuse_circle(key, wants, [], checked)


def _wanted_by(link: Link, chain: Chain) -> list[Key[Any]]:
    """The keys without which a link's value cannot be made."""
    wanted: list[Key[Any]] = []
    for key in wanted_keys(link, chain):
        if is_request_key(key) and key not in chain.surroundings.overridden:
            if link.kind == "derive" and key.hook.kind == "resolve":
                raise made_later(link, key)
            wanted.append(key)
    return wanted


def wanted_keys(link: Link, chain: Chain) -> list[Key[Any]]:
    """The keys that a link binds or reads, as the serving application has them.

    Raises:
        DefinitionError: it does not have one.
    """
    wanted: list[Key[Any]] = []
    bound, read = link.bound_keys(), link.read_keys()
    for key in (*bound, *sorted(read, key=lambda key: key.name)):
        known = chain.known(key)
        if known is None:
            raise DefinitionError(
                f"{link.signature.where} uses {key!r}, whose application is not part of this one."
            )
        wanted.append(known)
    return wanted


def _refuse_circle(
    key: Key[Any],
    wants: dict[Key[Any], list[Key[Any]]],
    path: list[Key[Any]],
    checked: set[Key[Any]],
) -> None:
    if key in path:
        names = " > ".join(each.name for each in (*path[path.index(key) :], key))
        raise DefinitionError(f"There are keys that ask for each other: {names}. Break the circle.")
    if key not in checked:
        for other in wants.get(key, ()):
            _refuse_circle(other, wants, [*path, key], checked)
        checked.add(key)
