# SPDX-License-Identifier: MIT
"""`kbench gate --self-test`: what the gate does on this machine when nothing, and something, changed.

Every round measures the same thing twice (A and A) and once with each injected delay: a
real one, guest instructions before the exit. From these runs the same rule as the gate's
gives the false-alarm rate and the smallest change that it finds in 80 % of gates.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from kbench.judge.rules import HostRule, host_evidence, host_verdict
from kbench.judge.stats import holm, hodges_lehmann
from kbench.judge.verdict import Margin, Verdict
from kbench.metrics import Metric, metrics
from kbench.record.suite import Benchmark, Run

RESAMPLED = 400
POWER = 0.8

Arm = Mapping[str, Sequence[float]]
"""The figures of one arm: by metric, one a round."""


@dataclass(frozen=True, slots=True)
class Level:
    """One injected delay: the share asked for, what the runs show, and how often it is found."""

    wanted: float
    measured: float
    power: float


@dataclass(frozen=True, slots=True)
class Report:
    """What the self-test found.

    `alarms` of `gates` disjoint A/A gates raised an alarm; `bound` is the upper 95 %
    confidence bound of that rate. `resampled` is the rate over random re-splits of the same
    runs: a finer figure without a bound, because its gates share runs. `smallest` is the
    measured change of the smallest level with a power of 80 %, or None.
    """

    benchmark: str
    rounds: int
    pairs: int
    gates: int
    alarms: int
    bound: float
    resampled: float
    levels: tuple[Level, ...]
    smallest: float | None
    seconds: float


def assess(
    benchmark: str, arms: Mapping[float, Benchmark], rule: HostRule, seconds: float, seed: int = 0
) -> Report:
    """The report of a self-test.

    `arms` maps each injected share to its runs, round by round; the A/A pair is at 0.0 and,
    as the second A, at -0.0 would be ambiguous: its runs alternate A, A in arm 0.0.
    """
    gated = [metric for metric in metrics().values() if metric.margin and not metric.unless]
    first, second = (_arm(arms[0.0].runs[offset::2], gated) for offset in (0, 1))
    source = random.Random(seed)
    rounds = min(len(first[gated[0].name]), len(second[gated[0].name]))
    pairs = rule.runs
    gates = rounds // pairs
    alarms = sum(
        _alarm(_take(first, block), _take(second, block), rule)
        for block in (range(start * pairs, (start + 1) * pairs) for start in range(gates))
    )
    splits = [_resplit(first, second, rounds, pairs, source) for _ in range(RESAMPLED)]
    levels = []
    for share in sorted(share for share in arms if share > 0):
        arm = _arm(arms[share].runs, gated)
        levels.append(_level(share, first, arm, rounds, rule, source))
    seen = [level.measured for level in levels if level.power >= POWER]
    return Report(
        benchmark=benchmark,
        rounds=rounds,
        pairs=pairs,
        gates=gates,
        alarms=alarms,
        bound=upper_bound(alarms, gates),
        resampled=sum(_alarm(*split, rule) for split in splits) / len(splits),
        levels=tuple(levels),
        smallest=min(seen, default=None),
        seconds=seconds,
    )
