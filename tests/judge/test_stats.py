# SPDX-License-Identifier: MIT
"""The statistics against scipy's, and against what must hold for any sample."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kbench.judge.stats import hodges_lehmann, holm, mann_whitney, paired_shift, z_score

SAMPLE = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=25)
COARSE = st.lists(st.integers(0, 5).map(float), min_size=13, max_size=25)
SIZES = [(1, 1), (1, 7), (3, 3), (6, 6), (5, 12), (20, 20), (40, 40), (60, 60), (13, 60)]


@pytest.mark.parametrize(("m", "n"), SIZES)
@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_mann_whitney_exact(m: int, n: int, shift: float) -> None:
    source = np.random.default_rng(m * 100 + n)
    base, head = source.normal(size=m), source.normal(shift, size=n)
    expected = stats.mannwhitneyu(head, base, method="exact").pvalue
    assert mann_whitney(base.tolist(), head.tolist()) == pytest.approx(expected, rel=1e-9)


@given(
    st.lists(st.integers(0, 4).map(float), min_size=1, max_size=5),
    st.lists(st.integers(0, 4).map(float), min_size=1, max_size=5),
)
def test_mann_whitney_with_few_ties_is_a_count_of_all_choices(
    base: list[float], head: list[float]
) -> None:
    both = base + head
    if len(set(both)) == len(both):
        return
    ranks = stats.rankdata(both)
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(head))]
    seen = sum(ranks[len(base) :])
    low, high = sum(s <= seen for s in sums), sum(s >= seen for s in sums)
    expected = min(1.0, 2 * min(low, high) / len(sums))
    assert mann_whitney(base, head) == pytest.approx(expected, rel=1e-9)


def test_ten_tied_phases_that_do_not_overlap() -> None:
    p = mann_whitney([100.0] * 10, [200.0, 201.0] * 5)
    assert p == pytest.approx(2 / math.comb(20, 10), rel=1e-9)


def test_mann_whitney_far_tail() -> None:
    """Forty pairs that do not overlap: the smallest possible p-value, 2 of C(80, 40)."""
    p = mann_whitney(list(range(40)), list(range(100, 140)))
    assert p == pytest.approx(2 / math.comb(80, 40), rel=1e-9)


@given(COARSE, COARSE)
def test_mann_whitney_with_ties(base: list[float], head: list[float]) -> None:
    if len(set(base + head)) == len(base + head):
        return
    if len(set(base + head)) == 1:
        assert mann_whitney(base, head) == 1.0
        return
    expected = stats.mannwhitneyu(head, base, method="asymptotic").pvalue
    assert mann_whitney(base, head) == pytest.approx(expected, rel=1e-9)


def test_mann_whitney_many_runs() -> None:
    source = np.random.default_rng(1)
    base, head = source.normal(size=100), source.normal(0.3, size=90)
    expected = stats.mannwhitneyu(head, base, method="asymptotic").pvalue
    assert mann_whitney(base.tolist(), head.tolist()) == pytest.approx(expected, rel=1e-9)


@given(SAMPLE, SAMPLE)
def test_hodges_lehmann_is_the_median_difference(base: list[float], head: list[float]) -> None:
    shift = hodges_lehmann(base, head, 0.98)
    differences = [b - a for a, b in itertools.product(base, head)]
    assert shift.mid == pytest.approx(float(np.median(differences)), abs=1e-6)
    assert shift.low <= shift.mid <= shift.high
    mirrored = hodges_lehmann(head, base, 0.98)
    assert (mirrored.low, mirrored.high) == (-shift.high, -shift.low)


@pytest.mark.parametrize(("m", "n"), [(6, 6), (20, 20), (40, 33), (60, 60)])
def test_interval_inverts_the_test(m: int, n: int) -> None:
    """Shifts inside the interval are not rejected at its level; those just outside are."""
    source = np.random.default_rng(m + n)
    base, head = source.normal(size=m), source.normal(0.5, size=n)
    shift = hodges_lehmann(base.tolist(), head.tolist(), 0.98)

    def p_value(assumed: float) -> float:
        return float(stats.mannwhitneyu(head - assumed, base, method="exact").pvalue)

    assert p_value(shift.low + 1e-9) > 0.02 and p_value(shift.high - 1e-9) > 0.02
    assert p_value(shift.low - 1e-9) <= 0.02 and p_value(shift.high + 1e-9) <= 0.02


@pytest.mark.parametrize("pairs", [8, 10, 25])
def test_paired_interval_inverts_the_signed_rank_test(pairs: int) -> None:
    source = np.random.default_rng(pairs)
    base = source.normal(0, 5, size=pairs)
    head = base + source.normal(0.5, 1, size=pairs)
    shift = paired_shift(base.tolist(), head.tolist(), 0.98)

    def p_value(assumed: float) -> float:
        return float(stats.wilcoxon(head - base - assumed, method="exact").pvalue)

    assert p_value(shift.low + 1e-9) > 0.02 and p_value(shift.high - 1e-9) > 0.02
    assert p_value(shift.low - 1e-9) <= 0.02 and p_value(shift.high + 1e-9) <= 0.02
    assert shift.low < shift.mid < shift.high


def test_pairs_that_do_not_differ_do_not_shift() -> None:
    assert paired_shift([1.0, 50.0, 3.0] * 3, [1.0, 50.0, 3.0] * 3, 0.98) == (0, 0, 0)
    assert math.isinf(paired_shift([1.0] * 6, [2.0] * 6, 0.98).low)  # six pairs are too few


def test_interval_covers_as_often_as_it_says() -> None:
    source = np.random.default_rng(7)
    missed = 0
    for _ in range(2000):
        base, head = source.normal(size=20), source.normal(1.0, size=20)
        shift = hodges_lehmann(base.tolist(), head.tolist(), 0.98)
        missed += not shift.low <= 1.0 <= shift.high
    assert missed <= stats.binom.ppf(0.9999, 2000, 0.02)


def test_too_few_runs_have_an_infinite_interval() -> None:
    assert hodges_lehmann([1.0, 2.0], [3.0, 4.0], 0.98) == (-math.inf, 2.0, math.inf)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (len(order) - rank)))
        assert adjusted[index] == pytest.approx(highest)


def test_holm_of_nothing() -> None:
    assert holm([]) == []


def test_z_score() -> None:
    assert z_score(0.05) == pytest.approx(stats.norm.ppf(0.975))
    assert math.isfinite(z_score(0.0))
