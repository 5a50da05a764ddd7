"""`wrk`, which asks a server on loopback as fast as it answers, for a whole number of seconds."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from bench._exchanges import Exchange

MISSING: Final = (
    "The wire mode needs wrk, which is not on the PATH. On Debian and Ubuntu: apt install wrk"
)
_PATIENCE: Final = 20.0  # seconds beyond the measured ones

_rate = re.compile(r"^Requests/sec:\s+([\d.]+)$", re.MULTILINE)
_count = re.compile(r"^\s+(\d+) requests in ", re.MULTILINE)
_slowest = re.compile(r"^\s+99%\s+([\d.]+)(us|ms|s|m)$", re.MULTILINE)
_refused = re.compile(r"^\s+Non-2xx or 3xx responses: (\d+)$", re.MULTILINE)
_broken = re.compile(r"^\s+Socket errors: (.+)$", re.MULTILINE)
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


class WrkError(Exception):
    """A run is worth nothing: requests failed, or there is no result. The text says which."""


class Load(NamedTuple):
    """What one run found."""

    rate: float
    """Requests in a second."""
    requests: int
    """How many were answered."""
    slow: float
    """The time, in seconds, within which 99 of 100 requests were answered."""


def is_there() -> bool:
    """Whether this machine has it."""
    return shutil.which("wrk") is not None


def run(port: int, exchange: Exchange, *, seconds: int, connections: int, folder: Path) -> Load:
    """Send one exchange over and over.

    Raises:
        WrkError: a request failed, or `wrk` did.
    """
    script = folder / f"{exchange.name}.lua"
    script.write_text(lua(exchange), "utf-8")
    target = exchange.path + (f"?{exchange.query}" if exchange.query else "")
    command = ["wrk", "--threads", "1", "--connections", str(connections)]
    command += ["--duration", f"{seconds}s", "--latency", "--script", str(script)]
    try:
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{target}"],
            capture_output=True,
            text=True,
            timeout=seconds + _PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WrkError(f"wrk did not end within {seconds + _PATIENCE:.0f} seconds") from None
    if done.returncode:
        raise WrkError(f"wrk failed: {done.stderr.strip()[-300:]}")
    return parsed(done.stdout, is_refusal_expected=exchange.expected.statuses[0] >= 400)


def parsed(output: str, *, is_refusal_expected: bool = False) -> Load:
    """What the output of a run says.

    Raises:
        WrkError: a request failed, or the output has no rate.
    """
    rate, count, slow = (each.search(output) for each in (_rate, _count, _slowest))
    if rate is None or count is None or slow is None:
        raise WrkError(f"wrk printed no result: {output[-300:]!r}")
    refused, broken = _refused.search(output), _broken.search(output)
    if refused is not None and not is_refusal_expected:
        raise WrkError(f"{refused[1]} answers were errors")
    if broken is not None:
        raise WrkError(f"sockets had errors: {broken[1]}")
    return Load(float(rate[1]), int(count[1]), float(slow[1]) * _UNITS[slow[2]])


def lua(exchange: Exchange) -> str:
    """The script that makes `wrk` send the exchange."""
    lines = [f"wrk.method = {_quoted(exchange.method.encode())}"]
    lines += [
        f"wrk.headers[{_quoted(name.encode())}] = {_quoted(value.encode())}"
        for name, value in exchange.headers
    ]
    if exchange.body:
        lines.append(f"wrk.body = {_quoted(exchange.body)}")
    return "\n".join(lines) + "\n"


def _quoted(text: bytes) -> str:
    """A Lua literal; any byte may be written as three decimal digits."""
    plain = (
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03d}" for byte in text
    )
    return f'"{"".join(plain)}"'
