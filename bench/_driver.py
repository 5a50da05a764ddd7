"""What drives an application in process, one class for each interface."""

from importlib import import_module
from typing import Any, Final, Protocol

from bench._exchanges import EXCHANGES, Answer, Exchange, faults


class Driver(Protocol):
    """Calls one application."""

    def answer(self, exchange: Exchange) -> Answer:
        """The answer to one exchange."""
        ...

    def nanoseconds(self, exchange: Exchange, count: int) -> int:
        """Processor time of the whole process, for answering it this many times."""
        ...

    def close(self) -> None:
        """End what the driver started."""
        ...


_DRIVERS: Final = {
    "asgi": ("bench._asgi_driver", "AsgiDriver"),
    "wsgi": ("bench._wsgi_driver", "WsgiDriver"),
    "lambda": ("bench._lambda_driver", "LambdaDriver"),
}


def drive(app: Any, interface: str, event: str = "http") -> Driver:
    """The driver of an application; that of ASGI loads an event loop, the others must not."""
    driver: Driver = load(interface)(app, event)
    return driver


def load(interface: str) -> Any:
    """The class of an interface's drivers, with what it imports."""
    module, name = _DRIVERS[interface]
    return getattr(import_module(module), name)


def left_out(module: str) -> dict[str, str]:
    """The exchanges that a module cannot answer, each with the reason."""
    reasons: dict[str, str] = getattr(import_module(module), "LEFT_OUT", {})
    return reasons


def check(driver: Driver, without: dict[str, str]) -> list[str]:
    """Send every exchange but those; returns what was wrong, a sentence each."""
    found: list[str] = []
    for exchange in EXCHANGES:
        if exchange.name in without:
            continue
        try:
            wrong = faults(exchange.expected, driver.answer(exchange))
        except Exception as error:  # noqa: BLE001 - what a peer raises is a fault of its answer
            wrong = [f"it raised {type(error).__name__}: {error}"]
        found += [f"{exchange.name}: {sentence}" for sentence in wrong]
    return found
