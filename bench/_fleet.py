"""The processes that hold one application each, started and ended together."""

import json
import os
import subprocess
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from select import select
from typing import IO, Any, Final, cast

from bench._contenders import Contender
from bench._environments import ROOT
from bench._exchanges import TIMED
from bench._run import Run

ORDER_SECONDS: Final = 60.0

_STOP_SECONDS: Final = 5.0


class WorkerError(Exception):
    """A worker could not do what it was told; the text says why."""


class Hand:
    """The parent's end of one worker."""

    def __init__(self, contender: Contender, process: subprocess.Popen[str], log: IO[str]) -> None:
        self.contender = contender
        self._process = process
        self._log = log

    def order(self, do: str, *, within: float = ORDER_SECONDS, **arguments: object) -> Any:
        """Give an order and wait so many seconds for its result.

        Raises:
            WorkerError: it failed, it took longer, or the worker has ended.
        """
        to_worker, from_worker = self._process.stdin, self._process.stdout
        if to_worker is None or from_worker is None:
            raise WorkerError("It has no pipes.")
        try:
            to_worker.write(json.dumps({"do": do, **arguments}) + "\n")
            to_worker.flush()
            line = self._line(from_worker, within)
        except OSError:
            line = ""
        if not line:
            raise WorkerError(f"It ended. Its log ends:\n{self._tail()}")
        answer = cast("dict[str, Any]", json.loads(line))
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer["result"]

    def _line(self, from_worker: IO[str], within: float) -> str:
        """The next line; one that does not come in time ends the worker."""
        ready, _, _ = select([from_worker], [], [], within)
        if not ready:
            self._process.kill()
            raise WorkerError(f"It had no result after {within:.0f} seconds.")
        return from_worker.readline()

    def _tail(self) -> str:
        self._log.seek(0)
        return self._log.read()[-1500:]

    def close(self) -> None:
        """End the worker: by the end of its input, or else by force."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def workers(contenders: Sequence[Contender], run: Run) -> Generator[list[Hand]]:
    """A worker for each contender whose environment is there."""
    with ExitStack() as exits:
        hands: list[Hand] = []
        for contender in contenders:
            python = run.environments.python(contender.environment)
            if python is not None:
                hands.append(_start(contender, python, run.logs, exits))
        yield hands


def child_environment() -> dict[str, str]:
    """The environment variables of a child: this tree can be imported, and hashes are fixed."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}


def _start(contender: Contender, python: Path, logs: Path, exits: ExitStack) -> Hand:
    name = contender.key.replace("/", "-").replace(" ", "-")
    log = exits.enter_context((logs / f"{name}.log").open("w+"))
    arguments = [contender.module, contender.interface, contender.event]
    process = subprocess.Popen(
        [str(python), "-m", "bench._worker", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env=child_environment(),
    )
    hand = Hand(contender, process, log)
    exits.callback(hand.close)
    return hand


def checked(hands: Sequence[Hand], run: Run) -> dict[str, list[Hand]]:
    """By exchange, those that answer it; whose answers are wrong is left out of the run."""
    able: dict[str, list[Hand]] = {name: [] for name in TIMED}
    for hand in hands:
        key = hand.contender.key
        try:
            outcome = hand.order("check")
        except WorkerError as error:
            run.leave_out(key, str(error))
            continue
        if outcome["faults"]:
            run.leave_out(key, "\n".join(outcome["faults"]))
            continue
        for name in TIMED:
            if name in outcome["left_out"]:
                run.leave_out(f"{key}, {name}", outcome["left_out"][name])
            else:
                able[name].append(hand)
    return able
