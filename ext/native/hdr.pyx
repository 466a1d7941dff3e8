# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The histogram that a timed loop writes into."""

from cpython cimport array
from libc.stdint cimport UINT64_MAX, uint64_t
from libc.string cimport memset
import array

BUCKETS = LENGTH    # counts of a histogram


cdef class Histogram:
    """Counts of round trips, in the bucket layout of HdrHistogram(1, 60e9, 3).

    `buckets` is an array('Q') of counts whose index is a value in ns. `minimum`,
    `maximum` and `total` are in ns too but come from exact sums of TSC ticks.
    `tsc_khz` is the frequency of the TSC in kHz.
    """

    def __cinit__(self, uint64_t tsc_khz):
        if not tsc_khz:
            raise ValueError("the frequency of the TSC is 0")
        self.tsc_khz = tsc_khz
        self.buckets = array.array("Q", bytes(8 * LENGTH))
        self.counts.buckets = (<array.array>self.buckets).data.as_ulonglongs
        self.counts.scale = 1e6 / tsc_khz
        self.reset()

    def reset(self):
        """Forget every value."""
        memset(self.counts.buckets, 0, LENGTH * sizeof(uint64_t))
        self.counts.total = self.counts.spread = 0
        self.counts.low = UINT64_MAX

    def record_ticks(self, const unsigned long long[::1] ticks):
        """Record each of these durations (TSC ticks), in a nogil loop like the timed ones."""
        cdef Py_ssize_t i
        cdef Counts counts = self.counts
        with nogil:
            for i in range(ticks.shape[0]):
                record(&counts, ticks[i])
        self.counts = counts

    @property
    def count(self):
        """Number of recorded values."""
        cdef uint64_t count = 0
        cdef Py_ssize_t i
        for i in range(LENGTH):
            count += self.counts.buckets[i]
        return count

    @property
    def total_ticks(self):
        """Exact sum in TSC ticks."""
        return self.counts.total

    def nanoseconds(self, ticks):
        """A duration of TSC ticks as float ns."""
        return ticks * 1e6 / self.tsc_khz

    @property
    def total(self):
        """Exact sum in ns, as a float."""
        return self.nanoseconds(self.counts.total)

    @property
    def minimum(self):
        """Exact minimum in ns, as a float; 0.0 when empty."""
        return self.nanoseconds(self.counts.low) if self.counts.low != UINT64_MAX else 0.0

    @property
    def maximum(self):
        """Exact maximum in ns, as a float; 0.0 when empty."""
        if self.counts.low == UINT64_MAX:
            return 0.0
        return self.nanoseconds(self.counts.low + self.counts.spread)

    def percentile(self, double percent):
        """The value (ns, float) that `percent`, in (0, 100], of the values do not exceed.

        0.0 when empty. It is the upper edge of a bucket, as in the HdrHistogram library, but
        within the exact extremes: equal values have an exact percentile.
        """
        cdef uint64_t count = self.count
        cdef uint64_t target = <uint64_t>(percent * count / 100 + 0.5)
        cdef uint64_t seen = 0, edge
        cdef Py_ssize_t i
        if not count:
            return 0.0
        for i in range(LENGTH):
            seen += self.counts.buckets[i]
            if seen and seen >= target:
                break
        edge = highest(i)
        return min(max(<double>edge, self.minimum), self.maximum)


def bucket_index(uint64_t value):
    """The bucket of a value (ns), as the timed loops compute it (for the tests)."""
    return index(value)
