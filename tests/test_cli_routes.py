"""`portico routes`, and what `portico check` says of hooks that reach no route."""

import json
import re
import sys
import warnings
from pathlib import Path

import pytest

from portico_cli import main
from portico_cli._place import shown_place
from portico_cli._unreached import unreached

MAIN = """
from msgspec import Struct
from portico import Context, Created, Portico, status, use

class Draft(Struct):
    text: str

auth = Portico(name="auth")

@auth.derive(scope="scoped", blocking=True)
def token(ctx: Context) -> str:
    return ctx.headers.get("authorization") or ""

@auth.resolve(scope="scoped", lazy=True)
async def user(text: str = use(token)) -> str:
    return text

app = Portico(name="main")
app.use(auth)

@app.request
def count(ctx: Context) -> None: ...

app.get("/", "Hello", tags=["public"])

@app.post("/drafts/{shelf}", tags=["drafts", "private"])
def create(shelf: int, body: Draft, name: str = use(user)) -> Created[Draft]:
    return status(201, Draft(open(body.text).read()))

@app.error(404)
def missing(ctx: Context, error: Exception) -> str:
    return "nothing here"

empty = Portico()
"""

WAITS = """
from portico import Context, Portico

app = Portico()

@app.post("/")
async def wait(ctx: Context) -> object:
    return await ctx.request.json()
"""

LATE = """
from portico import Context, Portico

app = Portico()
app.get("/", "Hello")

@app.before_handle
def late(ctx: Context) -> None: ...
"""

BAD = """
from portico import Portico

app = Portico()

@app.get("/")
def read(thing: object) -> str:
    return "never"
"""

HOSTILE = r"""
from portico import Portico

app = Portico()
app.get("/", "\x1b[2J" + "x" * 500, tags=["\x1b[2J"])
"""

DECLARED = "declared `blocking=True`, for itself or for what it was registered on"

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "routes_main": MAIN,
        "routes_waits": WAITS,
        "routes_late": LATE,
        "routes_bad": BAD,
        "routes_odd": HOSTILE,
    }
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("COLUMNS", "100")


def out_of(capsys: Captured, *arguments: str, status: int = 0) -> list[str]:
    assert main(["routes", *arguments]) == status
    out, err = capsys.readouterr()
    assert err == ""
    return [str(line) for line in out.splitlines()]


def test_the_routes_are_a_table_in_the_order_of_registration(capsys: Captured) -> None:
    assert out_of(capsys, "routes_main:app") == [
        "method  path             handler  tags             where",
        "─" * 68,
        "GET     /                'Hello'  public           routes_main.py:24",
        "POST    /drafts/{shelf}  create   drafts, private  routes_main.py:26",
    ]


def test_a_narrow_terminal_gets_the_same_below_each_other(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")

    assert out_of(capsys, "routes_main:app") == [
        "GET /",
        "  'Hello'  routes_main.py:24",
        "  public",
        "POST /drafts/{shelf}",
        "  create  routes_main.py:26",
        "  drafts, private",
    ]


def test_an_application_without_routes_says_so(capsys: Captured) -> None:
    assert out_of(capsys, "routes_main:empty") == ["routes_main:empty has no routes."]


def test_an_explanation_shows_the_chain_in_order_with_its_places(capsys: Captured) -> None:
    lines = out_of(capsys, "routes_main:app", "--explain", "POST", "/drafts/{shelf}")

    assert lines == [
        "POST /drafts/{shelf}",
        "  registered      routes_main.py:26; tags: drafts, private",
        "  request         count (routes_main.py:21)",
        "                  global of main",
        "                  does not block: it is straight-line code over values of known types",
        "  derive          token (routes_main.py:10)",
        "                  scoped of auth",
        f"                  may block: {DECLARED}",
        "                  reads headers",
        "  validation      path shelf: int (create, routes_main.py:26)",
        "                  body: Draft (create, routes_main.py:26)",
        "  resolve         user (routes_main.py:14)",
        "                  scoped of auth",
        "                  does not block: asynchronous",
        "                  keys: token",
        "  handle          create (routes_main.py:26)",
        "                  may block: it calls `open` (line 28)",
        "                  reads path shelf, body",
        "                  keys: user",
        "  answers         201: Draft",
        "  body            all of it, decoded by its content type",
        "  on a loop       in a worker thread: token",
        "                  on the loop: user",
        "                  in a worker thread: create",
        "  on threads      in place, without an event loop: token, user, create",
        "",
    ]


def test_a_chain_that_may_wait_shows_that_it_starts_a_loop_on_threads(capsys: Captured) -> None:
    lines = out_of(capsys, "routes_waits:app", "--explain")

    assert lines[-4:] == [
        "  on a loop       on the loop: wait",
        "  on threads      in an event loop, because something asynchronous may wait",
        "                  on the loop: wait",
        "",
    ]


@pytest.mark.parametrize(
    ("arguments", "heads"),
    [
        (["routes_main:app", "--explain"], ["GET /", "POST /drafts/{shelf}"]),
        (["--explain", "routes_main:app"], ["GET /", "POST /drafts/{shelf}"]),
        (["routes_main:app", "--explain", "/"], ["GET /"]),
        (["routes_main:app", "--explain", "get", "/"], ["GET /"]),
        (["--explain", "routes_main:app", "GET", "/"], ["GET /"]),
        (["routes_main:app", "--explain", "GET /"], ["GET /"]),
    ],
    ids=" ".join,
)
def test_all_routes_are_explained_or_the_one_that_is_named(
    arguments: list[str], heads: list[str], capsys: Captured
) -> None:
    found = [line for line in out_of(capsys, *arguments) if re.match(r"[A-Z]+ /", line)]

    assert found == heads


def test_tools_get_the_routes_as_json(capsys: Captured, tmp_path: Path) -> None:
    found = json.loads("\n".join(out_of(capsys, "routes_main:app", "--json")))

    assert found[1] == {
        "method": "POST",
        "path": "/drafts/{shelf}",
        "handler": "create",
        "where": f"{tmp_path / 'routes_main.py'}:26",
        "tags": ["drafts", "private"],
        "detail": {},
    }


def test_tools_get_the_explanations_as_json(capsys: Captured) -> None:
    words = ("routes_main:app", "--json", "--explain", "POST", "/drafts/{shelf}")
    [found] = json.loads("\n".join(out_of(capsys, *words)))

    assert [link["event"] for link in found["links"]] == ["request", "derive", "resolve", "handle"]
    assert found["answers"] == {"201": "Draft"}
    assert found["on_loop"][0] == {"links": ["token"], "in_thread": True}


@pytest.mark.parametrize("words", [[], ["--explain"]], ids=["table", "explained"])
def test_a_hook_that_reaches_no_route_is_told_beside_the_routes(
    words: list[str], capsys: Captured
) -> None:
    assert main(["routes", "routes_late:app", *words]) == 0

    out, err = capsys.readouterr()
    assert "GET" in out
    assert err.startswith("routes_late:app: warning: The before_handle late (")
    assert err.count("\n") == 1


def test_a_mistake_is_told_below_the_table(capsys: Captured) -> None:
    assert main(["routes", "routes_bad:app"]) == 1

    out, err = capsys.readouterr()
    assert "read" in out
    assert "'thing'" in err


def test_a_mistake_leaves_nothing_to_explain(capsys: Captured) -> None:
    assert main(["routes", "routes_bad:app", "--explain"]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert "'thing'" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["routes_main:app", "--explain", "GET", "/x"], "There are: GET /, POST /drafts/{shelf}."),
        (["routes_main:app", "--explain", "PUT", "/"], "has no route 'PUT /'"),
        (["routes_absent:app"], "There is no module 'routes_absent'"),
    ],
)
def test_what_is_not_there_is_named(arguments: list[str], words: str, capsys: Captured) -> None:
    assert main(["routes", *arguments]) == 2

    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "module:attribute"),
        (["--explain"], "module:attribute"),
        (["--explain", "GET", "/"], "module:attribute"),
        (["routes_main:app", "--explain", "GET", "/", "/a"], "a method and a path"),
    ],
)
def test_arguments_that_make_no_sense_are_named(
    arguments: list[str], words: str, capsys: Captured
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["routes", *arguments])

    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--explain"]], ids=["table", "explained"])
def test_an_application_cannot_control_the_terminal(words: list[str], capsys: Captured) -> None:
    lines = out_of(capsys, "routes_odd:app", *words)

    assert "\x1b" not in "".join(lines)
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("arguments", "status", "line", "last"),
    [
        ([], 0, "routes_late:app: warning: The before_handle late (", "no mistakes found."),
        (["--strict"], 1, "routes_late:app: The before_handle late (", ""),
    ],
    ids=["check", "strict"],
)
def test_a_check_warns_of_a_hook_that_reaches_no_route_and_fails_if_it_is_strict(
    arguments: list[str], status: int, line: str, last: str, capsys: Captured
) -> None:
    assert main(["check", "routes_late:app", *arguments]) == status

    out = capsys.readouterr().out
    assert out.startswith(line)
    assert ("no mistakes found." in out) is bool(last)


def test_a_strict_check_passes_where_every_hook_reaches_a_route(capsys: Captured) -> None:
    assert main(["check", "routes_main:app", "--strict"]) == 0

    assert capsys.readouterr().out == "routes_main:app: no mistakes found.\n"


def test_other_warnings_of_a_check_stay_warnings() -> None:
    class Noisy:
        def check(self) -> None:
            warnings.warn("something else", DeprecationWarning, stacklevel=2)

    with pytest.warns(DeprecationWarning, match="something else"):
        assert unreached(Noisy()) == []  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # it checks as an application does


def test_a_file_elsewhere_keeps_its_whole_path() -> None:
    assert shown_place("/elsewhere/app.py:3") == "/elsewhere/app.py:3"
    assert shown_place(f"{Path.cwd()}/app.py:3") == "app.py:3"
