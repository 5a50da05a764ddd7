"""The benchmark's own logic: its check of answers, its statistics and what it writes."""

import json
from importlib import import_module
from pathlib import Path

import pytest

from bench import _in_process
from bench._command import main, report
from bench._contenders import CONTENDERS, OWN, Contender, chosen
from bench._driver import check, drive, left_out
from bench._exchanges import EXCHANGES, TIMED, Answer, Exchange, Expected, by_name, faults
from bench._ratios import Ratio, in_turn, middle, ratio
from bench._tables import kibibytes, microseconds, milliseconds, number, table, times
from bench._timing import BATCHES, calibrated, fastest

ROOT = Path(__file__).resolve().parent.parent

ours = pytest.mark.parametrize(
    "contender",
    [one for one in CONTENDERS if one.environment == OWN],
    ids=[one.key for one in CONTENDERS if one.environment == OWN],
)

TEXT = (("content-type", "text/plain; charset=utf-8"),)
JSON = (("content-type", "application/json"),)


# The applications


@ours
def test_portico_and_the_callables_by_hand_answer_every_exchange(contender: Contender) -> None:
    driver = drive(import_module(contender.module).app, contender.interface, contender.event)
    try:
        assert check(driver, left_out(contender.module)) == []
        assert left_out(contender.module) == {}
    finally:
        driver.close()


@ours
def test_every_call_of_a_batch_is_made(contender: Contender) -> None:
    driver = drive(import_module(contender.module).app, contender.interface, contender.event)
    try:
        assert all(driver.nanoseconds(by_name(name), 2) > 0 for name in TIMED)
    finally:
        driver.close()


def test_every_contender_has_its_file_and_its_requirements() -> None:
    for contender in CONTENDERS:
        assert (ROOT / f"{contender.module.replace('.', '/')}.py").is_file()
        assert (ROOT / "bench" / "requirements" / f"{contender.environment}.txt").is_file()


def test_every_requirement_is_pinned() -> None:
    for file in (ROOT / "bench" / "requirements").glob("*.txt"):
        for line in file.read_text("utf-8").splitlines():
            assert "==" in line.partition(";")[0], f"{file.name}: {line}"


def test_no_two_contenders_have_the_same_key() -> None:
    keys = [contender.key for contender in CONTENDERS]

    assert len(keys) == len(set(keys))


def test_a_choice_of_peers_keeps_the_limit_and_portico() -> None:
    assert [one.name for one in chosen("wsgi", ["flask"])] == ["by hand", "portico", "flask"]
    assert len(chosen("wsgi")) == len([one for one in CONTENDERS if one.interface == "wsgi"])


# The check of answers


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        (Expected((201, 422)), Answer(422, (), b"")),
        (Expected(media_type="text/plain"), Answer(200, TEXT, b"")),
        (Expected(json={"a": [1]}), Answer(200, JSON, b'{ "a": [1] }')),
        (Expected(body=b"a"), Answer(200, (), b"a")),
        (Expected(headers=(("a", "1"),)), Answer(200, (("a", "1"),), b"")),
        (Expected(cookie="a=1"), Answer(200, (("set-cookie", "a=1; Path=/"),), b"")),
    ],
)
def test_a_right_answer_has_no_faults(expected: Expected, answer: Answer) -> None:
    assert faults(expected, answer) == []


@pytest.mark.parametrize(
    ("expected", "answer", "fault"),
    [
        (Expected(), Answer(500, (), b"no"), "the status is 500, not 200; the body begins b'no'"),
        (
            Expected(media_type="text/plain"),
            Answer(200, JSON, b""),
            "the media type is 'application/json', not 'text/plain'",
        ),
        (
            Expected(json={"a": 1}),
            Answer(200, JSON, b'{"a": 2}'),
            "the JSON is b'{\"a\": 2}' (8 bytes), not b'{\"a\": 1}' (8 bytes)",
        ),
        (Expected(json=[]), Answer(200, JSON, b"["), "the body is no JSON: b'[' (1 bytes)"),
        (
            Expected(body=b"a"),
            Answer(200, (), b""),
            "the body is b'' (0 bytes), not b'a' (1 bytes)",
        ),
        (
            Expected(headers=(("a", "1"),)),
            Answer(200, (("a", "1"), ("a", "1")), b""),
            "the field 'a' is ['1', '1'], not '1'",
        ),
        (
            Expected(cookie="a=1"),
            Answer(200, (("set-cookie", "a=12"),), b""),
            "the cookies are ['a=12'], without 'a=1'",
        ),
    ],
)
def test_a_wrong_answer_is_named(expected: Expected, answer: Answer, fault: str) -> None:
    assert faults(expected, answer) == [fault]


def test_what_an_application_raises_is_a_fault_and_the_others_are_still_asked() -> None:
    class Failing:
        def answer(self, exchange: Exchange) -> Answer:
            raise KeyError(exchange.name)

        def nanoseconds(self, exchange: Exchange, count: int) -> int:
            return count

        def close(self) -> None: ...

    found = check(Failing(), {"hello": "it has no text"})

    assert found[0] == "json: it raised KeyError: 'json'"
    assert len(found) == len(EXCHANGES) - 1


def test_the_list_is_ten_kibibytes() -> None:
    body = json.dumps(by_name("list").expected.json, separators=(",", ":"))

    assert 10_000 < len(body) < 10_500


# Statistics


def test_a_ratio_is_formed_within_each_round() -> None:
    samples = {"a": [10.0, 200.0, 30.0], "b": [5.0, 100.0, 10.0]}

    assert ratio(samples, "a", "b") == Ratio(2.0, 2.0, 2.5)


def test_a_ratio_of_one_round_is_that_rounds() -> None:
    assert ratio({"a": [3.0], "b": [2.0]}, "a", "b") == Ratio(1.5, 1.5, 1.5)


@pytest.mark.parametrize("samples", [{}, {"a": [1.0]}, {"b": [1.0]}, {"a": [], "b": [1.0]}])
def test_there_is_no_ratio_of_what_was_not_measured(samples: dict[str, list[float]]) -> None:
    assert ratio(samples, "a", "b") is None


def test_a_ratio_of_other_rounds_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratio({"a": [1.0], "b": [1.0, 2.0]}, "a", "b")


def test_a_ratio_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"A sample of 'b' is 0\.0"):
        ratio({"a": [1.0], "b": [0.0]}, "a", "b")


def test_the_middle_is_the_median() -> None:
    assert middle({"a": [9.0, 1.0, 2.0]}, "a") == 2.0
    assert middle({}, "a") is None


def test_each_round_begins_with_another() -> None:
    assert [in_turn(["a", "b", "c"], number) for number in range(4)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ]
    assert in_turn([], 1) == []


class Clock:
    """A driver whose requests take a known time, and whose first batch takes longer."""

    def __init__(self, nanoseconds: int) -> None:
        self._nanoseconds = nanoseconds
        self.batches: list[int] = []

    def answer(self, exchange: Exchange) -> Answer:
        return Answer(200, (), b"")

    def nanoseconds(self, exchange: Exchange, count: int) -> int:
        self.batches.append(count)
        return self._nanoseconds * count * (2 if len(self.batches) == 1 else 1)

    def close(self) -> None: ...


@pytest.mark.parametrize(("nanoseconds", "count"), [(1_000_000, 10), (1000, 10_000), (10**9, 1)])
def test_a_batch_takes_its_share_of_the_time(nanoseconds: int, count: int) -> None:
    driver = Clock(nanoseconds)
    driver.nanoseconds(by_name("hello"), 1)

    assert calibrated(driver, by_name("hello"), BATCHES * 0.01) == count


def test_the_fastest_batch_counts() -> None:
    driver = Clock(100)

    assert fastest(driver, by_name("hello"), 7) == 100.0
    assert driver.batches == [7] * BATCHES


# Tables


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (0.01234, "0.0123"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (1234.5, "1234"),
    ],
)
def test_a_number_has_three_digits(value: float | None, text: str) -> None:
    assert number(value) == text


def test_units_are_converted() -> None:
    assert [times(2.5), times(None)] == ["2.50x", "-"]
    assert [microseconds(1500), milliseconds(0.25), kibibytes(2048)] == ["1.50", "250", "2.00"]


def test_a_table_is_aligned_and_escaped() -> None:
    assert table(["", "n"], [["a|b", "1"]]) == "|  | n |\n| --- | ---: |\n| a\\|b | 1 |\n"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"3 cells under 2 heads: \['a', 'b', 'c'\]"):
        table(["", "n"], [["a", "b", "c"]])


def in_process_result() -> dict[str, object]:
    asgi = {
        "samples": {
            "hello": {"by hand": [1000.0, 2000.0], "portico": [3000.0, 6000.0]},
            "stream": {"by hand": [5000.0, 5000.0], "portico": []},
        },
        "left_out": {"asgi/quart": {"*": "it has ended"}, "asgi/portico": {"stream": "too slow"}},
    }
    nothing: dict[str, object] = {"samples": {}, "left_out": {}}
    return {"asgi": asgi, "wsgi": nothing, "lambda": nothing}


def test_the_tables_show_the_limit_in_microseconds_and_the_others_as_ratios() -> None:
    text = _in_process.tables(in_process_result())

    assert "|  | hello | stream |" in text
    assert "| by hand | 1.50 µs | 5.00 µs |" in text
    assert "| portico | 3.00x | - |" in text


def test_the_tables_name_what_is_left_out_with_the_reason() -> None:
    text = _in_process.tables(in_process_result())

    assert "- quart: it has ended\n- portico, stream: too slow\n" in text


def test_the_tables_of_an_earlier_run_can_be_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = {
        "machine": {"Python": "3.11.7"},
        "missing": {"django": "no such version"},
        "in-process": in_process_result(),
    }
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results), "utf-8")

    assert main(["--tables", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed == report(results) + "\n"
    assert "Left out, since it could not be installed: django (no such version)" in printed
