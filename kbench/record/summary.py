# SPDX-License-Identifier: MIT
"""One benchmark of a suite in figures: what `kbench show` and the reports print."""

from collections.abc import Sequence
from dataclasses import dataclass

from kbench.record.suite import Benchmark

DEFAULT_PERCENTILES = (50.0, 90.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True)
class Summary:
    """All good runs of a benchmark taken together; figures are in `unit` (pyperf's).

    `percentiles` are those of the merged histogram, as the HdrHistogram library computes
    them; `spread` is the lowest and the highest p50 of a single run, which is what
    the run-to-run uncertainty of `percentiles` looks like. `where` says what was measured
    in one line. Void runs are counted, not used.
    """

    name: str
    title: str
    unit: str
    target: str
    backend: str
    where: str
    runs: int
    void_runs: int
    count: int
    minimum: float
    mean: float
    maximum: float
    percentiles: dict[float, float]
    spread: tuple[float, float]
    warnings: tuple[str, ...]


def summarize(benchmark: Benchmark, percentiles: Sequence[float] = DEFAULT_PERCENTILES) -> Summary:
    """The Summary of `benchmark`. Raises KbenchError where no good run is left."""
    histogram = benchmark.histogram()
    scale = 1e-9 if benchmark.unit == "second" else 1
    good = benchmark.good
    figures = {
        key: [float(run.get(f"kbench_{key}") or 0) for run in good]
        for key in ("min", "mean", "max", "p50", "count")
    }
    count = sum(figures["count"])
    weighted = zip(figures["mean"], figures["count"], strict=True)
    voids = dict.fromkeys(run.void for run in benchmark.runs if run.void)
    return Summary(
        name=benchmark.name,
        title=benchmark.provenance("kbench_title"),
        unit=benchmark.unit,
        target=benchmark.provenance("kbench_target"),
        backend=benchmark.provenance("kbench_backend"),
        where=_where(benchmark),
        runs=len(benchmark.runs),
        void_runs=len(benchmark.runs) - len(good),
        count=int(count),
        minimum=min(figures["min"]),
        mean=sum(mean * n for mean, n in weighted) / count,
        maximum=max(figures["max"]),
        percentiles={p: histogram.get_value_at_percentile(p) * scale for p in percentiles},
        spread=(min(figures["p50"]), max(figures["p50"])),
        warnings=(*benchmark.warnings, *(f"void run: {reason}" for reason in voids)),
    )


def _where(benchmark: Benchmark) -> str:
    model = benchmark.provenance("kbench_cpu_model")
    kernel = benchmark.provenance("kbench_kernel")
    virtual = ", in a virtual machine" if benchmark.provenance("kbench_hypervisor") == "yes" else ""
    return f"{model}, Linux {kernel}{virtual}"
