# SPDX-License-Identifier: MIT
"""HDR record, inlined into the timed loops: index, count, and the exact extremes.

Bucket layout of HdrHistogram with 3 significant digits and unit magnitude 0: a value
keeps its top 11 bits (2 * 10**3 distinguishable values need 2**11 sub-buckets, half of
which, 2**10, are new in each power of two):

    shift = max(0, top bit - 10),    index = (shift << 10) + (v >> shift)

`v | 2047` inside clz makes shift 0 for the linear first bucket. The library's own index
is the reference: tests/loops/test_hdr.py compares the two for arbitrary values.
"""

from libc.stdint cimport uint64_t

cdef extern from * nogil:
    """
    #include <stdint.h>

    /* ticks * scale / 2^62: the upper half of one mul, no shift of 128 bits. */
    static inline uint64_t kb_scale(uint64_t ticks, uint64_t scale)
    {
        return (uint64_t)(((unsigned __int128)(ticks << 2) * scale) >> 64);
    }
    """
    uint64_t kb_scale(uint64_t ticks, uint64_t scale)
    int clz "__builtin_clzll"(unsigned long long value)

cdef enum:
    HIGHEST = 60_000_000_000        # 60 s in ns: no round trip that ends takes longer
    LENGTH = 27648                  # index(HIGHEST) rounded up to a half bucket, as the library does

# A loop works on a copy of its own and stores it back at its end: a local whose address
# goes nowhere lives in registers.
cdef struct Counts:
    uint64_t *buckets
    uint64_t scale                  # 2**62 * ns / tick; a TSC of 250 MHz or more
    uint64_t count
    uint64_t low                    # extremes and sum in ticks: exact, unlike the buckets
    uint64_t high
    uint64_t total

cdef inline uint64_t index(uint64_t value) noexcept nogil:
    cdef int shift = (63 ^ clz(value | 2047)) - 10    # 63 ^ clz is one bsr
    return (<uint64_t>shift << 10) + (value >> shift)

cdef inline uint64_t highest(uint64_t bucket) noexcept nogil:
    """The highest value whose index is `bucket`."""
    cdef int shift = (bucket >> 10) - 1 if bucket >= 2048 else 0
    return ((bucket - (<uint64_t>shift << 10) + 1) << shift) - 1

cdef inline void record(Counts *self, uint64_t ticks) noexcept nogil:
    cdef uint64_t value = kb_scale(ticks, self.scale)
    if value > HIGHEST:
        value = HIGHEST
    self.buckets[index(value)] += 1
    self.count += 1
    self.total += ticks
    if ticks < self.low:
        self.low = ticks
    if ticks > self.high:
        self.high = ticks

cdef class Histogram:
    cdef Counts counts
    cdef readonly object buckets
    cdef readonly uint64_t tsc_khz
