# SPDX-License-Identifier: MIT
"""Levels are found where they are, and nowhere else."""

import numpy as np
import pytest

from kbench.judge.changepoints import change_points
from kbench.judge.verdict import Margin

MARGIN = Margin(0.03)


def noisy(levels: list[float], each: int, spread: float, seed: int) -> list[float]:
    source = np.random.default_rng(seed)
    values = np.repeat(levels, each) * source.lognormal(0, spread, each * len(levels))
    return [float(value) for value in values]


@pytest.mark.parametrize("seed", range(5))
def test_levels_are_found(seed: int) -> None:
    values = noisy([6e-6, 6.6e-6, 6.0e-6], 15, 0.01, seed)
    found = change_points(values, MARGIN, exact=False)
    assert len(found) == 2
    assert abs(found[0] - 15) <= 1 and abs(found[1] - 30) <= 1


def test_noise_has_no_levels() -> None:
    alarms = sum(
        bool(change_points(noisy([6e-6], 50, 0.02, seed), MARGIN, exact=False))
        for seed in range(100)
    )
    assert alarms <= 2


def test_a_change_within_the_margin_is_none() -> None:
    values = noisy([6e-6, 6.06e-6], 20, 0.001, 1)
    assert change_points(values, MARGIN, exact=False) == []
    assert change_points(values, Margin(0.005), exact=False) == [20]


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [1.0, 1.0, 2.0]])
def test_few_points_have_no_levels(values: list[float]) -> None:
    assert change_points(values, MARGIN, exact=False) == []


def test_constant_series() -> None:
    assert change_points([6e-6] * 10, MARGIN, exact=False) == []
    assert change_points([6e-6] * 5 + [7e-6] * 5, MARGIN, exact=False) == [5]


def test_exact_series() -> None:
    values = [3031.0, 3031.0, 3032.0, 3032.0, 3060.0]
    assert change_points(values, Margin(0.0), exact=True) == [2, 4]
    assert change_points(values, Margin(0.005, 10), exact=True) == [4]
