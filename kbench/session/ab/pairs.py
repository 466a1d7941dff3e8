# SPDX-License-Identifier: MIT
"""Runs of two sides in pairs, until there is a verdict.

A machine drifts: two suites measured one after the other differ by the drift. The two runs of
a pair follow each other at once, in random order, so that drift falls on both sides alike.

Each analysis of the runs so far is one more chance of a false alarm. Interim analyses come at
20, 40, 80 ... pairs and get alpha/2, alpha/4 ... (alpha spending): together at most alpha.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from kbench.errors import KbenchError, Unavailable
from kbench.judge.compare import Comparison, Options, compare
from kbench.judge.rules import HostRule
from kbench.judge.verdict import Verdict
from kbench.suite.suite import Suite


class Side(Protocol):
    """One of the two things compared, and the suite of its runs."""

    label: str

    def measure(self, benchmark: str) -> bool:
        """Add one run of `benchmark`: False when it is void. Unavailable where it cannot run."""

    def suite(self) -> Suite:
        """All runs so far."""


@dataclass(frozen=True, slots=True)
class PairLimits:
    """When to give up: `max_time` seconds after the start, checked before each pair."""

    max_time: float = 600.0
    clock: Callable[[], float] = time.monotonic


Progress = Callable[[int, Sequence[str]], None]
"""Called before each pair with its number and the benchmarks still open."""


def measure_and_compare(
    base: Side,
    head: Side,
    benchmarks: Sequence[str],
    options: Options,
    limits: PairLimits,
    order: random.Random,
    progress: Progress = lambda pair, names: None,
) -> Comparison:
    """Measure pairs of runs until every benchmark has a verdict or time is up."""
    start = limits.clock()
    undecided = list(benchmarks)
    skipped: dict[str, str] = {}
    pair = analysis = 0
    while True:
        goal = options.rule.runs << analysis
        while pair < goal and (pair == 0 or limits.clock() - start < limits.max_time):
            pair += 1
            progress(pair, undecided)
            for name in order.sample(undecided, len(undecided)):
                missing = _pair(name, order.sample((base, head), 2))
                if missing:
                    skipped[name] = missing
                    undecided.remove(name)
            if not undecided:
                break
        if len(skipped) == len(benchmarks):
            reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped.items())
            raise KbenchError(f"no benchmark could be measured on both sides: {reasons}")
        rule = spending(options.rule, analysis)
        comparison = compare(base.suite(), head.suite(), replace(options, rule=rule))
        undecided = [name for name in open_benchmarks(comparison) if name not in skipped]
        analysis += 1
        if not undecided or limits.clock() - start >= limits.max_time:
            notes = tuple(f"skipped {name}: {reason}" for name, reason in skipped.items())
            return replace(
                comparison,
                base=base.label,
                head=head.label,
                notes=(*notes, *comparison.notes),
            )


def _pair(name: str, sides: Sequence[Side]) -> str:
    """Measure a run of each side; the reason where one cannot, else "".

    The other side is measured even then: what only one side has is part of the verdict.
    """
    reasons = []
    for side in sides:
        try:
            side.measure(name)
        except Unavailable as reason:
            reasons.append(str(reason))
    return "; ".join(dict.fromkeys(reasons))


def spending(rule: HostRule, analysis: int) -> HostRule:
    """The rule of interim analysis 0, 1, 2 ...: it gets 1/2, 1/4, 1/8 ... of alpha."""
    share = 0.5 ** (analysis + 1)
    return replace(rule, alpha=rule.alpha * share, confidence=1 - (1 - rule.confidence) * share)


def open_benchmarks(comparison: Comparison) -> list[str]:
    """Benchmarks of which some metric cannot be told yet, or whose runs were mostly void."""
    names = [row.benchmark for row in comparison.changes if row.verdict is Verdict.CANNOT_TELL]
    names += [void.benchmark for void in comparison.voids if void.unusable]
    return list(dict.fromkeys(names))
