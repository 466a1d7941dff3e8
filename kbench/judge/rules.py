# SPDX-License-Identifier: MIT
"""The two rules that turn the figures of runs into a verdict: one for the host, one for the lab.

Host. On 240 real KVM_RUN processes "ratio of means > 1.05" raised 20-27 % false alarms and
tests on pooled events 34-51 %, because events of one process are not independent: the run is
the unit. Mann-Whitney over per-run percentiles together with a Hodges-Lehmann shift beyond
the margin raised none and found +5 % in 79-92 %.

Lab. Counts repeat bit for bit, so a difference needs no test: it is there, and the margin
alone says whether it matters. Where the result depends on when an event meets a vCPU or a thread,
a benchmark is a sample of ten phases of the kernel's tick, judged as ten runs of a host are. The
same phase of both sides has the same plan, so the shift is that of pairs. The p-value is that of
two samples, because ten pairs cannot reach alpha: it is conservative.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from kbench.judge.stats import Shift, hodges_lehmann, mann_whitney, paired_shift, z_score
from kbench.judge.verdict import Margin, Verdict

Direction = Literal["lower", "higher"]

LAB_MARGIN = Margin(0.005, 10)
"""Half a percent or ten instructions: hardened_usercopy alone moves a count by two."""

FURTHER_PAIRS = 1000
"""The most further pairs that are proposed: beyond, the change lies on the margin itself."""


@dataclass(frozen=True, slots=True)
class HostRule:
    """Constants of the host rule.

    `alpha` bounds the probability that a gate calls any benchmark different when none is (Holm
    over all of them). `confidence` is that of the interval, which "same" is decided by. `runs`
    is the fewest good runs a side.
    `phases`: the figures are those of a lab's phases, in pairs, and there are no further ones.
    """

    alpha: float = 0.005
    confidence: float = 0.98
    runs: int = 20
    phases: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of the runs: the shift of the log ratio head/base, and its p-value.

    With fewer than `needed` pairs there is no verdict. `final`: no pairs can be added.
    """

    shift: Shift
    p_value: float
    pairs: int
    needed: int
    final: bool = False


def host_evidence(base: Sequence[float], head: Sequence[float], rule: HostRule) -> Evidence:
    """The evidence of one figure per run; all figures must be > 0."""
    logs = [math.log(value) for value in base], [math.log(value) for value in head]
    paired = rule.phases and len(base) == len(head)
    shift = (paired_shift if paired else hodges_lehmann)(*logs, rule.confidence)
    pairs = min(len(base), len(head))
    return Evidence(shift, mann_whitney(*logs), pairs, rule.runs, rule.phases)


def host_verdict(
    evidence: Evidence, adjusted: float, margin: Margin, direction: Direction, rule: HostRule
) -> tuple[Verdict, int | None]:
    """The verdict and, for "cannot tell", the number of further pairs that would decide.

    `adjusted` is the p-value after Holm. Different: significant and beyond the margin. Same:
    the whole interval within the margin. The margin is symmetric in the logarithm.
    """
    edge = math.log1p(margin.relative)
    low, mid, high = evidence.shift
    if evidence.pairs >= evidence.needed:
        if adjusted <= rule.alpha and abs(mid) > edge:
            return (Verdict.WORSE if (mid > 0) == (direction == "lower") else Verdict.BETTER), None
        if -edge <= low and high <= edge:
            return Verdict.SAME, None
    if evidence.final:
        return Verdict.CANNOT_TELL, None
    return Verdict.CANNOT_TELL, _further_pairs(evidence, adjusted, edge, rule)


def _further_pairs(evidence: Evidence, adjusted: float, edge: float, rule: HostRule) -> int:
    """The interval shrinks, and the z-score grows, with the root of the number of pairs."""
    low, mid, high = evidence.shift
    pairs = evidence.pairs
    if abs(mid) > edge:
        # The shift is beyond the margin and not significant. z = 0 (p = 1) cannot be extrapolated.
        reached = max(z_score(adjusted), 0.1)
        wanted = pairs * (z_score(rule.alpha) / reached) ** 2
    elif math.isinf(low):
        wanted = rule.runs
    else:
        half = max(high - mid, mid - low)
        wanted = pairs * (half / max(edge - abs(mid), 1e-9)) ** 2
    wanted = max(wanted, rule.runs, pairs + 1)
    return min(math.ceil(wanted) - pairs, FURTHER_PAIRS)


@dataclass(frozen=True, slots=True)
class ExactChange:
    """The difference head - base in units: a range where the runs of one side differ."""

    low: float
    mid: float
    high: float


def lab_change(base: Sequence[float], head: Sequence[float]) -> ExactChange:
    """The difference of two sides whose runs should each repeat exactly."""
    return ExactChange(min(head) - max(base), median(head) - median(base), max(head) - min(base))


def lab_verdict(change: ExactChange, base: float, margin: Margin, direction: Direction) -> Verdict:
    """Worse or better beyond the margin, same within it, cannot tell across its edge."""
    edge = margin.around(base)
    if change.low > edge:
        return Verdict.WORSE if direction == "lower" else Verdict.BETTER
    if change.high < -edge:
        return Verdict.BETTER if direction == "lower" else Verdict.WORSE
    if -edge <= change.low and change.high <= edge:
        return Verdict.SAME
    return Verdict.CANNOT_TELL
