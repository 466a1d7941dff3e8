# SPDX-License-Identifier: MIT
"""`kbench gate --self-test`: the gate's false-alarm rate and power on this machine.

Every round measures one benchmark twice (A and A) and once with each injected delay, in random
order. A delay is time spun away in the loop, not an edited number. The gate's own rule, applied to
these runs, gives its false-alarm rate and the smallest change that it finds in 80 % of gates.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, expm1, log

from kbench.errors import KbenchError
from kbench.judge.rules import HostRule, host_evidence, host_verdict
from kbench.judge.stats import hodges_lehmann, holm
from kbench.judge.verdict import Margin, Verdict
from kbench.metrics import metrics
from kbench.suite.suite import Benchmark

LEVELS = (0.05, 0.10, 0.20)
"""Injected delays, as shares of the benchmark's p50."""

POWER = 0.8
RESAMPLED = 400

Figures = dict[str, list[float]]
"""One figure per round, by metric."""


@dataclass(frozen=True, slots=True)
class Level:
    """An injected delay: as a share of p50, the shift measured, and the power to find it."""

    wanted: float
    measured: float
    power: float


@dataclass(frozen=True, slots=True)
class Report:
    """What the self-test found.

    `alarms` of `gates` disjoint A/A gates said worse; `bound` is the upper 95 % confidence bound
    of that rate. `resampled` is the rate over random re-splits of the same runs: finer, but
    without a bound, because those gates share runs. `smallest` is the measured change of the
    smallest delay found with a power of 80 %, or None.
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
    first: Benchmark,
    second: Benchmark,
    delayed: Mapping[float, Benchmark],
    rule: HostRule,
    seconds: float,
    source: random.Random,
) -> Report:
    """The report of the arms A, A and one per delay; run i of each arm is of round i.

    Raises KbenchError where fewer rounds than a gate needs have no void run.
    """
    arms = [first, second, *delayed.values()]
    kept = [
        number
        for number, runs in enumerate(zip(*(arm.runs for arm in arms), strict=False))
        if not any(run.void for run in runs)
    ]
    pairs = rule.runs
    if len(kept) < pairs:
        raise KbenchError(f"{len(kept)} rounds without a void run, the self-test needs {pairs}")
    a, b, *others = [_figures(arm, kept) for arm in arms]
    blocks = [range(start, start + pairs) for start in range(0, len(kept) - pairs + 1, pairs)]
    alarms = sum(_worse(_at(a, block), _at(b, block), rule) for block in blocks)
    splits = [_split(a, b, len(kept), pairs, source) for _ in range(RESAMPLED)]
    levels = tuple(
        Level(
            wanted=share,
            measured=expm1(hodges_lehmann(_logs(a["p50"]), _logs(arm["p50"]), rule.confidence).mid),
            power=_power(a, arm, len(kept), rule, source),
        )
        for share, arm in zip(delayed, others, strict=True)
    )
    return Report(
        benchmark=first.name,
        rounds=len(kept),
        pairs=pairs,
        gates=len(blocks),
        alarms=alarms,
        bound=upper_bound(alarms, len(blocks)),
        resampled=sum(_worse(*split, rule) for split in splits) / len(splits),
        levels=levels,
        smallest=min((row.measured for row in levels if row.power >= POWER), default=None),
        seconds=seconds,
    )


def upper_bound(alarms: int, gates: int, confidence: float = 0.95) -> float:
    """The upper bound (Clopper and Pearson) of a rate, after `alarms` in `gates`."""

    def at_most(rate: float) -> float:
        return sum(comb(gates, k) * rate**k * (1 - rate) ** (gates - k) for k in range(alarms + 1))

    low, high = 0.0, 1.0
    while high - low > 1e-6:
        rate = (low + high) / 2
        low, high = (rate, high) if at_most(rate) > 1 - confidence else (low, rate)
    return high


def _figures(arm: Benchmark, rounds: Sequence[int]) -> Figures:
    """The judged percentiles of these rounds' runs."""
    kept = Benchmark(arm.name, arm.unit, tuple(arm.runs[number] for number in rounds))
    rows = {name: kept.figures(row) for name, row in metrics().items() if row.margin}
    return {name: row for name, row in rows.items() if row and not metrics()[name].unless}


def _logs(row: Sequence[float]) -> list[float]:
    return [log(value) for value in row]


def _at(figures: Figures, rounds: Sequence[int]) -> Figures:
    return {name: [row[number] for number in rounds] for name, row in figures.items()}


def _split(
    a: Figures, b: Figures, rounds: int, pairs: int, source: random.Random
) -> tuple[Figures, Figures]:
    """One more A/A gate: some rounds, in each of which either run may stand for base."""
    sides: tuple[Figures, Figures] = ({name: [] for name in a}, {name: [] for name in a})
    for number in source.sample(range(rounds), pairs):
        one, other = source.sample(sides, 2)
        for name in a:
            one[name].append(a[name][number])
            other[name].append(b[name][number])
    return sides


def _power(
    a: Figures, delayed: Figures, rounds: int, rule: HostRule, source: random.Random
) -> float:
    """The share of gates, drawn with replacement from the rounds, that say worse."""
    found = 0
    for _ in range(RESAMPLED):
        drawn = source.choices(range(rounds), k=rule.runs)
        found += _worse(_at(a, drawn), _at(delayed, drawn), rule)
    return found / RESAMPLED


def _worse(base: Figures, head: Figures, rule: HostRule) -> bool:
    """Whether the gate would fail: any metric worse, after Holm."""
    evidence = {name: host_evidence(base[name], head[name], rule) for name in base}
    adjusted = holm([row.p_value for row in evidence.values()])
    return any(
        host_verdict(row, p, Margin(metrics()[name].margin or 0.0), "lower", rule)[0]
        is Verdict.WORSE
        for (name, row), p in zip(evidence.items(), adjusted, strict=True)
    )
