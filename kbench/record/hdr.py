# SPDX-License-Identifier: MIT
"""A timed loop's counts as a histogram of the HdrHistogram library, which encodes them."""

import ctypes
from array import array
from typing import Any

from kbench.suite.format import DIGITS, HIGHEST, LOWEST


def library_histogram(buckets: "array[int]") -> Any:
    """An hdrh.HdrHistogram with these counts, one a bucket, as kbench._native.hdr lays them out.

    The counts are copied into the library's own buffer. Its min and max are bucket edges: a
    run keeps the exact ones apart. Raises ValueError where the number of buckets differs.
    """
    from hdrh.histogram import HdrHistogram

    histogram = HdrHistogram(LOWEST, HIGHEST, DIGITS)
    if histogram.counts_len != len(buckets):
        raise ValueError(f"expected {histogram.counts_len} counts, got {len(buckets)}")
    ctypes.memmove(histogram.counts, buckets.buffer_info()[0], 8 * len(buckets))
    used = [index for index, count in enumerate(buckets) if count]
    if used:
        total = sum(buckets[index] for index in used)
        histogram.set_internal_tacking_values(used[0], used[-1], total)
    return histogram
