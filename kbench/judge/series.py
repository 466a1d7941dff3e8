# SPDX-License-Identifier: MIT
"""The series that the suites of a history make, and where their levels change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from kbench.errors import KbenchError
from kbench.judge.changepoints import change_points
from kbench.judge.compat import identity
from kbench.judge.history import HistoryEntry
from kbench.judge.judging import judging_margin, says_the_same
from kbench.judge.project import Project
from kbench.judge.verdict import Verdict
from kbench.metrics import Metric, metrics
from kbench.suite.suite import Benchmark


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The median of a metric over the good runs of one entry."""

    date: datetime
    commit: str
    value: float


@dataclass(frozen=True, slots=True)
class LevelShift:
    """A new level from `point` on: the medians before and after it, and what that means."""

    point: HistoryPoint
    before: float
    after: float
    verdict: Verdict
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one benchmark over time, oldest first, and where its level changed.

    `left_out` counts entries that cannot be compared with the newest one.
    """

    benchmark: str
    metric: str
    unit: str
    points: tuple[HistoryPoint, ...]
    shifts: tuple[LevelShift, ...]
    left_out: int


def series(
    history: Sequence[HistoryEntry],
    chosen: Sequence[str],
    shown: Sequence[Metric] | None,
    project: Project,
) -> Iterator[Series]:
    """A Series for each benchmark of the newest entries (all, or those `chosen`) and metric.

    `shown` None stands for the metrics that the gate judges there.
    """
    newest: dict[str, Benchmark] = {}
    for entry in history:
        newest.update(entry.suite.benchmarks)
    for name in chosen or newest:
        if name not in newest:
            raise KbenchError(f"no suite of this history has {name}")
        wanted = identity(newest[name])
        measured = [
            (entry, entry.suite.benchmarks[name])
            for entry in history
            if name in entry.suite.benchmarks
        ]
        comparable = [
            (entry, benchmark) for entry, benchmark in measured if identity(benchmark) == wanted
        ]
        for metric in _judged(newest[name]) if shown is None else shown:
            row = _series(comparable, metric, project, len(measured) - len(comparable))
            if row is not None:
                yield row


def _judged(benchmark: Benchmark) -> Iterator[Metric]:
    exact = benchmark.exact
    for metric in metrics().values():
        if not (metric.exact if exact else metric.margin):
            continue
        other = metrics().get(metric.unless or "")
        if other and says_the_same(benchmark.figures(metric), benchmark.figures(other)):
            continue
        yield metric


def _series(
    measured: Sequence[tuple[HistoryEntry, Benchmark]],
    metric: Metric,
    project: Project,
    left_out: int,
) -> Series | None:
    """The Series of `metric` over comparable entries, `left_out` others having been set aside."""
    points = []
    for entry, benchmark in measured:
        figures = benchmark.figures(metric)
        if figures and min(figures) > 0:
            points.append(HistoryPoint(entry.date, entry.commit, median(figures)))
        else:
            left_out += 1
    if not points:
        return None
    newest = measured[-1][1]
    shifts = tuple(_shifts(points, newest, metric, project))
    unit = metric.unit_of(newest.unit)
    return Series(newest.name, metric.name, unit, tuple(points), shifts, left_out)


def _shifts(
    points: Sequence[HistoryPoint], benchmark: Benchmark, metric: Metric, project: Project
) -> Iterator[LevelShift]:
    exact = benchmark.exact
    margin = judging_margin(metric, exact, benchmark.unit, project)
    if margin is None:
        return  # shown, never judged
    values = [point.value for point in points]
    cuts = change_points(values, margin, exact)
    edges = [0, *cuts, len(values)]
    for start, cut, end in zip(edges, edges[1:], edges[2:], strict=False):
        before, after = median(values[start:cut]), median(values[cut:end])
        worse = (after > before) == (metric.direction == "lower")
        known = any(
            entry.covers(benchmark.name, metric.name, after / before - 1)
            and points[cut].date.date() <= entry.expires
            for entry in project.acknowledged
        )
        verdict = Verdict.WORSE if worse else Verdict.BETTER
        yield LevelShift(points[cut], before, after, verdict, worse and known)
