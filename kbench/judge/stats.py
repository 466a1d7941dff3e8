# SPDX-License-Identifier: MIT
"""Two-sample rank statistics over runs, in numpy alone.

Importing scipy.stats takes longer, and more memory, than judging 100 benchmarks; the tests hold
every function here against it. No distribution is assumed: per-run percentiles are multimodal,
have outliers, and are never normal.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Up to here the exact distribution of U is computed; beyond, the normal one is within 1 %. With
# ties that takes longer: it is for the ten phases of a lab, where the normal one has no tail.
_EXACT_RUNS, _EXACT_TIES = 60, 12


class Shift(NamedTuple):
    """How far head lies above base: estimate and confidence interval, in the samples' unit."""

    low: float
    mid: float
    high: float


def hodges_lehmann(base: Sequence[float], head: Sequence[float], confidence: float) -> Shift:
    """Median of all pairwise differences head - base, with its distribution-free interval.

    Hodges and Lehmann 1963; interval by inverting the Mann-Whitney test (Hollander, Wolfe
    and Chicken, Nonparametric Statistical Methods, 4.3). Infinite where the samples are too
    few for `confidence`.
    """
    differences = np.sort(np.subtract.outer(np.asarray(head), np.asarray(base)), axis=None)
    cut = _lower_quantile(len(base), len(head), (1 - confidence) / 2)
    mid = float(np.median(differences))
    if cut == 0:
        return Shift(-math.inf, mid, math.inf)
    return Shift(float(differences[cut - 1]), mid, float(differences[-cut]))


def paired_shift(base: Sequence[float], head: Sequence[float], confidence: float) -> Shift:
    """Median of the means of all two differences head[i] - base[i], with its interval.

    For samples that are pairs by their index. Inverts Wilcoxon's signed-rank test (Hollander,
    Wolfe and Chicken, 3.2 and 3.3). Infinite where there are too few pairs.
    """
    differences = np.subtract(np.asarray(head, float), np.asarray(base, float))
    first, second = np.triu_indices(len(differences))
    means = np.sort((differences[first] + differences[second]) / 2)
    mid = float(np.median(means))
    chances = np.cumsum(_signed_ranks(len(differences)))
    cut = int(np.searchsorted(chances, (1 - confidence) / 2, side="right"))
    if cut == 0:
        return Shift(-math.inf, mid, math.inf)
    return Shift(float(means[cut - 1]), mid, float(means[-cut]))


def mann_whitney(base: Sequence[float], head: Sequence[float]) -> float:
    """Two-sided p-value of "neither side tends to be larger" (Mann and Whitney 1947).

    Exact up to 60 runs a side, with ties up to 12; otherwise the normal approximation with
    tie and continuity correction, as scipy.stats.mannwhitneyu computes them.
    """
    m, n = len(base), len(head)
    values = np.concatenate([np.asarray(base, float), np.asarray(head, float)])
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    # Tied values share the mean of the ranks that they occupy.
    ranks = np.cumsum(counts) - (counts - 1) / 2
    if int(counts.max()) > 1 and max(m, n) <= _EXACT_TIES:
        return _tied(2 * ranks[inverse], n)
    u = float(ranks[inverse[m:]].sum()) - n * (n + 1) / 2
    u = max(u, m * n - u)
    if max(m, n) <= _EXACT_RUNS and int(counts.max()) == 1:
        tail = _distribution(min(m, n), max(m, n))[: m * n - round(u) + 1].sum()
        return min(1.0, 2 * float(tail))
    total = m + n
    ties = float((counts.astype(float) ** 3 - counts).sum())
    variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    z = (u - m * n / 2 - 0.5) / math.sqrt(variance)
    return min(1.0, 2 * NormalDist().cdf(-z))


def _tied(doubled: Floats, n: int) -> float:
    """The p-value of the last `n` of these doubled midranks among all choices of `n` of them."""
    ranks = doubled.astype(int)
    ways = np.zeros((n + 1, int(ranks.sum()) + 1))
    ways[0, 0] = 1.0
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, :-rank].copy()
    chances = ways[n] / ways[n].sum()
    seen = int(ranks[-n:].sum())
    return min(1.0, 2 * float(min(chances[: seen + 1].sum(), chances[seen:].sum())))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the order given: each <= alpha keeps the family's error <= alpha.

    Holm 1979 (step-down): uniformly stronger than Bonferroni, and needs no independence,
    which the benchmarks of one machine do not have.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]


def z_score(p_value: float) -> float:
    """The two-sided normal score of a p-value: 1.96 for 0.05."""
    return -NormalDist().inv_cdf(max(p_value, 1e-300) / 2)


@lru_cache(maxsize=64)
def _signed_ranks(pairs: int) -> Floats:
    """Probabilities of the rank sum 0..n(n+1)/2 of the positive differences, without ties."""
    chances = np.zeros(pairs * (pairs + 1) // 2 + 1)
    chances[0] = 1.0
    for rank in range(1, pairs + 1):  # each rank is positive or not, with equal chances
        chances[rank:] += chances[:-rank].copy()
        chances /= 2
    return chances


@lru_cache(maxsize=64)
def _distribution(m: int, n: int) -> Floats:
    """Probabilities of U = 0..m*n under the null hypothesis, without ties.

    The number of arrangements with U = u is the coefficient of q^u in the Gaussian
    binomial, prod (1 - q^(n+i)) / (1 - q^i) for i = 1..m. Each step divides by its total,
    so that the numbers stay within a float's range.
    """
    counts = np.zeros(m * n + 1)
    counts[0] = 1.0
    for i in range(1, m + 1):
        # Times 1 - q^(n+i) ...
        counts[n + i :] -= counts[: -(n + i)].copy() if n + i <= m * n else 0.0
        # ... and over 1 - q^i: a running sum over every i-th coefficient.
        for start in range(i):
            counts[start::i] = np.cumsum(counts[start::i])
        counts *= i / (n + i)
    # Cancellation leaves dust where the tail is far below the largest term.
    counts = np.maximum(counts, 0.0)
    result: Floats = (counts + counts[::-1]) / 2
    return result


@lru_cache(maxsize=256)
def _lower_quantile(m: int, n: int, tail: float) -> int:
    """How many of the m*n ordered differences the interval leaves out at each end, plus one.

    0 means that even the extreme differences do not reach the confidence asked for.
    """
    if max(m, n) <= _EXACT_RUNS:
        cumulated = np.cumsum(_distribution(min(m, n), max(m, n)))
        return int(np.searchsorted(cumulated, tail, side="right"))
    deviation = math.sqrt(m * n * (m + n + 1) / 12)
    return max(0, math.floor(m * n / 2 + NormalDist().inv_cdf(tail) * deviation))
