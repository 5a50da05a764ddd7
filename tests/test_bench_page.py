"""The page that shows a run: its summary, its charts and what stands between its sentences."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench._bars import Column, bars, ticks
from bench._charts import charts
from bench._command import main
from bench._lines import apart, clock, lines
from bench._page import UNMEASURED, filled, publish, published
from bench._summary import summarised, written
from bench._svg import LETTER, WIDTH

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SVG = "{http://www.w3.org/2000/svg}"

SLOW = "not measured: 1,000 routes took 1.2 s"


def row(name: str, routes: int, last: float | None, memory: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "routes": routes, "depth": 0}
    if last is not None:
        found |= {"register": 0.0120004, "first_answer": 0.001, "first": 1e3, "last": last}
    if memory is not None:
        found["memory"] = memory
    no_times, no_memory = "" if last else SLOW, "" if memory else SLOW
    return {**found, "no_times": no_times, "no_memory": no_memory}


def results() -> dict[str, Any]:
    """Those of a small run."""
    return {
        "machine": {"Python": "3.11.7", "cores": "2"},
        "missing": {"django": "no such version"},
        "packages": {
            "portico": {"portico": "0.1.0", "msgspec": "0.22.0", "uvicorn": "0.54.0"},
            "flask": {"flask": "3.1.3", "apig-wsgi": "2.20.0", "gunicorn": "27.0.1"},
            "robyn": {"robyn": "0.88.0"},
        },
        "seconds": {"in-process": 100, "wire": 200},
        "left_out": {"in-process": {"lambda/chalice, upload": "it has no parser"}},
        "in-process": {
            "wsgi": {
                "json": {
                    "by hand": [1000.0, 2000.0],
                    "portico": [3000.0, 6001.0],
                    "flask": [40000.0, 84000.0],
                },
                "missing": {"by hand": [500.0, 500.0], "portico": [2000.0, 2000.0]},
            }
        },
        "scale": {
            "wsgi": {
                "rows": [
                    row("portico", 1000, 4000.0, 1024.0),
                    row("portico", 10_000, 4100.0, 2048.0),
                    row("flask", 1000, 50_000.0, 6144.0),
                    row("flask", 10_000, None, None),
                ]
            }
        },
        "memory": {"wsgi": {"portico": {"peak hello": 2048.0, "kept hello": 1.5}}},
        "wire": {
            "gunicorn": {
                "hello": {
                    "rate": {"by hand": [4000.0, 4000.0], "portico": [2000.0, 3000.0]},
                    "cost": {"by hand": [1e5, 1e5], "portico": [2e5, 2e5]},
                    "slow": {"by hand": [0.1, 0.1], "portico": [0.1, 0.1]},
                }
            }
        },
        "runtimes": {
            "worker": {
                "first": {"bare worker": [0.25], "portico": [0.5]},
                "params": {"portico": [0.002]},
            }
        },
    }


# The summary


def test_a_summary_has_medians_and_ratios_in_place_of_samples() -> None:
    found = summarised(results())

    assert found["in-process"]["wsgi"]["json"] == {
        "by hand": [1500.0, 1.0],
        "portico": [4500.0, 3.0],
        "flask": [62000.0, 41.0],
    }
    assert found["runtimes"]["worker"] == {
        "first": {"bare worker": [0.25, 1.0], "portico": [0.5, 2.0]},
        "params": {"portico": [0.002, None]},
    }
    assert found["scale"]["wsgi"]["rows"][0]["register"] == 0.012
    assert found["memory"] == {"wsgi": {"portico": {"hello": 2048.0}}}


def test_a_summary_says_how_far_apart_the_rounds_are() -> None:
    # Of the ratios 0.5 and 0.75 the middle half lies between 0.5625 and 0.6875.
    assert summarised(results())["spread"]["wire"] == [0.1, 0.2]


def test_a_summary_is_written_with_a_line_for_each_innermost_part() -> None:
    summary = summarised(results())
    text = written(summary)

    assert json.loads(text) == summary
    assert '\n   "missing": {"by hand": [500.0, 1.0], "portico": [2000.0, 4.0]}\n' in text
    assert text.count("\n") < 60


# Charts


def texts(chart: str) -> list[str | None]:
    return [text.text for text in ElementTree.fromstring(chart).iter(f"{SVG}text")]


def test_bars_are_well_formed_and_sorted_and_mark_portico() -> None:
    columns = [Column("<a> & b", "by hand: 1 µs", {"portico": 2.0, "x<y": 1.0})]
    chart = bars("heading", "axis", columns, unit="x", is_more=False)
    rects = [*ElementTree.fromstring(chart).iter(f"{SVG}rect")]

    assert [rect.get("class") for rect in rects] == ["card", "band", "peer", "own"]
    assert texts(chart) == [
        *("heading", "x<y", "portico", "<a> & b", "by hand: 1 µs", "0", "1x", "2x"),
        *("1.00x", "2.00x", "axis"),
    ]
    assert float(rects[3].get("width", 0)) == 2 * float(rects[2].get("width", 0))


def test_of_rates_the_highest_is_the_first_row() -> None:
    columns = [Column("a", "", {"x": 1.0, "y": 3.0}), Column("b", "", {"x": 2.0})]

    assert texts(bars("h", "axis", columns, unit="x", is_more=True))[1:3] == ["y", "x"]


@pytest.mark.parametrize("values", [{}, {"a": -1.0}, {"a": 0.0}])
def test_bars_of_nothing_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="A chart needs values above zero"):
        bars("a", "axis", [Column("a", "", values)], unit="x", is_more=False)


@pytest.mark.parametrize(
    ("longest", "found"),
    [
        (1.0, [0, 0.5, 1]),
        (3.0, [0, 1, 2, 3]),
        (3.9, [0, 1, 2, 3]),
        (60.3, [0, 20, 40, 60]),
        (0.07, [0, 0.02, 0.04, 0.06]),
    ],
)
def test_ticks_are_round_and_few(longest: float, found: list[float]) -> None:
    assert ticks(longest) == found


def test_lines_are_named_at_their_ends_without_overlap() -> None:
    series = {name: [(100.0, 1e-6), (1000.0, 1e-5)] for name in ("a", "portico", "by hand")}
    chart = ElementTree.fromstring(lines("heading", "routes", "time", series))
    shown = {text.text: text for text in chart.iter(f"{SVG}text")}
    tops = sorted(float(shown[name].get("y", 0)) for name in series)

    assert {"heading", "routes", "time", "100", "1,000", "1 µs", "10 µs"} <= set(shown)
    assert [line.get("class") for line in chart.iter(f"{SVG}polyline")] == ["peer", "limit", "own"]
    assert min(b - a for a, b in pairwise(tops)) >= 13
    assert all(float(shown[name].get("x", 0)) + LETTER * len(name) < WIDTH for name in series)


@pytest.mark.parametrize("series", [{}, {"a": []}, {"a": [(100.0, 0.0)]}])
def test_lines_of_nothing_are_refused(series: dict[str, list[tuple[float, float]]]) -> None:
    with pytest.raises(ValueError, match="A chart needs points above zero"):
        lines("a", "x", "y", series)


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([], []),
        ([5.0], [10.0]),
        ([20.0, 22.0, 60.0], [20.0, 30.0, 60.0]),
        ([95.0, 99.0], [90.0, 100.0]),
        ([200.0], [100.0]),
    ],
)
def test_labels_are_moved_apart_within_their_bounds(
    places: list[float], found: list[float]
) -> None:
    assert apart(places, 10, 10, 100) == found


@pytest.mark.parametrize(
    ("power", "text"), [(0, "1 s"), (3, "1,000 s"), (-2, "10 ms"), (-6, "1 µs"), (-9, "1 ns")]
)
def test_powers_of_ten_of_seconds_have_units(power: int, text: str) -> None:
    assert clock(power) == text


def test_a_run_has_the_charts_of_its_modes_alone() -> None:
    assert set(charts(summarised(results()))) == {
        *("in-process-wsgi.svg", "scale-wsgi.svg", "register-wsgi.svg"),
        *("wire-gunicorn.svg", "start-worker.svg"),
    }
    assert charts({}) == {}


def test_a_run_of_one_number_of_routes_has_no_lines() -> None:
    rows = [row("portico", 100, 4000.0, 1024.0)]

    assert charts({"scale": {"wsgi": {"rows": rows}}}) == {}


# The page


def block(name: str) -> str:
    return filled(f"<!-- figures: {name} -->\nearlier\n<!-- end -->", summarised(results()))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "machine",
            ["| cores | 2 |", "| time of the run | 5 min (in-process 100 s, wire 200 s) |"],
        ),
        (
            "contenders",
            [
                "| portico | ASGI, WSGI, Lambda, Workers | 0.1.0 | msgspec 0.22.0 |",
                "| flask | WSGI, Lambda by apig-wsgi | 3.1.3 | apig-wsgi 2.20.0 |",
                "| robyn | its own server | 0.88.0 | - |",
                "Servers: uvicorn 0.54.0.",
            ],
        ),
        (
            "in-process",
            [
                "](performance/in-process-wsgi.svg)",
                "### WSGI\n\n|  | json | missing |",
                "| by hand | 1.50 µs | 0.50 µs |\n| portico | 3.00x | 4.00x |\n",
                "| flask | 41.0x | - |",
            ],
        ),
        ("cold-start", [UNMEASURED]),
        (
            "scale",
            [
                "](performance/scale-wsgi.svg)",
                "](performance/register-wsgi.svg)",
                "### WSGI, flat",
                "| portico | 13.0 | 4.00 | 13.0 | 4.10 | 2.00 |",
                f"| flask | 13.0 | 50.0 | {SLOW} | - | 6.00 |",
            ],
        ),
        ("memory", ["| portico | 2.00 | - |"]),
        ("wire", ["| by hand | 4000 /s | 100 µs |\n| portico | 0.62x | 2.00x |"]),
        ("runtimes", ["| bare worker | 250 ms | - |\n| portico | 2.00x | 2.00 ms |"]),
        ("spread", ["| wire | 10.0% | 20.0% |"]),
        (
            "left-out",
            [
                "- django: it could not be installed (no such version)",
                "- `in-process`, lambda/chalice, upload: it has no parser",
            ],
        ),
    ],
)
def test_the_figures_of_a_block_are_those_of_the_run(name: str, parts: list[str]) -> None:
    text = block(name)

    assert "earlier" not in text
    assert [part for part in parts if part not in text] == []


def test_a_block_of_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"There are no figures 'wired'\. There are: machine"):
        block("wired")


def test_a_run_is_published_in_place_of_an_earlier_one(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text("# P\n\n<!-- figures: wire -->\n<!-- end -->\n", "utf-8")
    (tmp_path / "performance").mkdir()
    (tmp_path / "performance" / "wire-old.svg").write_text("", "utf-8")

    publish(results(), tmp_path)
    first = page.read_text("utf-8")
    publish(results(), tmp_path)

    assert page.read_text("utf-8") == first
    assert "](performance/wire-gunicorn.svg)" in first
    assert published(tmp_path) == summarised(results())
    assert {path.name for path in (tmp_path / "performance").iterdir()} == {
        "results.json",
        *charts(summarised(results())),
    }


def test_the_page_of_this_tree_is_what_its_data_says() -> None:
    summary = published(DOCS)
    page = (DOCS / "performance.md").read_text("utf-8")
    shown = {path.name: path.read_text("utf-8") for path in (DOCS / "performance").glob("*.svg")}

    assert filled(page, summary) == page, "Run: python3 bench/run.py --docs RESULTS.json"
    assert charts(summary) == shown


def test_the_command_that_writes_the_page_needs_results(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        main(["--docs", str(tmp_path / "results.json")])
