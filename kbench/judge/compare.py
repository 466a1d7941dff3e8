# SPDX-License-Identifier: MIT
"""Two suites side by side: every judged change, every difference of provenance, every footnote."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from kbench.errors import KbenchError
from kbench.judge.compat import KERNEL, Difference, differences
from kbench.judge.functions import FunctionChanges, stored
from kbench.judge.judging import (
    Pending,
    Sample,
    exact_change,
    judging_margin,
    pending_change,
    says_the_same,
    settle,
)
from kbench.judge.project import Project
from kbench.judge.rules import HostRule
from kbench.judge.verdict import Change, Margin
from kbench.metrics import Metric, metrics
from kbench.suite.suite import Benchmark, Suite


@dataclass(frozen=True, slots=True)
class Options:
    """How to compare.

    `margin` overrides every margin, `margins` those of single metrics; both take precedence
    over the project's. `shown` names metrics to list besides the judged ones. `today` decides
    which acknowledgements have not expired. `across_kernels`: the lab's kernel is what is
    compared.
    """

    today: date
    project: Project = field(default_factory=Project)
    margin: Margin | None = None
    margins: Mapping[str, Margin] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    force: bool = False
    across_kernels: bool = False
    rule: HostRule = field(default_factory=HostRule)


@dataclass(frozen=True, slots=True)
class Void:
    """The runs of one side of a benchmark that were left out, and the most frequent reason."""

    benchmark: str
    side: str
    void: int
    runs: int
    reason: str

    @property
    def unusable(self) -> bool:
        """Whether the benchmark cannot be judged: more than half of its runs are void."""
        return 2 * self.void > self.runs


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` and `gate` print, in any format.

    `functions`: of lab benchmarks that are worse or better, where they are known.
    """

    base: str
    head: str
    forced: bool
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    voids: tuple[Void, ...]
    only_base: tuple[str, ...]
    only_head: tuple[str, ...]
    notes: tuple[str, ...]
    identical: bool = False
    functions: tuple[FunctionChanges, ...] = ()


def identical(base: str, head: str, why: str) -> Comparison:
    """Two sides that cannot differ (same modules, guest images and pins): nothing is run."""
    return Comparison(base, head, False, (), (), (), (), (), (why,), identical=True)


def compare(base: Suite, head: Suite, options: Options) -> Comparison:
    """Judge head against base. Raises KbenchError where that is forbidden and not forced."""
    names = [name for name in base.benchmarks if name in head.benchmarks]
    if not names:
        raise KbenchError(f"{base.path} and {head.path} have no benchmark in common")
    pairs = [(base.benchmarks[name], head.benchmarks[name]) for name in names]
    found = differences(pairs)
    meant = {KERNEL} if options.across_kernels else set()
    refused = [str(row) for row in found if row.forbids and row.key not in meant]
    if refused and not options.force:
        raise KbenchError(
            f"{base.path} and {head.path} cannot be compared: {'; '.join(refused)} "
            "(--force compares them anyway)"
        )
    changes: list[Change | Pending] = []
    voids: list[Void] = []
    for left, right in pairs:
        sides = [_void(left, "base"), _void(right, "head")]
        voids += [side for side in sides if side.void]
        if not any(side.unusable for side in sides):
            changes += _changes(left, right, options)
    settled, notes = settle(changes, options.rule, options.project, options.today)
    warned = [text for pair in pairs for benchmark in pair for text in benchmark.warnings]
    return Comparison(
        base=str(base.path),
        head=str(head.path),
        forced=bool(refused),
        differences=found,
        changes=settled,
        voids=tuple(voids),
        only_base=tuple(name for name in base.benchmarks if name not in head.benchmarks),
        only_head=tuple(name for name in head.benchmarks if name not in base.benchmarks),
        notes=(*notes, *dict.fromkeys(warned)),
        functions=stored(pairs, settled),
    )


def _void(benchmark: Benchmark, side: str) -> Void:
    reasons = [run.void for run in benchmark.runs if run.void]
    reason = max(reasons, key=reasons.count, default="")
    return Void(benchmark.name, side, len(reasons), len(benchmark.runs), reason)


def _changes(base: Benchmark, head: Benchmark, options: Options) -> Iterator[Change | Pending]:
    exact = base.exact and head.exact
    rule = _rule(base, options)
    for metric in metrics().values():
        margin = _margin(metric, exact, base, options)
        if margin is None and metric.name not in options.shown:
            continue
        left, right = base.figures(metric), head.figures(metric)
        if not left or not right:
            continue
        if metric.unless and metric.name not in options.shown:
            other = metrics()[metric.unless]
            if says_the_same(left, base.figures(other)):
                continue
        sample = Sample(base.name, base.unit, metric, left, right, margin)
        yield exact_change(sample) if exact else pending_change(sample, rule)


def _rule(base: Benchmark, options: Options) -> HostRule:
    """The host rule; the phases of a lab sample are all there are, and drift is not in them."""
    if not base.phases:
        return options.rule
    return replace(options.rule, runs=min(base.phases, options.rule.runs), phases=True)


def _margin(metric: Metric, exact: bool, base: Benchmark, options: Options) -> Margin | None:
    """The margin that judges this metric; None where it is shown and not judged."""
    own = options.margins.get(metric.name, options.margin)
    if own is not None and own.absolute and not exact:
        if base.provenance("kbench_target") != "lab":
            raise KbenchError("a margin in instructions applies to lab counts only: write 3%")
        own = None  # it applies to the exact counts: those of a sample have shares
    return judging_margin(metric, exact, base.unit, options.project, own)
