"""Processes that are forked after the application was loaded, or has run."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from chaos.gate import Gate
from chaos.servers import PATIENCE, changed, end_of, serve, wait_for_log
from portico_conformance._raw_client import RawClient
from portico_conformance._wire import WireRequest

PATHS = ["/hello", "/thread", "/stream", "/iterator"]


@pytest.mark.parametrize("row", ["gunicorn-sync", "gunicorn-gthread", "gunicorn-asgi"])
def test_workers_that_were_forked_from_a_loaded_application_serve_and_end(row: str) -> None:
    with (
        Gate() as gate,
        serve(changed(row, "--preload", "--workers=2"), gate.environment) as server,
    ):
        wait_for_log(server, "Booting worker", 2)
        with RawClient(server.host, server.port, PATIENCE) as client:
            client.start("GET", "/await", [("Content-Length", "0")])
            first = gate.next()
            # The first worker waits; with one thread each, the other one answers.
            with RawClient(server.host, server.port, PATIENCE) as other:
                bodies = [other.request(WireRequest("GET", path)).body for path in PATHS]
            first.let_go()
            waited = client.read_head().status, client.read_some()
        server.terminate()
        status = end_of(server)

    assert bodies == [b"hello", b"thread", b"onetwothree", b"onetwothree"]
    assert (waited, status) == ((200, b"waited"), 0)


SETUP = """
import asyncio, os, sys, threading, warnings
from chaos.application import application
from chaos.test_flat_memory import REQUESTS, behind_asgi, behind_wsgi
from wsgiref.util import setup_testing_defaults

warnings.simplefilter("ignore")  # of forking beside a thread, which is what is tested

async def ask_all(ask):
    for request in REQUESTS:
        await ask(request)

def in_child(work):
    child = os.fork()
    if not child:
        try:
            work()
            print("child", threading.active_count(), flush=True)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


def output(program: str) -> list[str]:
    path = str(Path(__file__).parent.parent)
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{SETUP}{program}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_fork_of_a_process_whose_loop_has_run_gets_a_loop_of_its_own() -> None:
    said = output(
        textwrap.dedent(
            """
            ask = behind_asgi()
            asyncio.run(ask_all(ask))
            print("parent", in_child(lambda: asyncio.run(ask_all(ask))))
            asyncio.run(ask_all(ask))
            """
        )
    )

    assert said == ["child 1", "parent 0"]


@pytest.mark.parametrize("multithread", [False, True])
def test_a_fork_of_a_process_that_has_served_wsgi_gets_threads_of_its_own(
    multithread: bool,
) -> None:
    said = output(
        textwrap.dedent(
            f"""
            ask, wsgi = behind_wsgi({multithread})

            def run():
                try:
                    ask_all(ask).send(None)
                except StopIteration:
                    pass

            run()
            print("parent", in_child(run))
            run()
            print(threading.active_count())
            """
        )
    )

    threads = said.pop()
    assert said == [f"child {threads}", "parent 0"]
    assert (int(threads) > 1) == multithread
