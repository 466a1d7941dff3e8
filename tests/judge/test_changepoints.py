# SPDX-License-Identifier: MIT
"""Levels are found where they are, and nowhere else."""

import numpy as np
import pytest

from kbench.judge.changepoints import change_points, exact_changes, fewest
from kbench.judge.verdict import Margin

MARGIN = Margin(0.03)
ALPHA = 0.005


def noisy(levels: list[float], each: int, spread: float, seed: int) -> list[float]:
    source = np.random.default_rng(seed)
    values = np.repeat(levels, each) * source.lognormal(0, spread, each * len(levels))
    return [float(value) for value in values]


def found(values: list[float], margin: Margin = MARGIN) -> list[int]:
    return [cut.start for cut in change_points(values, margin, ALPHA)]


@pytest.mark.parametrize("seed", range(5))
def test_levels_are_found(seed: int) -> None:
    first, second = found(noisy([6e-6, 6.6e-6, 6.0e-6], 15, 0.01, seed))
    assert abs(first - 15) <= 1 and abs(second - 30) <= 1


@pytest.mark.parametrize("entries", [4, 7, 20, 50])
def test_noise_has_no_levels(entries: int) -> None:
    """Of 300 series of heavy-tailed noise beyond the margin, alpha lets 1.5 have one."""
    source = np.random.default_rng(entries)
    noise = np.exp(0.05 * source.standard_t(3, (300, entries)))
    assert sum(bool(found([float(value) for value in row])) for row in noise) <= 4


def test_a_change_within_the_margin_is_none() -> None:
    values = noisy([6e-6, 6.06e-6], 20, 0.001, 1)
    assert found(values) == []
    assert found(values, Margin(0.005)) == [20]


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [1.0, 1.0, 2.0], [1.0] * 5 + [2.0] * 5])
def test_few_points_have_no_levels(values: list[float]) -> None:
    assert found(values) == []


def test_constant_series() -> None:
    assert found([6e-6] * 20) == []
    assert found([6e-6] * 10 + [7e-6] * 10) == [10]


def test_two_disturbed_entries_hide_no_level() -> None:
    """PELT cuts before and after them: those are dropped, and the real one is judged anew."""
    values = noisy([6e-6, 7e-6], 25, 0.01, 3)
    values[5] = values[6] = 9e-6
    assert found(values) == [25]


@pytest.mark.parametrize("series", [1, 51])
def test_the_fewest_entries_that_can_tell(series: int) -> None:
    entries = fewest(series, ALPHA)
    half = entries // 2
    for count, told in ((entries, True), (entries - 1, False)):
        values = [6e-6 + k * 1e-12 for k in range(half)]
        values += [7e-6 + k * 1e-12 for k in range(count - half)]
        cuts = change_points(values, MARGIN, ALPHA / series)
        assert bool(cuts) == told


def test_exact_series() -> None:
    values = [3031.0, 3031.0, 3032.0, 3032.0, 3060.0]
    assert exact_changes(values, Margin(0.0)) == [2, 4]
    assert exact_changes(values, Margin(0.005, 10)) == [4]
