"""The command line: which command is meant, with what, and the exit status it ends with.

What a command needs is imported when it runs: a Worker, which can import this package too, has no
use for any of it, and `portico --version` should not wait for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

INTERRUPTED = 130  # what shells report for a program that SIGINT ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name (by default this process's); returns its status.

    0: it went well. 1: it found something wrong. 2: the arguments make no sense; that, `--help` and
    `--version` raise `SystemExit`, as argparse does. 130: it was interrupted.
    """
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if parsed.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        status = _run(parser, parsed)
        sys.stdout.flush()  # here, and not at Python's end, a reader that is gone can be told
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output, as in `portico demo | head`, has seen enough. Python would
        # write the rest at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(parser: ArgumentParser, parsed: Namespace) -> int:
    if parsed.command == "check":
        from portico_cli._check import check

        if parsed.json and not parsed.target:
            parser.error("--json shows what --target finds, and there is none")
        return check(
            parsed.app, strict=parsed.strict, targets=parsed.target or (), as_data=parsed.json
        )
    if parsed.command == "routes":
        return _run_routes(parser, parsed)
    from portico_cli._demo import demo
    from portico_cli._demo_runtimes import RUNTIMES

    if unknown := [name for name in parsed.runtimes if name not in RUNTIMES]:
        parser.error(f"there is no runtime {unknown[0]!r}, only {', '.join(RUNTIMES)}")
    names = dict.fromkeys(parsed.runtimes or RUNTIMES)
    return demo([RUNTIMES[name] for name in names], keep=parsed.keep)


def _run_routes(parser: ArgumentParser, parsed: Namespace) -> int:
    from portico_cli._routes import Wanted, routes

    # One argument with a blank in it, `"GET /users"`, is meant as the two.
    route: list[str] = [word for given in parsed.explain or () for word in given.split()]
    if parsed.app is None and len(route) % 2:
        # `--explain main:app`: the option takes every word that follows it.
        parsed.app = route.pop(0)
    if parsed.app is None:
        parser.error("routes needs a module:attribute, such as main:app")
    if len(route) > 2:
        parser.error(f"--explain takes a method and a path, not {' '.join(route)!r}")
    wanted = Wanted(explain=parsed.explain is not None, route=route, as_json=parsed.json)
    return routes(parsed.app, wanted)


def _parser() -> ArgumentParser:
    from argparse import ArgumentParser
    from importlib.metadata import version

    parser = ArgumentParser(
        prog="portico", description="Portico: typed web applications for every runtime."
    )
    parser.add_argument("--version", action="version", version=f"portico {version('portico')}")
    commands = parser.add_subparsers(dest="command", metavar="command", title="commands")

    text = "answer the same requests on every runtime, side by side"
    command = commands.add_parser("demo", help=text, description=_sentence(text))
    command.add_argument(
        "runtimes",
        nargs="*",
        metavar="runtime",
        help="uvicorn, gunicorn, lambda or workerd; all of them, where none is named",
    )
    command.add_argument(
        "--keep", action="store_true", help="keep serving after that, until Ctrl-C or SIGTERM"
    )

    text = "find the mistakes of an application without serving it"
    command = commands.add_parser("check", help=text, description=_sentence(text))
    command.add_argument(
        "app", metavar="module:attribute", help="where the application is, such as main:app"
    )
    command.add_argument(
        "--strict", action="store_true", help="a hook that reaches no route is a mistake too"
    )
    command.add_argument(
        "--target",
        action="append",
        choices=("asgi", "wsgi", "lambda", "cloudflare"),
        help="a runtime: list what would fail on it, which is a mistake, and what would degrade",
    )
    command.add_argument("--json", action="store_true", help="print the targets as JSON, for tools")

    text = "show the routes of an application, and how each is answered"
    command = commands.add_parser("routes", help=text, description=_sentence(text))
    command.add_argument(
        "app",
        nargs="?",
        metavar="module:attribute",
        help="where the application is, such as main:app",
    )
    command.add_argument(
        "--explain",
        nargs="*",
        metavar="word",
        help="show the chain of each route; or of one, as in `--explain GET /users/{id}`",
    )
    command.add_argument("--json", action="store_true", help="print JSON, for tools")
    return parser


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
