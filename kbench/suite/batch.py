# SPDX-License-Identifier: MIT
"""A batched benchmark in figures: batch, control, and their difference per subject."""

from dataclasses import dataclass
from statistics import median

from kbench.metrics import metrics
from kbench.suite.suite import Benchmark


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """Medians over the good runs, in the benchmark's unit; a batch is `size` times the subject.

    On the host they are of each run's p50s; in the lab, whose counts are exact, of its
    minima. `each` = (`total` - `control`) / `size`. `guest` is the same as the guest's own TSC
    has it, None where RDTSC is expensive in the guest.
    """

    size: int
    total: float
    control: float
    each: float
    guest: float | None


def summarize_batch(benchmark: Benchmark) -> BatchSummary | None:
    """The BatchSummary of `benchmark`; None where it was not measured in batches."""
    size = next((run.get("kbench_counter_batch") for run in benchmark.good), None)
    if not isinstance(size, int | float):
        return None
    exact = benchmark.unit == "integer"

    def figure(name: str) -> float | None:
        values = benchmark.figures(metrics()[name])
        return median(values) if values else None

    total, control, each = (
        figure(name)
        for name in (
            ("min", "control_min", "per_instruction_min")
            if exact
            else ("p50", "control_p50", "per_instruction")
        )
    )
    if total is None or control is None or each is None:
        return None
    guest = figure("guest_per_instruction_min" if exact else "guest_per_instruction")
    return BatchSummary(int(size), total, control, each, guest)
