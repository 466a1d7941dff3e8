# SPDX-License-Identifier: MIT
"""Where a series of figures changed its level, and how likely chance alone would say so.

Lab counts change where they differ. Host medians are cut by PELT (Killick, Fearnhead and Eckley
2012, as the ruptures library has it), which finds the places but bounds no error. A cut is kept
when the levels on its two sides, medians, are further apart than the metric's margin and the
entries of both sides differ by Mann-Whitney's test, times the number of places that a cut
could have had (Bonferroni).

That takes entries to be independent: a machine that is in another mood for days has other
levels, and they are found.
"""

import math
from collections.abc import Sequence
from itertools import count, pairwise
from statistics import median
from typing import NamedTuple

from kbench.judge.stats import mann_whitney
from kbench.judge.verdict import Margin

# Schwarz's criterion for one more level and its place is 2 log n per noise variance. Twice
# that leaves out most of what the test would have to.
_PENALTY = 4.0
_SHORTEST = 2  # entries of a level


class Cut(NamedTuple):
    """A new level begins at `start`; without one, chance makes such a cut with `p_value`."""

    start: int
    p_value: float


def change_points(values: Sequence[float], margin: Margin, alpha: float) -> list[Cut]:
    """The cuts of a series of host figures, each with a p-value <= `alpha`.

    `values` are > 0 and in order of time. The p-values are those of this series: for several,
    they are still to be corrected (Holm).
    """
    if len(values) < 2 * _SHORTEST:
        return []
    logs = [math.log(value) for value in values]
    cuts = _cuts(logs)
    while cuts:
        edges = [0, *cuts, len(logs)]
        levels = [median(logs[a:b]) for a, b in pairwise(edges)]
        jumps = [abs(b - a) for a, b in pairwise(levels)]
        # Without one cut the levels beside it are others: the worst goes first.
        if min(jumps) <= math.log1p(margin.relative):
            del cuts[jumps.index(min(jumps))]
            continue
        sides = zip(edges, cuts, edges[2:], strict=False)
        chances = [_chance(logs[a:cut], logs[cut:b], len(logs)) for a, cut, b in sides]
        if max(chances) <= alpha:
            return [Cut(*each) for each in zip(cuts, chances, strict=True)]
        del cuts[chances.index(max(chances))]
    return []


def exact_changes(values: Sequence[float], margin: Margin) -> list[int]:
    """Where a series of lab counts changed by more than the margin: facts."""
    return [
        index
        for index, (before, after) in enumerate(pairwise(values), start=1)
        if abs(after - before) > margin.around(before)
    ]


def fewest(series: int, alpha: float) -> int:
    """How many entries it takes before a change can be told in one of so many series."""
    best = ((n, _places(n) * 2 / math.comb(n, n // 2)) for n in count(2 * _SHORTEST))
    return next(n for n, chance in best if series * chance <= alpha)


def _chance(before: Sequence[float], after: Sequence[float], entries: int) -> float:
    return min(1.0, _places(entries) * mann_whitney(before, after))


def _places(entries: int) -> int:
    return entries - 2 * _SHORTEST + 1


def _cuts(logs: Sequence[float]) -> list[int]:
    import numpy as np
    import ruptures

    signal = np.asarray(logs)
    # Noise from differences of adjacent values: a jump is one of many and moves no median.
    noise = float(np.median(np.abs(np.diff(signal)))) / (0.6745 * math.sqrt(2))
    if noise == 0:
        noise = 1e-6
    # The linear kernel's cost is that of the means (l2); this is PELT on it in C.
    algorithm = ruptures.KernelCPD(kernel="linear", min_size=_SHORTEST)
    algorithm.fit((signal / noise)[:, None])
    return [int(cut) for cut in algorithm.predict(pen=_PENALTY * math.log(len(logs)))[:-1]]
