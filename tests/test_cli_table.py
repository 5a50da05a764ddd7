"""The table of `portico demo`, from canned answers."""

import io
from collections.abc import Sequence

import pytest

from portico_cli._column import Answer, Column
from portico_cli._comparison import differences
from portico_cli._demo import verdict
from portico_cli._table import summary, table
from portico_cli._terminal import Terminal
from portico_conformance.runtimes import WireResponse

PLAIN = ("content-type", "text/plain")


def hello(*headers: tuple[str, str], status: int = 200, body: bytes = b"Hello") -> WireResponse:
    return WireResponse(status, [PLAIN, *headers], body)


def column(name: str, *answers: Answer) -> Column:
    return Column(name=name, interface=name.upper(), answers=answers, port=1)


def missing(name: str) -> Column:
    return Column(name=name, interface=name.upper(), missing="Get it with: fetch it")


def drawn(columns: Sequence[Column], *labels: str, terminal: Terminal | None = None) -> list[str]:
    lines = table(columns, labels, terminal or Terminal())
    return [line.rstrip() for line in lines]


def test_answers_that_are_the_same_stand_in_one_row_that_says_yes() -> None:
    columns = [column("one", hello()), column("two", hello())]

    assert drawn(columns, "GET /") == [
        "       ONE        TWO",
        "       one        two        same",
        "─" * 33,
        "GET /  200 Hello  200 Hello  yes",
        "─" * 33,
    ]


def test_an_answer_that_differs_is_named_in_its_row_and_shown_whole_below() -> None:
    odd = hello(body=b"Hello, but after a while something else")
    columns = [column("one", hello()), column("two", hello()), column("three", odd)]

    lines = drawn(columns, "GET /")

    assert lines[3].endswith("  NO, body: three")
    assert lines[5:] == [
        "GET /: the body differs",
        "  one    Hello",
        "  two    Hello",
        "  three  Hello, but after a while something else",
    ]


def test_of_different_statuses_the_fields_are_not_told() -> None:
    odd = WireResponse(404, [("content-type", "application/json")], b"{}")
    columns = [column("one", hello()), column("two", hello()), column("three", odd)]

    lines = drawn(columns, "GET /")

    told = [line for line in lines if line.startswith("GET /:")]
    assert told == ["GET /: the status differs", "GET /: the body differs"]


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        (hello(status=201), ["status: odd"]),
        (hello(body=b""), ["body: odd"]),
        (hello(("set-cookie", "a=1")), ["set-cookie: odd"]),
        (WireResponse(200, [], b"Hello"), ["content-type: odd"]),
        (hello(status=404, body=b"no"), ["status: odd", "body: odd"]),
        ("TimeoutError: too long", ["answer: odd"]),
        (hello(("date", "now"), ("server", "s"), ("transfer-encoding", "chunked")), []),
        (hello(("x-one", "1"), ("x-one", "2")), ["x-one: odd"]),
    ],
    ids=str,
)
def test_answers_differ_in_what_the_application_chose(odd: Answer, told: list[str]) -> None:
    columns = [column("one", hello()), column("two", hello()), column("odd", odd)]

    assert [str(difference) for difference in differences(columns, 0)] == told


def test_the_order_of_fields_makes_no_difference_and_that_of_repeated_ones_does() -> None:
    one = hello(("a", "1"), ("b", "1"), ("b", "2"))
    other = hello(("b", "1"), ("b", "2"), ("a", "1"))
    swapped = hello(("a", "1"), ("b", "2"), ("b", "1"))

    assert differences([column("one", one), column("two", other)], 0) == []
    assert differences([column("one", one), column("two", swapped)], 0) != []


def test_answers_that_none_of_them_gave_are_not_the_same() -> None:
    columns = [column("one", "no route to host"), column("two", "no route to host")]

    assert [difference.what for difference in differences(columns, 0)] == ["answer"]


def test_a_runtime_that_is_missing_says_so_in_its_column_and_changes_no_comparison() -> None:
    columns = [column("one", hello()), missing("two"), column("three", hello())]

    assert drawn(columns, "GET /")[3] == "GET /  200 Hello  missing    200 Hello  yes"


def test_a_runtime_that_did_not_start_says_so_in_its_column() -> None:
    failed = Column(name="two", interface="TWO", failure="a log")

    assert "did not start" in "\n".join(drawn([column("one", hello()), failed], "GET /"))


@pytest.mark.parametrize("width", [100, 101, 120, 200])
def test_no_row_is_wider_than_the_terminal(width: int) -> None:
    long = hello(body=b"x" * 500)
    columns = [column(name, long) for name in ("one", "two", "three", "four")]

    lines = drawn(columns, "GET /a/rather/long/path", terminal=Terminal(width))

    assert max(map(len, lines)) <= width
    assert lines[3].count("…") == 4


def test_a_narrow_terminal_gets_a_block_for_each_request() -> None:
    columns = [column("one", hello()), column("three", hello(body=b"y" * 100)), missing("two")]

    lines = drawn(columns, "GET /", terminal=Terminal(40))

    assert lines[:6] == [
        "GET /",
        "  one    200 Hello",
        "  three  200 yyyyyyyyyyyyyyyyyyyyyyyyyy…",
        "  two    missing",
        "  same   NO, body: three",
        "",
    ]
    assert all(len(line) <= 40 for line in lines[:6])


def test_without_unicode_everything_is_ascii() -> None:
    columns = [column("one", hello(body="Zoë\n".encode() * 40)), column("two", hello(body=b"\xff"))]

    lines = drawn(columns, "GET /", terminal=Terminal(100, encoding="ascii"))

    assert all(line.isascii() for line in lines)
    assert lines[2] == "-" * len(lines[2])
    assert "Zo\\xeb\\n" in lines[3]
    assert ".." in lines[3]


def test_a_body_cannot_control_the_terminal() -> None:
    columns = [column("one", hello(body=b"\x1b[2J\r\n\x07"))]

    assert r"200 \x1b[2J\r\n\x07" in drawn(columns, "GET /")[3]


def test_of_a_problem_the_detail_is_shown() -> None:
    body = b'{"type":"about:blank","title":"Not Found","status":404,"detail":"There is no note 9."}'
    problem = WireResponse(404, [("content-type", "application/problem+json")], body)

    assert "404 There is no note 9." in drawn([column("one", problem)], "GET /notes/9")[3]


def test_colours_are_added_only_where_they_are_understood() -> None:
    columns = [column("one", hello()), column("two", hello())]

    plain = drawn(columns, "GET /", terminal=Terminal(120))
    coloured = drawn(columns, "GET /", terminal=Terminal(120, coloured=True))

    assert "\x1b" not in "".join(plain)
    assert coloured[3].endswith("\x1b[32myes\x1b[0m")


def test_a_stream_that_is_no_terminal_gets_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "77")

    terminal = Terminal.of(io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))

    assert terminal == Terminal(77, "latin-1", coloured=False)


class Screen(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=str,
)
def test_a_terminal_gets_colours_unless_it_is_told_not_to(
    environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert Terminal.of(Screen(io.BytesIO())).coloured is coloured


SAME = [column("one", hello()), column("two", hello())]
DIFFERENT = [column("one", hello()), column("two", hello(status=500))]
FAILED = Column(name="bad", interface="BAD", failure="a log")


@pytest.mark.parametrize(
    ("columns", "line", "status", "status_in_ci"),
    [
        (SAME, "1 request, 2 runtimes: all answers are the same.", 0, 0),
        (DIFFERENT, "1 request, 2 runtimes: 1 of them answered differently.", 1, 1),
        (
            [*SAME, missing("three")],
            "1 request, 2 runtimes: all answers are the same. Missing: three.",
            0,
            1,
        ),
        (
            [SAME[0], missing("two")],
            "1 request, 1 runtime: nothing to compare the answers with. Missing: two.",
            0,
            1,
        ),
        (
            [*SAME, FAILED],
            "1 request, 2 runtimes: all answers are the same. Did not start: bad.",
            1,
            1,
        ),
        ([missing("one"), missing("two")], "No runtime answered.", 1, 1),
    ],
    ids=["same", "different", "one missing", "all but one missing", "one failed", "all missing"],
)
def test_the_last_line_and_the_exit_status_say_the_same(
    columns: list[Column], line: str, status: int, status_in_ci: int
) -> None:
    assert summary(columns, ["GET /"]) == line
    assert verdict(columns, ci=False) == status
    assert verdict(columns, ci=True) == status_in_ci
