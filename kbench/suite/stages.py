# SPDX-License-Identifier: MIT
"""The stages of an event's path in figures: a run has a histogram of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from kbench.catalogue.families import stages
from kbench.suite.suite import Benchmark

PREFIX = "kbench_hdr_"


@dataclass(frozen=True, slots=True)
class StageSummary:
    """Medians over the good runs, in the benchmark's unit."""

    name: str
    p50: float
    p99: float


def summarize_stages(benchmark: Benchmark) -> tuple[StageSummary, ...]:
    """The stages of `benchmark` in the order of the path; () where it has none."""
    names = {key for run in benchmark.good for key in run.metadata if key.startswith(PREFIX)}
    ordered = in_order(benchmark.name, (key.removeprefix(PREFIX) for key in names))
    return tuple(stage for name in ordered if (stage := _summary(benchmark, name)))


def in_order(benchmark: str, names: Iterable[str]) -> list[str]:
    """`names` of stages in the order that the benchmark's family declares; others follow."""
    order = list(stages(benchmark.partition(".")[0]))
    return sorted(
        names, key=lambda name: (order.index(name) if name in order else len(order), name)
    )


def _summary(benchmark: Benchmark, name: str) -> StageSummary | None:
    figures = []
    for percentile in ("p50", "p99"):
        values = [run.get(f"kbench_{name}_{percentile}") for run in benchmark.good]
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        if not numbers:
            return None
        figures.append(median(numbers))
    return StageSummary(name, *figures)
