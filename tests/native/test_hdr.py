# SPDX-License-Identifier: MIT
"""The timed loops record as HdrHistogram does, bucket for bucket and byte for byte."""

from array import array

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import example, given
from hypothesis import strategies as st

from kbench._native.hdr import Histogram, bucket_index
from kbench.record.hdr import library_histogram

HIGHEST = 60_000_000_000
GHZ = 1_000_000  # kHz: one tick is one ns, as in the lab
REFERENCE = HdrHistogram(1, HIGHEST, 3)

values = st.one_of(st.integers(1, 5000), st.integers(1, HIGHEST))


@given(st.integers(0, HIGHEST))
@example(2047)
@example(2048)
@example(HIGHEST)
def test_index_is_the_librarys(value: int) -> None:
    assert bucket_index(value) == REFERENCE._counts_index_for(value)


def test_index_at_every_power_of_two() -> None:
    for exponent in range(36):
        for value in (2**exponent - 1, 2**exponent, 2**exponent + 1):
            if value <= HIGHEST:
                assert bucket_index(value) == REFERENCE._counts_index_for(value)
    assert bucket_index(HIGHEST) < len(Histogram(GHZ).buckets) == REFERENCE.counts_len


@given(st.lists(values, min_size=1, max_size=50))
def test_encoding_is_the_librarys(ticks: list[int]) -> None:
    histogram, theirs = Histogram(GHZ), HdrHistogram(1, HIGHEST, 3)
    histogram.record_ticks(array("Q", ticks))
    for value in ticks:
        theirs.record_value(value)
    assert library_histogram(histogram.buckets).encode() == theirs.encode()


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=50), st.integers(1000, 6_000_000))
def test_extremes_and_sum_are_exact(ticks: list[int], tsc_khz: int) -> None:
    histogram = Histogram(tsc_khz)
    histogram.record_ticks(array("Q", ticks))
    assert histogram.count == len(ticks) == sum(histogram.buckets)
    assert histogram.total_ticks == sum(ticks)
    assert histogram.minimum == min(ticks) * 1e6 / tsc_khz
    assert histogram.maximum == max(ticks) * 1e6 / tsc_khz
    assert histogram.total == sum(ticks) * 1e6 / tsc_khz


@given(st.integers(1, 2**36), st.integers(1000, 6_000_000))
def test_ticks_become_nanoseconds(ticks: int, tsc_khz: int) -> None:
    """The bucket is that of the value in ns, up to the rounding of one product of doubles."""
    histogram = Histogram(tsc_khz)
    histogram.record_ticks(array("Q", [ticks]))
    exact = min(ticks * 10**6 // tsc_khz, 2**36 - 1)
    filled = histogram.buckets.index(1)
    assert bucket_index(max(0, exact - 1)) <= filled <= bucket_index(exact + 1)


@pytest.mark.parametrize("ticks", [2**36, 2**61, 2**64 - 30])
def test_beyond_the_range_counts_as_its_end(ticks: int) -> None:
    """A TSC that went back by 30 ticks gives 2**64 - 30."""
    histogram = Histogram(GHZ)
    histogram.record_ticks(array("Q", [ticks]))
    assert histogram.buckets[-1] == 1
    assert histogram.maximum == float(ticks)


def test_reset_and_empty() -> None:
    histogram = Histogram(GHZ)
    buckets = histogram.buckets
    histogram.record_ticks(array("Q", [5, 7]))
    histogram.reset()
    assert (histogram.count, histogram.minimum, histogram.maximum, histogram.total) == (0, 0, 0, 0)
    assert histogram.buckets is buckets
    assert not any(buckets)
    histogram.record_ticks(array("Q", []))
    assert histogram.count == 0


def test_a_clock_that_stands_is_refused() -> None:
    with pytest.raises(ValueError, match="the frequency of the TSC is 0"):
        Histogram(0)


@given(st.lists(values, min_size=1, max_size=50), st.floats(0, 100, exclude_min=True))
def test_percentile_is_the_librarys_within_the_exact_extremes(
    ticks: list[int], percent: float
) -> None:
    histogram = Histogram(GHZ)
    histogram.record_ticks(array("Q", ticks))
    theirs = library_histogram(histogram.buckets).get_value_at_percentile(percent)
    assert histogram.percentile(percent) == min(max(theirs, min(ticks)), max(ticks))


def test_percentile_of_nothing_is_zero() -> None:
    assert Histogram(GHZ).percentile(50) == 0
