"""The README's application does what the README says that it does."""

import asyncio
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from portico import Portico, Request, Response
from portico.contract import Platform

README = Path(__file__).parents[1] / "README.md"
BLOCKS: list[tuple[str, str]] = re.findall(r"```(\w+)\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.fixture(name="app")
def readme_app(monkeypatch: pytest.MonkeyPatch) -> Portico:
    app: Portico = load("Draft", monkeypatch).app
    return app


def load(word: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the block that has the word, its application checked."""
    source = next(code for language, code in BLOCKS if language == "python" and word in code)
    module = ModuleType("readme_main")
    monkeypatch.setitem(sys.modules, "readme_main", module)
    exec(compile(source, "main.py", "exec"), module.__dict__)
    module.app.check()
    return module


def answer(app: Portico, request: Request) -> tuple[Response, str]:
    async def run() -> tuple[Response, str]:
        platform = Platform()
        with app.start(platform) as running:
            handled = app.handle(request, platform, running)
            response = handled if isinstance(handled, Response) else await handled
            return response, await response.clone().text()

    return asyncio.run(run())


def test_the_shown_commands_get_the_shown_answers(app: Portico) -> None:
    console = next(code for language, code in BLOCKS if language == "console")
    created, refused = [line for line in console.splitlines() if not line.startswith("$")]
    draft = b'{"text": "buy milk", "tags": ["home"]}'
    kind = {"content-type": "application/json"}

    _, first = answer(app, Request("http://x/notes", method="POST", body=draft, headers=kind))
    _, second = answer(app, Request("http://x/notes?limit=x"))

    assert (first, second) == (created, refused)


@pytest.mark.parametrize(
    ("target", "status", "text"),
    [
        ("/", 200, "Hello, World!"),
        ("/count?to=2", 200, "1\n2\n"),
        ("/notes", 200, "[]"),
        ("/notes/7", 404, "There is no note 7."),
        ("/notes/x", 422, "an integer"),
    ],
)
def test_the_example_answers(app: Portico, target: str, status: int, text: str) -> None:
    response, body = answer(app, Request(f"http://x{target}"))

    assert response.status == status
    assert text in body


def test_the_lifecycle_in_one_page_does_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("macro", monkeypatch)
    replaced = module.app.override(module.journal, ["a", "b"])
    ann, owner = {"x-user": "ann"}, {"x-user": "owner"}

    answers = [
        answer(replaced, Request(f"http://x{target}", headers=headers))
        for target, headers in (
            ("/open", None),
            ("/me", None),
            ("/me", ann),
            ("/admin/journal", ann),
            ("/admin/journal", owner),
            ("/nowhere", None),
        )
    ]

    assert [(response.status, text) for response, text in answers] == [
        (200, "no key needed"),
        (
            401,
            refusal("Say who you are."),
        ),
        (200, '{"name":"ann"}'),
        (
            401,
            '{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Only for owner."}',
        ),
        (200, "a\nb\nann\n"),
        (404, '{"lost":"/nowhere"}'),
    ]


def refusal(detail: str) -> str:
    return f'{{"type":"about:blank","title":"Unauthorized","status":401,"detail":"{detail}"' + "}"
