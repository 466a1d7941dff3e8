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
    times = row.schedule(length, seed_index)
    assert times and all(0 <= a < b for a, b in pairwise([-1, *times]) if a >= 0)
    assert times[-1] < length
    assert times == row.schedule(length, seed_index)


@pytest.mark.parametrize("row", SCHEDULED, ids=lambda row: row.name)
def test_random_schedules_differ_by_window(row: Pattern) -> None:
    differ = row.schedule(SECOND, 1) != row.schedule(SECOND, 2)
    assert differ == (row.kind != "tick")


@pytest.mark.parametrize(("name", "rate"), [("tick100", 100), ("tick250", 250), ("poisson", 1000)])
def test_the_mean_rate(name: str, rate: int) -> None:
    events = len(pattern(name).schedule(10 * SECOND))
    assert events == pytest.approx(10 * rate, rel=0.1)


def test_silence_has_one_event_at_its_end() -> None:
    assert pattern("silent").schedule(12345) == [12345]


def test_storage_waits_between_20_and_200_us() -> None:
    gaps = [b - a for a, b in pairwise(pattern("storage").schedule(SECOND))]
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
