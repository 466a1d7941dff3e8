# SPDX-License-Identifier: MIT
"""A benchmark of batches in figures: batch, control, and what is between them per subject."""

from dataclasses import dataclass
from statistics import median

from kbench.metrics import metrics
from kbench.suite.suite import Benchmark
from kbench.units import human


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """`size` subjects make a batch. All figures are medians over the good runs, in the
    benchmark's unit; `guest` is None where no RDTSC in the guest is cheap.

    On the host they come from each run's p50s; in the lab, whose counts are exact, from
    its minima. `each` = (`total` - `control`) / `size`.
    """

    size: int
    total: float
    control: float
    each: float
    guest: float | None


def summarize_batch(benchmark: Benchmark) -> BatchSummary | None:
    """The BatchSummary of `benchmark`; None when it was not measured in batches."""
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


def batch_cells(batch: BatchSummary, unit: str) -> list[str]:
    """The cells after the name; an amount per subject need not be whole instructions."""
    figures = [human(value, unit) for value in (batch.total, batch.control, batch.each)]
    return [f"{batch.size:,}", *figures, "-" if batch.guest is None else human(batch.guest, unit)]
