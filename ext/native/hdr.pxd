# SPDX-License-Identifier: MIT
"""HDR record, inlined into the timed loops: scale, index, count, sum, and the exact extremes.

Bucket layout of HdrHistogram with 3 significant digits and unit magnitude 0: a value
keeps its top 11 bits (2 * 10**3 distinguishable values need 2**11 sub-buckets, half of
which, 2**10, are new in each power of two):

    shift = max(0, top bit - 10),    index = (shift << 10) + (v >> shift)

From 1024 on that is what a double of the same value begins with: its exponent, and the ten
bits below the top one. So ns = ticks * scale in floating point, and the index is

    (bits of ns >> 42) - BIAS

and below 1024 a value is its own index. The library's index is the reference:
tests/native/test_hdr.py compares the two for arbitrary values.
"""

from libc.stdint cimport UINT64_MAX, int64_t, uint64_t

cdef extern from * nogil:
    """
    #include <stdint.h>
    #include <string.h>

    static inline uint64_t kb_bits(double value)
    {
        uint64_t bits;
        memcpy(&bits, &value, sizeof(bits));
        return bits;
    }
    """
    uint64_t kb_bits(double value)
    bint unlikely(bint condition)       # Cython's own macro

cdef enum:
    # Up to 2**36 ns, 68 s: no round trip that ends takes longer. It is the length that the
    # library gives a histogram of 1 to 60e9, rounded up to a half bucket.
    LENGTH = 27648
    LINEAR = 1024                   # below it a value is its own index
    BIAS = 1032 << 10               # (1023 + 10 - 1) << 10: 1024 has the index 1024

# A loop works on a local copy and stores it back at its end: the compiler keeps a local whose
# address does not escape in registers.
cdef struct Counts:
    unsigned long long *buckets
    double scale                    # ns / tick; exactly 1 in the lab
    uint64_t low                    # extremes and sum in ticks: exact, unlike the buckets;
    uint64_t spread                 # the highest is low + spread, so that one compare finds both
    uint64_t total

cdef inline uint64_t index(double ns) noexcept nogil:
    cdef uint64_t bucket = (kb_bits(ns) >> 42) - BIAS
    # Below LINEAR, and for a TSC that went back, it wraps far beyond LENGTH: one compare for all.
    if unlikely(bucket - LINEAR >= LENGTH - LINEAR):
        return <uint64_t>ns if 0 <= ns < LINEAR else LENGTH - 1
    return bucket

cdef inline uint64_t highest(uint64_t bucket) noexcept nogil:
    """The highest value whose index is `bucket`."""
    cdef int shift = (bucket >> 10) - 1 if bucket >= 2048 else 0
    return ((bucket - (<uint64_t>shift << 10) + 1) << shift) - 1

cdef inline void widen(Counts *self, uint64_t ticks) noexcept nogil:
    if self.low == UINT64_MAX:
        self.low = ticks
    elif ticks < self.low:
        self.spread += self.low - ticks
        self.low = ticks
    else:
        self.spread = ticks - self.low

cdef inline void record(Counts *self, uint64_t ticks) noexcept nogil:
    self.buckets[index(<int64_t>ticks * self.scale)] += 1
    self.total += ticks
    if unlikely(ticks - self.low > self.spread):
        widen(self, ticks)

cdef class Histogram:
    cdef Counts counts
    cdef readonly object buckets
    cdef readonly uint64_t tsc_khz
