# SPDX-License-Identifier: MIT
"""Patterns make schedules that can be repeated, and refuse rates that make no sense."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbench.catalogue.patterns import PATTERNS, Pattern, pattern
from kbench.errors import KbenchError

SECOND = 1_000_000_000
SCHEDULED = [row for row in PATTERNS if row.kind not in ("silent", "pingpong")]


@pytest.mark.parametrize("row", SCHEDULED, ids=lambda row: row.name)
@given(length=st.integers(1_000, SECOND), seed_index=st.integers(0, 1000))
def test_a_schedule_increases_within_its_window(row: Pattern, length: int, seed_index: int) -> None:
    schedule = row.schedule(length, seed_index)
    assert schedule.times and all(0 <= a < b for a, b in pairwise([0, *schedule.times]))
    assert schedule.times[-1] < schedule.length
    assert schedule == row.schedule(length, seed_index)


@pytest.mark.parametrize("row", SCHEDULED, ids=lambda row: row.name)
def test_random_schedules_differ_by_window(row: Pattern) -> None:
    differ = row.schedule(SECOND, 1) != row.schedule(SECOND, 2)
    assert differ == (row.kind != "tick")


@pytest.mark.parametrize("row", SCHEDULED, ids=lambda row: row.name)
@given(length=st.integers(10_000_000, SECOND), seed_index=st.integers(0, 1000))
def test_a_window_has_exactly_the_events_of_its_length(
    row: Pattern, length: int, seed_index: int
) -> None:
    """Time without events in the window would dilute every share of its time."""
    schedule = row.schedule(length, seed_index)
    assert len(schedule.times) * 1e9 / schedule.length == pytest.approx(row.per_second, rel=1e-6)
    assert schedule.length == pytest.approx(length, abs=0.6e9 * 8 / row.per_second)


@pytest.mark.parametrize("row", SCHEDULED, ids=lambda row: row.name)
def test_the_last_event_has_time_for_its_answer(row: Pattern) -> None:
    for seed_index in range(20):
        schedule = row.schedule(SECOND // 20, seed_index)
        rest = schedule.length - schedule.times[-1]
        assert rest > 0.2e9 / row.per_second


def test_silence_has_one_event_in_its_middle() -> None:
    schedule = pattern("silent").schedule(12345)
    assert (schedule.times, schedule.length) == ([6172], 12345)


def test_storage_waits_between_20_and_200_us() -> None:
    gaps = [b - a for a, b in pairwise(pattern("storage").schedule(SECOND).times)]
    assert min(gaps) >= 20_000 and max(gaps) <= 200_000


def test_another_rate_makes_another_pattern() -> None:
    assert pattern("tick300").rate == 300 and pattern("tick300").timer
    assert pattern("poisson50").rate == 50


@pytest.mark.parametrize("name", ["tick0", "tick-5", "poisson-1", "poisson20000"])
def test_a_rate_out_of_range_is_refused_with_the_range(name: str) -> None:
    with pytest.raises(KbenchError, match="1 to 10000 events a second"):
        pattern(name)


@pytest.mark.parametrize("name", ["", "tock", "storage9"])
def test_an_unknown_pattern_is_refused_with_the_valid_ones(name: str) -> None:
    with pytest.raises(KbenchError, match=r"silent, .*poissonN"):
        pattern(name)
