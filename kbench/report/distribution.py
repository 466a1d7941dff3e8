# SPDX-License-Identifier: MIT
"""A histogram as arrays, for many percentiles at once.

The library walks its 27,648 counters in Python for each percentile; a percentile plot
needs forty of them, and a report has a hundred plots.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kbench.suite.format import DIGITS, HIGHEST, LOWEST, fewest

# The percentiles of a curve: evenly spaced in log 1/(1-p), as HdrHistogram plots them.
CURVE = tuple(100 * (1 - 10 ** (-step / 8)) for step in range(73))


@dataclass(frozen=True)
class Distribution:
    """Non-empty buckets: `values` (their upper edges, in the benchmark's unit) and `counts`."""

    values: NDArray[np.float64]
    counts: NDArray[np.int64]

    @cached_property
    def reached(self) -> NDArray[np.int64]:
        """The number of events in each bucket and all before it."""
        return np.cumsum(self.counts)

    @property
    def events(self) -> int:
        """The number of single events."""
        return int(self.reached[-1])

    @property
    def mean(self) -> float:
        """The mean of the bucket edges, at most 0.1 % above the exact mean."""
        return float(np.average(self.values, weights=self.counts))

    def at(self, percentile: float) -> float:
        """The value that `percentile` per cent of the events do not exceed."""
        wanted = max(1, int(percentile / 100 * self.events + 0.5))
        return float(self.values[np.searchsorted(self.reached, wanted)])

    def supported(self, percentile: float) -> float | None:
        """at(), or None where the events are too few for this percentile."""
        return self.at(percentile) if self.events >= fewest(percentile) else None

    def curve(self) -> list[tuple[float, float]]:
        """(percentile, value) pairs up to the percentile that the last event stands for."""
        last = 100 * (1 - 1 / self.events)
        points = [p for p in CURVE if p < last] + [last]
        return [(p, self.at(p)) for p in points]


def distribution(histogram: Any, unit: str, longest: float = float("inf")) -> Distribution:
    """The Distribution of an hdrh.HdrHistogram; `unit` "second" scales its ns.

    `longest` is the exact maximum, in `unit`: the edge of the last bucket lies above it.
    """
    counts = np.ctypeslib.as_array(histogram.counts).astype(np.int64)
    used = np.flatnonzero(counts)
    edges = _edges()[used] * (1e-9 if unit == "second" else 1.0)
    return Distribution(np.minimum(edges, longest), counts[used])


@cache
def _edges() -> NDArray[np.float64]:
    """The highest value that falls into each counter, for kbench's range and precision."""
    from hdrh.histogram import HdrHistogram

    histogram = HdrHistogram(LOWEST, HIGHEST, DIGITS)
    values = [histogram.get_value_from_index(index) for index in range(histogram.counts_len)]
    return np.array(
        [histogram.get_highest_equivalent_value(value) for value in values], dtype=float
    )
