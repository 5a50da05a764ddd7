"""The chains of an application, as its routes are compiled to."""

# pyright: reportPrivateUsage=false
from portico import Portico
from portico._chain import Chain
from portico._link import Link


def chains_of(app: Portico) -> list[Chain]:
    """The chain of each route, in order of registration."""
    surroundings = app._surroundings()
    return [route.chain(surroundings) for route in app._routes]


def last_handler(app: Portico) -> Link:
    """The link of the handler that was registered last."""
    handler = chains_of(app)[-1].handler
    assert handler is not None
    return handler
