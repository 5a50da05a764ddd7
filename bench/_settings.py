"""How long a run measures."""

from typing import Final, NamedTuple

NESTED: Final = 5
"""How deep plugins are nested in the mode `scale`."""


class Settings(NamedTuple):
    """Sizes and times of every mode; `seconds` are of one sample in process."""

    rounds: int = 11
    seconds: float = 0.04
    scales: tuple[int, ...] = (100, 1000, 10_000)
    depths: tuple[int, ...] = (0, NESTED)
    patience: float = 10.0
    """Seconds of the processor that a number of routes may be expected to take."""
    scale_seconds: float = 30.0
    """Seconds on the clock after which it is ended, where it takes longer than expected."""
    memory_requests: int = 200
    cold_rounds: int = 7
    wire_rounds: int = 3
    wire_seconds: int = 1
    wire_exchanges: tuple[str, ...] = ("hello", "params", "create")
    wire_servers: tuple[str, ...] = ()
    """The servers; empty for all."""
    wire_names: tuple[str, ...] = ()
    """Who is served; empty for all."""
    connections: int = 16
    runtime_rounds: int = 3

    worker_names: tuple[str, ...] = ()
    """Whose Worker is started; empty for all."""

    def takes_worker(self, name: str) -> bool:
        """Whether a Worker is started."""
        return not self.worker_names or name in self.worker_names

    def takes_on_wire(self, name: str) -> bool:
        """Whether a contender is served."""
        return not self.wire_names or name in self.wire_names


FULL: Final = Settings()
QUICK: Final = Settings(
    rounds=3,
    seconds=0.008,
    scales=(100,),
    depths=(0,),
    memory_requests=20,
    cold_rounds=2,
    wire_rounds=1,
    wire_seconds=1,
    wire_exchanges=("params",),
    wire_servers=("uvicorn", "gunicorn"),
    wire_names=("by hand", "portico", "starlette", "fastapi", "flask"),
    runtime_rounds=1,
    worker_names=("bare worker", "portico", "workers.asgi + by hand"),
)
