# SPDX-License-Identifier: MIT
"""Where a series of figures changed its level.

Lab counts change where they differ; host medians are cut by PELT (Killick, Fearnhead and
Eckley 2012, as the ruptures library has it) and a cut is kept when the levels on its two
sides, medians again, lie further apart than the metric's margin.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from kbench.judge.verdict import Margin

# Schwarz's criterion for one more level and its place is 2 log n per noise variance; a
# history is looked at after every commit, hence twice that: of 100 series of 50 runs with
# 2 % noise and one level 1 is cut (at 3: 3), and two jumps of 10 % in 3 % noise are found in 99.
_PENALTY = 4.0
_FEWEST = 4


def change_points(values: Sequence[float], margin: Margin, exact: bool) -> list[int]:
    """Indices at which a new level begins, in order; `values` are > 0 and in order of time."""
    if exact:
        return [
            index
            for index in range(1, len(values))
            if abs(values[index] - values[index - 1]) > margin.around(values[index - 1])
        ]
    if len(values) < _FEWEST:
        return []
    logs = [math.log(value) for value in values]
    cuts = _cuts(logs)
    while cuts:
        edges = [0, *cuts, len(logs)]
        levels = [median(logs[a:b]) for a, b in pairwise(edges)]
        jumps = [abs(b - a) for a, b in pairwise(levels)]
        smallest = min(jumps)
        if smallest > math.log1p(margin.relative):
            break
        # Without this cut its neighbours' levels are others: look at them anew.
        del cuts[jumps.index(smallest)]
    return cuts


def _cuts(logs: Sequence[float]) -> list[int]:
    import numpy as np
    import ruptures

    signal = np.asarray(logs)
    # Noise from differences of neighbours: a jump is one of many and moves no median.
    noise = float(np.median(np.abs(np.diff(signal)))) / (0.6745 * math.sqrt(2))
    if noise == 0:
        noise = 1e-6
    # The linear kernel's cost is that of the means (l2); this is PELT on it in C.
    algorithm = ruptures.KernelCPD(kernel="linear", min_size=2).fit((signal / noise)[:, None])
    return [int(cut) for cut in algorithm.predict(pen=_PENALTY * math.log(len(logs)))[:-1]]
