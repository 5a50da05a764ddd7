"""The processes that hold one application each, started and ended together."""

import json
import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from select import select
from typing import IO, Any, cast

from bench._contenders import Contender
from bench._environments import ROOT, Environments

_STOP_SECONDS = 5.0
_ORDER_SECONDS = 60.0


class WorkerError(Exception):
    """A worker could not do what it was told; the text says why."""


class Hand:
    """The parent's end of one worker."""

    def __init__(self, contender: Contender, process: subprocess.Popen[str], log: IO[str]) -> None:
        self.contender = contender
        self._process = process
        self._log = log

    def order(self, do: str, **arguments: object) -> Any:
        """Give an order and wait for its result.

        Raises:
            WorkerError: it failed, or the worker has ended.
        """
        to_worker, from_worker = self._process.stdin, self._process.stdout
        if to_worker is None or from_worker is None:
            raise WorkerError(f"{self.contender.key} has no pipes.")
        try:
            to_worker.write(json.dumps({"do": do, **arguments}) + "\n")
            to_worker.flush()
            line = self._line(from_worker)
        except OSError:
            line = ""
        if not line:
            raise WorkerError(f"{self.contender.key} ended. Its log ends:\n{self._tail()}")
        answer = cast("dict[str, Any]", json.loads(line))
        if "error" in answer:
            raise WorkerError(f"{self.contender.key}: {answer['error']}")
        return answer["result"]

    def _line(self, from_worker: IO[str]) -> str:
        """The next line; one that does not come in time ends the worker."""
        ready, _, _ = select([from_worker], [], [], _ORDER_SECONDS)
        if not ready:
            self._process.kill()
            raise WorkerError(
                f"{self.contender.key} had no result after {_ORDER_SECONDS:.0f} seconds."
            )
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
def workers(
    contenders: Sequence[Contender], environments: Environments, logs: Path
) -> Generator[list[Hand]]:
    """A worker for each contender whose environment is there."""
    with ExitStack() as exits:
        hands: list[Hand] = []
        for contender in contenders:
            python = environments.python(contender.environment)
            if python is not None:
                hands.append(_start(contender, python, logs, exits))
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


def checked(hands: Sequence[Hand]) -> tuple[list[Hand], dict[str, dict[str, str]]]:
    """Those whose answers are right, and by key and exchange what is left out with the reason.

    What is wrong is printed by name, and its contender left out of the run.
    """
    right: list[Hand] = []
    left_out: dict[str, dict[str, str]] = {}
    for hand in hands:
        key = hand.contender.key
        try:
            outcome = hand.order("check")
        except WorkerError as error:
            print(f"left out: {error}", file=sys.stderr)
            left_out[key] = {"*": str(error).splitlines()[0]}
            continue
        for fault in outcome["faults"]:
            print(f"left out: {key}: {fault}", file=sys.stderr)
        if outcome["faults"]:
            left_out[key] = {"*": outcome["faults"][0]}
        else:
            right.append(hand)
            left_out[key] = outcome["left_out"]
    return right, left_out
