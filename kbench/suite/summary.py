# SPDX-License-Identifier: MIT
"""A benchmark of a suite in figures: what `kbench show` and the reports print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kbench.errors import KbenchError
from kbench.metrics import metrics
from kbench.suite import starved
from kbench.suite.batch import BatchSummary, summarize_batch
from kbench.suite.format import fewest
from kbench.suite.idle import IdleSummary, summarize_idle
from kbench.suite.load import say
from kbench.suite.outlier import OutlierRun, outliers
from kbench.suite.pyperf_json import Scalar
from kbench.suite.stages import StageSummary, summarize_stages
from kbench.suite.suite import Benchmark, Suite
from kbench.suite.titles import title

TAIL = (50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99)
"""The percentiles of Summary.tail."""
DEFAULT_PERCENTILES = (50.0, 90.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True)
class Summary:
    """All good runs of a benchmark taken together; figures are in `unit` (pyperf's).

    `percentiles` are those of the merged histogram, as the HdrHistogram library computes them,
    None of too few events, and `tail` those of TAIL that the events suffice for; `spread` is
    the lowest and the highest p50 of a single run: the run-to-run uncertainty. `where` names
    the CPU and the kernel in one line. Void runs are counted and left out, unless all runs are
    void: then the figures are theirs and a warning says so. `batch` is set for family inkernel,
    `idle` for the families of idle guests, `stages` where the path of an event has stages,
    `outliers` where --stop-above ended a run.
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
    percentiles: dict[float, float | None]
    tail: tuple[float, ...]
    spread: tuple[float, float]
    warnings: tuple[str, ...]
    batch: BatchSummary | None = None
    idle: IdleSummary | None = None
    stages: tuple[StageSummary, ...] = ()
    outliers: tuple[OutlierRun, ...] = ()

    @property
    def p50(self) -> float:
        """The median of all events, where it is among `percentiles`."""
        value = self.percentiles[50.0]
        assert value is not None
        return value

    @property
    def single(self) -> bool:
        """Whether all events of all runs took one and the same number of instructions."""
        return self.unit == "integer" and self.minimum == self.maximum


class NothingRecorded(KbenchError):
    """No run of a benchmark has an event: there is a reason, and there are no figures."""


def summaries(suite: Suite, percentiles: Sequence[float] = DEFAULT_PERCENTILES) -> list[Summary]:
    """Of every benchmark with an event; the others are named on stderr.

    Raises KbenchError where there is none, and as summarize() does.
    """
    found, reasons = [], []
    for benchmark in suite:
        try:
            found.append(summarize(benchmark, percentiles))
        except NothingRecorded as error:
            reasons.append(f"{suite.path}: {error}")
    if not found:
        raise KbenchError("\n".join(reasons))
    for reason in reasons:
        say(reason)
    return found


def summarize(benchmark: Benchmark, percentiles: Sequence[float] = DEFAULT_PERCENTILES) -> Summary:
    """The Summary of `benchmark`. Raises KbenchError where its runs lack what kbench writes."""
    voids = dict.fromkeys(run.void for run in benchmark.runs if run.void)
    notes = [
        *benchmark.warnings,
        *starved.notes(benchmark),
        *(f"void run: {reason}" for reason in voids),
    ]
    void_runs, beyond = len(benchmark.runs) - len(benchmark.good), outliers(benchmark)
    if not benchmark.good:
        notes.append("every run is void: these figures are shown, and never judged")
        benchmark = as_if_good(benchmark)
    if all(run.get("kbench_count") == 0 for run in benchmark.good):
        raise NothingRecorded("; ".join([f"{benchmark.name}: no run has an event", *voids]))
    histogram = benchmark.histogram()
    scale = 1e-9 if benchmark.unit == "second" else 1

    names = ("min", "mean", "max", "p50", "count")
    figures = {name: benchmark.figures(metrics()[name]) for name in names}
    if missing := [metrics()[name].field for name in names if not figures[name]]:
        raise KbenchError(f"{benchmark.name}: the runs lack {', '.join(missing)}")
    count = sum(figures["count"])
    weighted = zip(figures["mean"], figures["count"], strict=True)
    # The library returns the upper edge of a bucket, the longest event is exact. One walk over
    # its counters takes half a millisecond: all percentiles are read in one.
    edges = histogram.get_percentile_to_value_dict([*percentiles, *TAIL])
    at = {p: min(float(edge) * scale, max(figures["max"])) for p, edge in edges.items()}
    return Summary(
        name=benchmark.name,
        title=title(benchmark),
        unit=benchmark.unit,
        target=benchmark.provenance("kbench_target"),
        backend=benchmark.provenance("kbench_backend"),
        where=_where(benchmark),
        runs=len(benchmark.runs),
        void_runs=void_runs,
        count=int(count),
        minimum=min(figures["min"]),
        mean=sum(mean * n for mean, n in weighted) / count,
        maximum=max(figures["max"]),
        percentiles={p: at[p] if count >= fewest(p) else None for p in percentiles},
        tail=tuple(at[p] for p in TAIL if count >= fewest(p)),
        spread=(min(figures["p50"]), max(figures["p50"])),
        warnings=tuple(notes),
        batch=summarize_batch(benchmark),
        idle=summarize_idle(benchmark),
        stages=summarize_stages(benchmark),
        outliers=beyond,
    )


def as_if_good(benchmark: Benchmark) -> Benchmark:
    """The benchmark as if none of its runs with an event were void."""

    def unmarked(metadata: Mapping[str, Scalar]) -> dict[str, Scalar]:
        return {key: value for key, value in metadata.items() if key != "kbench_void"}

    some = [run for run in benchmark.runs if run.get("kbench_count") != 0] or benchmark.runs
    runs = (replace(r, own=unmarked(r.own), common=unmarked(r.common)) for r in some)
    return replace(benchmark, runs=tuple(runs))


def _where(benchmark: Benchmark) -> str:
    model = benchmark.provenance("kbench_cpu_model")
    kernel = benchmark.provenance("kbench_kernel")
    if benchmark.provenance("kbench_target") == "lab":
        return f"{model}, Linux {kernel}"
    virtual = ", in a virtual machine" if benchmark.provenance("kbench_hypervisor") == "yes" else ""
    return f"{model}, Linux {kernel}{virtual}"
