"""How long a run measures."""

from typing import Final, NamedTuple


class Settings(NamedTuple):
    """Sizes and times of every mode; `seconds` are of one sample in process."""

    rounds: int = 15
    seconds: float = 0.06
    scales: tuple[int, ...] = (100, 1000, 10_000)
    memory_requests: int = 200
    cold_rounds: int = 9
    wire_rounds: int = 3
    wire_seconds: int = 2
    wire_exchanges: tuple[str, ...] = ("hello", "json", "params", "create", "list")
    connections: int = 16
    runtime_rounds: int = 3


FULL: Final = Settings()
QUICK: Final = Settings(
    rounds=3,
    seconds=0.012,
    scales=(100, 1000),
    memory_requests=20,
    cold_rounds=2,
    wire_rounds=1,
    wire_seconds=1,
    wire_exchanges=("hello", "params"),
    runtime_rounds=1,
)
