"""How the benchmark's sizes grow: as long as the next is expected to be quick enough."""

from collections.abc import Callable, Mapping

import pytest

from bench._climb import Climb, expected
from bench._fleet import WorkerError

SIZES = (100, 1000, 10_000)


def takes(seconds: Mapping[int, float]) -> Callable[[int], dict[str, float]]:
    def take(size: int) -> dict[str, float]:
        return {"seconds": seconds[size], "last": 1.0}

    return take


@pytest.mark.parametrize(
    ("taken", "seconds"),
    [
        ([], 0.0),
        ([(1000, 0.5)], 5.0),
        ([(100, 0.05), (1000, 0.5)], 5.0),
        ([(100, 0.01), (1000, 1.0)], 100.0),  # it grew with the square
        ([(100, 0.4), (1000, 0.5)], 5.0),  # at first it was mostly what is made once
        ([(100, 0.0), (1000, 0.5)], 5.0),
        ([(100, 0.0), (1000, 0.0)], 0.0),
    ],
)
def test_the_time_of_a_size_is_expected_from_the_smaller_ones(
    taken: list[tuple[int, float]], seconds: float
) -> None:
    assert expected(taken, 10_000) == pytest.approx(seconds)


def test_every_size_is_measured_where_each_is_quick() -> None:
    climb = Climb(takes({100: 0.01, 1000: 0.1, 10_000: 1.0}), patience=5.0)

    assert [climb.at(size).get("last") for size in SIZES] == [1.0] * 3
    assert climb.reason == ""


def test_a_size_that_would_take_too_long_has_the_reason_in_place_of_its_figures() -> None:
    climb = Climb(takes({100: 0.01, 1000: 1.234}), patience=5.0)

    assert [bool(climb.at(size)) for size in SIZES] == [True, True, False]
    assert climb.reason == "not measured: 1,000 routes took 1.2 s, expected: 152 s"


def test_no_larger_size_is_tried_after_one_that_was_not() -> None:
    climb = Climb(takes({100: 3.0}), patience=5.0)

    assert [bool(climb.at(size)) for size in SIZES] == [True, False, False]
    assert climb.reason == "not measured: 100 routes took 3 s, expected: 30 s"


def test_a_size_that_failed_ends_the_climb_with_the_error() -> None:
    asked: list[int] = []

    def take(size: int) -> dict[str, float]:
        asked.append(size)
        raise WorkerError("It had no result after 40 seconds.\nmore")

    climb = Climb(take, patience=5.0)

    assert [climb.at(size) for size in SIZES] == [{}, {}, {}]
    assert asked == [100]
    assert climb.reason == "not measured: at 100 routes, it had no result after 40 seconds."
