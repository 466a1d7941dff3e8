# SPDX-License-Identifier: MIT
"""Which commits of a kernel tree moved a count of the lab, and by how much.

Counts repeat bit for bit, so that each commit is measured once, and a kernel whose code is
that of one measured before not at all.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from kbench.catalogue import Benchmark, find
from kbench.errors import KbenchError
from kbench.judge import history
from kbench.judge.bisection import Bisection, CommitFigure, Move, search
from kbench.judge.functions import FunctionChanges
from kbench.kernels.cache import Progress
from kbench.kernels.errors import BuildFailed
from kbench.kernels.tree.git import Commit, Repository
from kbench.lab import labs
from kbench.lab.errors import BootFailed, LabPanic, ModuleRefused
from kbench.lab.target import LabTarget
from kbench.metrics import Metric, metrics
from kbench.record.writer import SuiteWriter
from kbench.session.ab.functions import explained
from kbench.suite.load import load
from kbench.suite.suite import Suite
from kbench.targets.options import RunOptions


class Unmeasurable(KbenchError):
    """The benchmark fails, or is skipped, on this commit."""


# What failed, and the first error with its line of source; or the panic.
REASON_LINES = 3
# A commit that ends so is passed over; any other error is no commit's and ends the search.
PASSED_OVER = (BuildFailed, BootFailed, LabPanic, ModuleRefused, Unmeasurable)


class Measuring:
    """The figures of commits by their index in the history, each measured once."""

    def __init__(
        self,
        commits: Sequence[Commit],
        measure: Callable[[Commit, Path], Suite],
        figure: Callable[[Suite], float],
        repository: Repository,
        keep: Path | None,
    ) -> None:
        self.steps: dict[int, CommitFigure] = {}
        self._commits = commits
        self._measure = measure
        self._figure = figure
        self._repository = repository
        self._keep = keep

    def __call__(self, index: int) -> float | None:
        if index not in self.steps:
            self.steps[index] = self._step(self._commits[index])
        return self.steps[index].figure

    def _step(self, commit: Commit) -> CommitFigure:
        subject = self._repository.subject(commit)
        with tempfile.TemporaryDirectory(prefix="kbench-bisect-") as directory:
            try:
                suite = self._measure(commit, Path(directory) / "suite.json")
            except PASSED_OVER as error:
                lines = str(error).splitlines()[:REASON_LINES]
                return CommitFigure(subject, None, "\n".join(lines))
            if self._keep is not None:
                when = self._repository.date(commit)
                history.add(self._keep, suite.path, commit.name, when)
            return CommitFigure(subject, self._figure(suite))


def bisect(
    good: str,
    bad: str,
    tree: str,
    wanted: str,
    *,
    threshold: float,
    every: int,
    keep: Path | None,
    report: Progress,
    place: labs.LabPlace[Any] = labs,
) -> Bisection:
    """Find what moved `wanted`, BENCHMARK[:METRIC], by `threshold` between two commits.

    tree: DIR[,BASE], as in `--kernel tree:`. keep: a history that gets the suite of every
    commit measured, and with `every` above 0 of each commit of that number as well. Kernels are
    built here, and labs run in `place`. Raises KbenchError where an end cannot be measured, or
    something fails that is no commit's fault.
    """
    row, metric = _wanted(wanted)
    directory, _, base = tree.partition(",")
    repository = Repository(Path(directory))
    commits = repository.between(good, bad)
    lab = _Lab(row, f"tree:{repository.path}@{{}},{base or 'distribution'}", report, place)
    figure = _figure(row, metric)
    measuring = Measuring(commits, lab.measure, figure, repository, keep)
    for index, name in ((0, good), (len(commits) - 1, bad)):
        report(f"{name}, an end of {len(commits) - 1} commits")
        if measuring(index) is None:
            raise KbenchError(f"{name} cannot be measured: {measuring.steps[index].reason}")
    moves = search(measuring, len(commits) - 1, threshold)
    for index in range(0, len(commits), every) if every else ():
        measuring(index)
    spoken = {index for move in moves for index in range(move.before, move.after + 1)}
    return Bisection(
        benchmark=row.name,
        metric=metric.name,
        commits=len(commits) - 1,
        moves=tuple(moves),
        functions=tuple(lab.functions(commits[m.before], commits[m.after]) for m in moves),
        subjects={index: repository.subject(commits[index]) for index in spoken},
        inside=_merges(repository, commits, moves),
        steps=dict(sorted(measuring.steps.items())),
    )


class _Lab:
    """Measures a benchmark on kernels of one tree."""

    def __init__(
        self, row: Benchmark, kernel: str, report: Progress, place: labs.LabPlace[Any]
    ) -> None:
        self._row = row
        self._kernel = kernel
        self._report = report
        self._place = place
        self._known: dict[tuple[str, str], bytes] = {}

    def functions(self, before: Commit, after: Commit) -> FunctionChanges:
        """What the difference of two commits is made of, in their typical events."""
        kernels = (self._kernel.format(commit.hash) for commit in (before, after))
        pair = [labs.prepare(kernel, labs.STOCK, self._report) for kernel in kernels]
        (found,) = explained([self._row.name], pair)
        return found

    def measure(self, commit: Commit, path: Path) -> Suite:
        """The suite of one commit, written to `path`."""
        kernel = self._kernel.format(commit.hash)
        lab = self._place.prepare(kernel, labs.STOCK, self._report)
        code = lab.identity["kernel"], lab.kvm[1]
        if code in self._known:
            self._report(f"{commit.name} has the code of a commit that was measured")
            path.write_bytes(self._known[code])
            return load(path)
        with SuiteWriter(path) as writer:
            target = LabTarget(kernel, labs.STOCK, report=self._report, place=self._place)
            outcome = target.measure([self._row], RunOptions(), writer, progress=lambda step: None)
            if not len(writer):
                (reason,) = (*outcome.failed.values(), *outcome.skipped.values())
                raise Unmeasurable(reason)
        self._known[code] = path.read_bytes()
        return load(path)


def _merges(
    repository: Repository, commits: Sequence[Commit], moves: Sequence[Move]
) -> dict[int, str]:
    """GOOD and BAD of the merged branch, by the index of each merge that moves the figure."""
    branches = {
        index: repository.merged(commits[index])
        for move in moves
        for index in range(move.before + 1, move.after + 1)
    }
    return {index: f"{ends[0]} {ends[1]}" for index, ends in branches.items() if ends}


def _wanted(words: str) -> tuple[Benchmark, Metric]:
    name, _, metric = words.partition(":")
    metric = metric or "p50"
    if metric not in metrics():
        raise KbenchError(f"no metric {metric!r}: known are {', '.join(metrics())}")
    return find(name), metrics()[metric]


def _figure(row: Benchmark, metric: Metric) -> Callable[[Suite], float]:
    def figure(suite: Suite) -> float:
        values = suite.benchmarks[row.name].figures(metric)
        if not values:
            raise KbenchError(f"{row.name} has no {metric.name}")
        return median(values)

    return figure
