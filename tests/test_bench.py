"""The benchmark's own logic: its check of answers, its statistics and what it writes."""

import inspect
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bench import (
    _cold_mode,
    _in_process,
    _memory_mode,
    _runtime_mode,
    _scale,
    _scale_mode,
    _wire_mode,
)
from bench._command import main, report
from bench._contenders import CONTENDERS, OWN, Contender, chosen
from bench._driver import check, drive, left_out
from bench._environments import Environments
from bench._exchanges import EXCHANGES, TIMED, Answer, Exchange, Expected, by_name, faults
from bench._fleet import WorkerError
from bench._lambda_driver import answer_of, http_event, rest_event
from bench._profile import Sampler, profile
from bench._ratios import Ratio, middle, ratio
from bench._rounds import in_rounds, in_turn
from bench._run import Run, last_line
from bench._settings import QUICK
from bench._tables import kibibytes, microseconds, milliseconds, number, table, times
from bench._timing import BATCHES, calibrated, fastest
from bench._wrk import WrkError, lua, parsed

ROOT = Path(__file__).resolve().parent.parent

ours = pytest.mark.parametrize(
    "contender",
    [one for one in CONTENDERS if one.environment == OWN],
    ids=[one.key for one in CONTENDERS if one.environment == OWN],
)


def a_run(tmp_path: Path, *names: str) -> Run:
    contenders = [one for name in names for one in CONTENDERS if one.name == name]
    return Run(contenders, Environments(tmp_path), QUICK, tmp_path)


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
        assert all(driver.nanoseconds(by_name(name), 2) >= 0 for name in TIMED)
    finally:
        driver.close()


@ours
@pytest.mark.parametrize("depth", [0, 5])
def test_an_application_of_many_routes_answers_its_first_and_its_last(
    contender: Contender, depth: int
) -> None:
    make = import_module(contender.module).scaled
    found = _scale.measure(make, contender.interface, contender.event, 20, depth, 0.001)

    assert set(found) == {"register", "first_answer", "seconds", "first", "last"}
    assert min(found["first"], found["last"]) > 0


def test_a_row_of_many_routes_has_its_times_and_the_memory_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alone(contender: Contender, run: Run, do: str, **arguments: object) -> dict[str, float]:
        routes = arguments["routes"]
        assert isinstance(routes, int)
        if do == "scale":
            return {"register": float(routes), "first": 1.0, "seconds": routes * 1e-6}
        return {"held": 1000.0 + 64 * routes, "seconds": routes * 0.002}

    monkeypatch.setattr(_scale_mode, "_alone", alone)
    run = a_run(tmp_path, "flask")
    run.settings = QUICK._replace(scales=(100, 1000, 10_000))
    rows = _scale_mode.measure(run)["wsgi"]["rows"]

    assert [one["register"] for one in rows] == [100, 1000, 10_000]
    assert [one.get("memory") for one in rows] == [64.0, 64.0, None]
    assert rows[2]["no_memory"] == "not measured: 1,000 routes took 2 s, expected: 20 s"
    assert {one["no_times"] for one in rows} == {""}


def test_who_has_no_application_of_many_routes_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alone(*arguments: object, **more: object) -> dict[str, float]:
        raise WorkerError(_scale_mode.NO_SUCH)

    monkeypatch.setattr(_scale_mode, "_alone", alone)
    run = a_run(tmp_path, "chalice")

    assert _scale_mode.measure(run)["lambda"] == {"rows": []}
    assert run.left_out == {"lambda/chalice": "its file has no application of many routes"}


def test_a_wrong_answer_of_many_routes_is_an_error() -> None:
    def make(routes: int, depth: int) -> object:
        return import_module("bench.applications.by_hand_wsgi").scaled(routes, depth + 1)

    with pytest.raises(RuntimeError, match="An application of 20 routes answers wrongly"):
        _scale.measure(make, "wsgi", "http", 20, 0, 0.001)


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


def test_the_samples_of_rounds_are_sorted_by_measure_and_name() -> None:
    asked: list[str] = []

    def take(name: str) -> dict[str, float]:
        asked.append(name)
        return {"time": len(asked), "memory": -len(asked)}

    assert in_rounds(["a", "b"], 2, take, unkept=1) == {
        "time": {"a": [3, 6], "b": [4, 5]},
        "memory": {"a": [-3, -6], "b": [-4, -5]},
    }
    assert "".join(asked) == "ababba"


def test_who_fails_once_has_no_samples_and_is_not_asked_again() -> None:
    asked: list[str] = []

    def take(name: str) -> dict[str, float] | None:
        asked.append(name)
        return None if asked.count("b") == 2 and name == "b" else {"time": 1.0}

    assert in_rounds(["a", "b"], 3, take) == {"time": {"a": [1.0] * 3}}
    assert asked.count("b") == 2
    assert in_rounds([], 3, take) == {}


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


def test_a_sampler_counts_a_function_once_for_each_sample_that_it_is_on_the_stack_of() -> None:
    sampler = Sampler()

    def recursive(depth: int) -> None:
        if depth:
            recursive(depth - 1)
        else:
            sampler.take(0, inspect.currentframe())

    recursive(3)
    recursive(0)
    name = next(name for name in sampler.inclusive if name.endswith(".recursive"))

    assert sampler.total == 2
    assert sampler.inclusive[name] == 2
    assert sampler.on_top[name] == 2


def test_a_profile_shows_the_functions_of_portico() -> None:
    driver = drive(import_module("bench.applications.portico_wsgi_sync").app, "wsgi")
    try:
        text = profile(driver, "json", seconds=0.1)
    finally:
        driver.close()

    assert text.startswith("json: ")
    assert "| portico_wsgi/_handler.py:WSGI.__call__ |" in text
    assert "bench/_wsgi_driver.py" not in text


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
        "hello": {"by hand": [1000.0, 2000.0], "portico": [3000.0, 6000.0]},
        "stream": {"by hand": [5000.0, 5000.0]},
    }
    return {"asgi": asgi, "wsgi": {}, "lambda": {}}


def test_the_tables_show_the_limit_in_microseconds_and_the_others_as_ratios() -> None:
    text = _in_process.tables(in_process_result())

    assert "|  | hello | stream |" in text
    assert "| by hand | 1.50 µs | 5.00 µs |" in text
    assert "| portico | 3.00x | - |" in text


def test_the_tables_of_an_earlier_run_can_be_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = {
        "machine": {"Python": "3.11.7"},
        "missing": {"django": "no such version"},
        "left_out": {"in-process": {"asgi/quart": "it has ended", "lambda/chalice, list": "none"}},
        "in-process": in_process_result(),
    }
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results), "utf-8")

    assert main(["--tables", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed == report(results) + "\n"
    assert "Left out, since it could not be installed: django (no such version)" in printed
    assert "Left out:\n\n- asgi/quart: it has ended\n- lambda/chalice, list: none\n" in printed


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["in-proces"], "There is no mode 'in-proces'. There are: in-process, cold-start"),
        (["--only", "flusk"], "There is no peer 'flusk'. There are: by hand, portico"),
    ],
)
def test_a_misspelt_argument_is_refused_before_anything_runs(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)

    assert error in " ".join(capsys.readouterr().err.split())


def test_every_mode_writes_its_tables() -> None:
    by_exchange = {f"{what} {name}": 2048.0 for what in ("peak", "kept") for name in TIMED}
    size = {"name": "portico", "routes": 100, "depth": 0}
    took = {"register": 0.1, "first_answer": 0.2, "first": 3e3, "last": 4e3, "memory": 1024.0}
    rows = [
        {**size, **took, "no_times": "", "no_memory": ""},
        {**size, "routes": 1000, "no_times": "not measured: x", "no_memory": "not measured: y"},
    ]
    cold = {name: {"portico": [0.05]} for name in _cold_mode.MEASURES}
    rate = {"rate": {"portico": [10.0]}, "cost": {"portico": [5e4]}, "slow": {"portico": [1.0]}}
    started = {name: {"portico": [0.25]} for name in _runtime_mode.MEASURES}

    assert "| portico | 2.00 |" in _memory_mode.tables({"asgi": {"portico": by_exchange}})
    scale = _scale_mode.tables({"wsgi": {"rows": rows}})
    assert "| portico | 100 | 0 | 100 | 200 | 3.00 | 4.00 | 1.00 |" in scale
    assert "| portico | 1000 | 0 | not measured: x | - | - | - | not measured: y |" in scale
    tables = _cold_mode.tables({"lambda": cold, "import": {"beyond": {"portico": [0.004]}}})
    assert "| portico | 50.0 | 50.0 | 50.0 | 50.0 |" in tables
    assert "`import portico` beyond `typing` and msgspec: 4.00 ms." in tables
    assert "| portico | 10.0 | 1.00x | 50.0 |" in _wire_mode.tables({"uvicorn": {"hello": rate}})
    assert "| portico | 250 | 1.00x | 250 | 250 |" in _runtime_mode.tables({"worker": started})


def test_the_wire_mode_without_wrk_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    run = a_run(tmp_path)

    assert _wire_mode.measure(run) == {}
    assert "apt install wrk" in run.left_out["wire"]


def test_a_reason_is_kept_in_one_line_without_the_place_of_this_tree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = a_run(tmp_path)
    run.leave_out("wsgi/flask", f"{ROOT}/bench is odd\nand more\n")
    run.leave_out("wsgi/bottle", "")

    assert run.left_out == {"wsgi/flask": "./bench is odd", "wsgi/bottle": "it gave no reason"}
    assert "left out: wsgi/flask: ./bench is odd\nand more\n" in capsys.readouterr().err
    assert [last_line("a\nb\n"), last_line("\n"), last_line(None)] == [
        "b",
        *["it said nothing"] * 2,
    ]


def test_who_has_no_environment_takes_part_in_no_mode(tmp_path: Path) -> None:
    run = a_run(tmp_path, "flask")
    run.environments.missing["flask"] = "no such version"

    assert _cold_mode.measure(run)["wsgi"] == {}
    assert _scale_mode.measure(run)["wsgi"] == {"rows": []}
    assert _memory_mode.measure(run)["wsgi"] == {}
    assert _in_process.measure(run)["wsgi"]["hello"] == {}
    assert run.left_out == {}


def test_an_environment_that_could_not_be_made_has_no_interpreter(tmp_path: Path) -> None:
    environments = Environments(tmp_path)
    environments.missing["django"] = "no such version"

    assert environments.python("django") is None
    assert str(environments.python("flask")).startswith(str(tmp_path))


# Events of Lambda


def test_an_event_has_the_query_the_cookies_and_the_body_of_its_exchange() -> None:
    event = http_event(by_name("cookies"))
    assert event["cookies"] == ["theme=dark", "visits=3"]
    assert "cookie" not in event["headers"]

    event = http_event(by_name("params"))
    assert event["rawQueryString"] == "limit=10&offset=20"
    assert event["queryStringParameters"] == {"limit": "10", "offset": "20"}

    assert http_event(by_name("create"))["body"] == by_name("create").body.decode()
    assert http_event(by_name("upload"))["isBase64Encoded"] is True


def test_an_event_of_a_rest_api_names_its_resource() -> None:
    event = rest_event(by_name("params"))

    assert event["resource"] == "/users/{user}/posts/{post}"
    assert event["pathParameters"] == {"user": "7", "post": "42"}
    assert rest_event(by_name("hello"))["pathParameters"] is None


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ({"statusCode": 200, "body": "a"}, Answer(200, JSON, b"a")),
        (
            {"statusCode": 200, "headers": {"Content-Type": "a/b"}, "cookies": ["a=1"]},
            Answer(200, (("content-type", "a/b"), ("set-cookie", "a=1")), b""),
        ),
        (
            {
                "statusCode": "201",
                "headers": {"content-type": "a/b"},
                "multiValueHeaders": {"Content-Type": ["c/d"], "X": ["1", "2"]},
                "body": "YQ==",
                "isBase64Encoded": True,
            },
            Answer(201, (("content-type", "c/d"), ("x", "1"), ("x", "2")), b"a"),
        ),
    ],
)
def test_a_result_is_read_as_a_gateway_reads_it(result: dict[str, Any], answer: Answer) -> None:
    assert answer_of(result) == answer


# wrk

WRK = """\
Running 1s test @ http://127.0.0.1:8000/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.52ms    1.77ms  21.38ms   95.12%
    Req/Sec    12.51k     1.29k   14.39k    80.00%
  Latency Distribution
     50%    1.11ms
     75%    1.35ms
     90%    2.05ms
     99%    {slow}
  12495 requests in 1.00s, 1.68MB read
{more}Requests/sec:  12482.83
Transfer/sec:      1.68MB
"""


@pytest.mark.parametrize(
    ("slow", "seconds"), [("950.00us", 0.00095), ("9.54ms", 0.00954), ("1.20s", 1.2)]
)
def test_the_result_of_wrk_is_read(slow: str, seconds: float) -> None:
    found = parsed(WRK.format(slow=slow, more=""))

    assert found[:2] == (12482.83, 12495)
    assert found.slow == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("", "wrk printed no result"),
        (
            WRK.format(slow="1.00ms", more="  Non-2xx or 3xx responses: 7\n"),
            "7 answers were errors",
        ),
        (
            WRK.format(
                slow="1.00ms", more="  Socket errors: connect 0, read 3, write 0, timeout 0\n"
            ),
            "sockets had errors: connect 0, read 3",
        ),
    ],
)
def test_a_run_with_failures_is_no_result(output: str, error: str) -> None:
    with pytest.raises(WrkError, match=error):
        parsed(output)


def test_refusals_may_be_what_is_measured() -> None:
    output = WRK.format(slow="1.00ms", more="  Non-2xx or 3xx responses: 7\n")

    assert parsed(output, is_refusal_expected=True).rate == 12482.83


def test_the_script_for_wrk_holds_any_byte() -> None:
    exchange = Exchange("x", "POST", "/", Expected(), headers=(("a", 'b"'),), body=b'\x00\xff"\\1')

    assert lua(exchange) == (
        'wrk.method = "POST"\nwrk.headers["a"] = "b\\034"\nwrk.body = "\\000\\255\\034\\0921"\n'
    )
