# SPDX-License-Identifier: MIT
"""The stages of an event's path in figures: each has a histogram of its own in a run."""

from dataclasses import dataclass
from statistics import median

from kbench.suite.suite import Benchmark

PREFIX = "kbench_hdr_"
# In the order of the path; those that are not listed follow by name.
ORDER = (
    "late", "raise", "probe", "tell", "stop", "start", "guest", "ack", "exit", "entry", "wake",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StageSummary:
    """Medians over the good runs, in the benchmark's unit."""

    name: str
    p50: float
    p99: float


def summarize_stages(benchmark: Benchmark) -> tuple[StageSummary, ...]:
    """The stages of `benchmark` in the order of the path; () where it has none."""
    names = {key for run in benchmark.good for key in run.metadata if key.startswith(PREFIX)}
    found = (_summary(benchmark, key.removeprefix(PREFIX)) for key in names)
    return tuple(sorted((stage for stage in found if stage), key=lambda stage: rank(stage.name)))


def rank(name: str) -> tuple[int, str]:
    """Where the stage `name` stands on the path, to sort by."""
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def _summary(benchmark: Benchmark, name: str) -> StageSummary | None:
    figures = []
    for percentile in ("p50", "p99"):
        values = [run.get(f"kbench_{name}_{percentile}") for run in benchmark.good]
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        if not numbers:
            return None
        figures.append(median(numbers))
    return StageSummary(name, *figures)
