"""`portico check`: the mistakes of an application, without serving it."""

import json
import sys
from collections.abc import Sequence

from portico import CapabilityError, DefinitionError
from portico_cli._application import ApplicationError, load_application
from portico_cli._targets import Judged, Target, as_json, as_text, judged
from portico_cli._unreached import unreached


def check(
    where: str, *, strict: bool = False, targets: Sequence[str] = (), as_data: bool = False
) -> int:
    """Print what is wrong with the application at `"module:attribute"`; returns the exit status.

    Args:
        where: the application.
        strict: whether a hook that reaches no route is a mistake too, and not only a warning.
        targets: runtimes; what would fail on one of them is a mistake too.
        as_data: whether a tool reads what there is to say of the targets.
    """
    try:
        app = load_application(where)
        warned = unreached(app)
        found = [(target, judged(app, target)) for target in map(Target.of, targets)]
    except ApplicationError as error:
        print(f"portico check: {error}", file=sys.stderr)
        return 2
    except (CapabilityError, DefinitionError) as error:
        print(f"{where}: {error}")
        return 1
    for text in warned:
        stream = sys.stderr if as_data else sys.stdout
        print(f"{where}: {'' if strict else 'warning: '}{text}", file=stream)
    _show(found, as_data)
    fails = any(route.verdict == "fails" for _, routes in found for route in routes)
    if fails or (warned and strict):
        return 1
    if not as_data:
        print(f"{where}: no mistakes found.")
    return 0


def _show(found: Sequence[tuple[Target, list[Judged]]], as_data: bool) -> None:
    if as_data:
        print(json.dumps([as_json(target, routes) for target, routes in found], indent=2))
        return
    for target, routes in found:
        for line in as_text(target, routes):
            print(line)
