# SPDX-License-Identifier: MIT
"""The trade-off of idle policies: pCPU time burnt while idle against wakeup latency.

A benchmark `idle.PATTERN@POLICY` has both: its value is the CPU seconds that the vCPU's thread
burns per guest second, its histogram holds the wakeup latencies of the same runs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from kbench.metrics import metrics
from kbench.suite.suite import Benchmark
from kbench.suite.summary import summarize

LAB_SECOND = 1e9
"""Instructions a second of the lab's virtual time (-icount shift=0)."""
DELAYED = ("urgent",)
"""Events of family work whose histogram is the work's delay; that of others is wakeup latency."""


@dataclass(frozen=True, slots=True)
class Point:
    """One policy under one pattern: `cost` is a share of one pCPU, latencies are in `unit`.

    p99 is None of too few events. `spread` is the lowest and the highest p50 of a single run.
    """

    pattern: str
    policy: str
    unit: str
    cost: float
    p50: float
    p99: float | None
    spread: tuple[float, float]


def points(benchmarks: Iterable[Benchmark]) -> list[Point]:
    """A Point for each idle benchmark with a good run, whose wake-ups are no artefact."""
    return [
        _point(row)
        for row in benchmarks
        if row.name.startswith("idle.") and row.good and not row.provenance("kbench_no_latency")
    ]


def _point(benchmark: Benchmark) -> Point:
    pattern, _, policy = benchmark.name.removeprefix("idle.").partition("@")
    summary = summarize(benchmark, (50.0, 99.0))
    cost = median(benchmark.figures(metrics()["value"]))
    if benchmark.unit == "integer":
        cost /= LAB_SECOND
    return Point(
        pattern,
        policy,
        benchmark.unit,
        cost,
        summary.p50,
        summary.percentiles[99.0],
        summary.spread,
    )


def front(pairs: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the Pareto front, by rising cost: no other pair is as low in both.

    `pairs` are (cost, latency), both better when lower. Of equal pairs, the first is on it.
    """
    best: list[int] = []
    for index in sorted(range(len(pairs)), key=lambda i: (*pairs[i], i)):
        if not best or pairs[index][1] < pairs[best[-1]][1]:
            best.append(index)
    return best
