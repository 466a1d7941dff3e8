# SPDX-License-Identifier: MIT
"""Percentiles over arrays are those of the HdrHistogram library."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.suites import histogram

from kbench.report.distribution import CURVE, distribution


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 10**9), st.floats(0, 2), st.integers(1, 300))
def test_percentiles_are_the_librarys(median: int, spread: float, events: int) -> None:
    theirs = histogram(median, spread, events)
    ours = distribution(theirs, "integer")
    assert ours.events == events
    for percentile in (*CURVE[1:40:6], 50.0, 90.0, 99.0, 99.9, 100.0):
        assert ours.at(percentile) == theirs.get_value_at_percentile(percentile)


def test_seconds_and_the_exact_maximum() -> None:
    ours = distribution(histogram(3032, 0.0), "second", longest=3032e-9)
    assert ours.at(50) == pytest.approx(3032e-9, rel=1e-12)
    assert ours.mean == pytest.approx(3032e-9, rel=1e-12)


def test_curve_ends_with_the_one_event_above_all() -> None:
    curve = distribution(histogram(6000, 0.5, 200), "integer").curve()
    percentiles, values = zip(*curve, strict=True)
    assert percentiles[0] == 0
    assert percentiles[-1] == pytest.approx(99.5)
    assert list(percentiles) == sorted(set(percentiles))
    assert list(values) == sorted(values)
