# SPDX-License-Identifier: MIT
"""The series that the suites of a history make, and where their levels change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import median

from kbench.errors import KbenchError
from kbench.judge.changepoints import Cut, change_points, exact_changes, fewest
from kbench.judge.compat import identity
from kbench.judge.functions import FunctionChanges, between, kept
from kbench.judge.history import HistoryEntry, entries
from kbench.judge.judging import judging_margin, says_the_same
from kbench.judge.project import Project, known, load_project
from kbench.judge.rules import HostRule
from kbench.judge.stats import holm
from kbench.judge.verdict import Verdict
from kbench.metrics import Metric, metrics
from kbench.suite.suite import Benchmark

ALPHA = HostRule().alpha


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The median of a metric over the good runs of one entry."""

    date: datetime
    commit: str
    value: float


@dataclass(frozen=True, slots=True)
class LevelShift:
    """A new level from `point` on: the medians before and after it, and what that means.

    `functions`: what the entries on both sides of it differ in, where both have stored them.
    """

    point: HistoryPoint
    before: float
    after: float
    verdict: Verdict
    acknowledged: bool
    functions: FunctionChanges | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one benchmark over time, oldest first, and where its level changed.

    `left_out` counts entries that cannot be compared with the newest one. With fewer than
    `fewest` entries no change can be told; 0 where counts are exact, and nothing is judged.
    """

    benchmark: str
    metric: str
    unit: str
    points: tuple[HistoryPoint, ...]
    shifts: tuple[LevelShift, ...]
    left_out: int
    fewest: int = 0


@dataclass(frozen=True, slots=True)
class _Levels:
    """A Series that lacks its shifts, and the cuts that could become them.

    measured: what its points were taken from.
    """

    series: Series
    benchmark: Benchmark
    metric: Metric
    cuts: tuple[Cut, ...]
    measured: tuple[Benchmark, ...]

    @property
    def tested(self) -> bool:
        """Whether its cuts are a matter of chance, and to be corrected for those of others."""
        return not self.benchmark.exact and self.metric.margin is not None


def read(
    directory: Path, chosen: Sequence[str], shown: Sequence[str], config: Path | None
) -> list[Series]:
    """The series of a directory, of these benchmarks and metrics by name: all, and the judged ones.

    Raises KbenchError for a name that does not exist and for a bad project file.
    """
    for name in shown:
        known(name)
    wanted = [metrics()[name] for name in shown] or None
    return list(series(entries(directory), chosen, wanted, load_project(config)))


def series(
    history: Sequence[HistoryEntry],
    chosen: Sequence[str],
    shown: Sequence[Metric] | None,
    project: Project,
    alpha: float = ALPHA,
) -> list[Series]:
    """A Series for each benchmark of the newest entries (all, or those `chosen`) and metric.

    `shown` None stands for the metrics that the gate judges there. `alpha` bounds the chance
    that any host series has a shift when nothing has changed (Holm over all of them). Raises
    KbenchError where no entry has a chosen benchmark.
    """
    rows = list(_levels(history, chosen, shown, project, alpha))
    tested = [row for row in rows if row.tested]
    # A series without a cut was tested too: chance made none.
    chances = iter(holm([p for row in tested for p in [c.p_value for c in row.cuts] or [1.0]]))
    needed = fewest(len(tested), alpha) if tested else 0
    settled = []
    for row in rows:
        cuts = [cut.start for cut in row.cuts]
        if row.tested:
            adjusted = [next(chances) for _ in row.cuts or (None,)]
            cuts = [cut for cut, p in zip(cuts, adjusted, strict=False) if p <= alpha]
        shifts = tuple(_shifts(row, cuts, project))
        fewest_here = needed if row.tested else 0
        settled.append(replace(row.series, shifts=shifts, fewest=fewest_here))
    return settled


def _levels(
    history: Sequence[HistoryEntry],
    chosen: Sequence[str],
    shown: Sequence[Metric] | None,
    project: Project,
    alpha: float,
) -> Iterator[_Levels]:
    newest: dict[str, Benchmark] = {}
    for entry in history:
        newest.update(entry.suite.benchmarks)
    for name in chosen or newest:
        if name not in newest:
            raise KbenchError(f"no suite of this history has {name}")
        wanted = _identity(newest[name])
        measured = [
            (entry, entry.suite.benchmarks[name])
            for entry in history
            if name in entry.suite.benchmarks
        ]
        comparable = [
            (entry, benchmark) for entry, benchmark in measured if _identity(benchmark) == wanted
        ]
        for metric in _judged(newest[name]) if shown is None else shown:
            usable = [(entry, each) for entry, each in comparable if _usable(each, metric)]
            if usable:
                benchmark = comparable[-1][1]
                row = _series(usable, benchmark, metric, len(measured) - len(usable))
                cuts = _cuts(row, benchmark, metric, project, alpha)
                kept = tuple(each for _, each in usable)
                yield _Levels(row, benchmark, metric, tuple(cuts), kept)


def _identity(benchmark: Benchmark) -> dict[str, str]:
    """What is equal along a series; in the history of a kernel's own commits, not the kernel."""
    found = identity(benchmark)
    if benchmark.runs[0].get("kbench_kernel_commit") is not None:
        found.pop("kbench_pin_kernel", None)
    return found


def _judged(benchmark: Benchmark) -> Iterator[Metric]:
    exact = benchmark.exact
    for metric in metrics().values():
        if not (metric.exact if exact else metric.margin):
            continue
        other = metrics().get(metric.unless or "")
        if other and says_the_same(benchmark.figures(metric), benchmark.figures(other)):
            continue
        yield metric


def _usable(benchmark: Benchmark, metric: Metric) -> bool:
    figures = benchmark.figures(metric)
    return bool(figures) and min(figures) > 0


def _series(
    measured: Sequence[tuple[HistoryEntry, Benchmark]],
    newest: Benchmark,
    metric: Metric,
    left_out: int,
) -> Series:
    """The points of `metric` over usable entries, `left_out` others having been set aside."""
    points = tuple(
        HistoryPoint(entry.date, entry.commit, median(benchmark.figures(metric)))
        for entry, benchmark in measured
    )
    return Series(newest.name, metric.name, metric.unit_of(newest.unit), points, (), left_out)


def _cuts(
    row: Series, benchmark: Benchmark, metric: Metric, project: Project, alpha: float
) -> list[Cut]:
    margin = judging_margin(metric, benchmark.exact, benchmark.unit, project)
    if margin is None:
        return []  # shown, never judged
    values = [point.value for point in row.points]
    if benchmark.exact:
        return [Cut(index, 0.0) for index in exact_changes(values, margin)]
    return change_points(values, margin, alpha)


def _shifts(row: _Levels, cuts: Sequence[int], project: Project) -> Iterator[LevelShift]:
    points = row.series.points
    values = [point.value for point in points]
    edges = [0, *cuts, len(values)]
    for start, cut, end in zip(edges, cuts, edges[2:], strict=False):
        before, after = median(values[start:cut]), median(values[cut:end])
        worse = (after > before) == (row.metric.direction == "lower")
        known = any(
            entry.covers(row.series.benchmark, row.series.metric, after / before - 1)
            and points[cut].date.date() <= entry.expires
            for entry in project.acknowledged
        )
        verdict = Verdict.WORSE if worse else Verdict.BETTER
        sides = kept(row.measured[cut - 1]), kept(row.measured[cut])
        found = between(row.series.benchmark, *sides) if all(sides) else None
        yield LevelShift(points[cut], before, after, verdict, worse and known, found)
