# SPDX-License-Identifier: MIT
"""The stages of an event's path in figures: a run has a histogram of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from statistics import median

from kbench.catalogue.families import stages
from kbench.suite.format import fewest
from kbench.suite.suite import Benchmark

PREFIX = "kbench_hdr_"


@dataclass(frozen=True, slots=True)
class StageSummary:
    """Medians over the good runs, in the benchmark's unit; no p99 of too few events a run."""

    name: str
    p50: float
    p99: float | None


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
    p50 = _figures(benchmark, f"kbench_{name}_p50")
    enough = all((run.number("kbench_count") or inf) >= fewest(99) for run in benchmark.good)
    p99 = _figures(benchmark, f"kbench_{name}_p99") if enough else []
    if not p50:
        return None
    return StageSummary(name, median(p50), median(p99) if p99 else None)


def _figures(benchmark: Benchmark, key: str) -> list[float]:
    values = (run.get(key) for run in benchmark.good)
    return [float(value) for value in values if isinstance(value, int | float)]
