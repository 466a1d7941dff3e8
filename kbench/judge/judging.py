# SPDX-License-Identifier: MIT
"""From figures to judged changes.

Holm's correction needs the p-values of every benchmark of a gate, so the changes of a host are
pending until settle(). Lab changes are facts and are judged at once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from statistics import median

from kbench.judge.project import Project
from kbench.judge.rules import (
    LAB_MARGIN,
    Evidence,
    HostRule,
    host_evidence,
    host_verdict,
    lab_change,
    lab_verdict,
)
from kbench.judge.stats import holm
from kbench.judge.verdict import Change, Margin, Verdict
from kbench.metrics import Metric, metrics


@dataclass(frozen=True, slots=True)
class Pending:
    """A host change before Holm's correction; `evidence` is None where a figure is zero."""

    change: Change
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of a metric, one of each good run of both sides, and its margin."""

    benchmark: str
    unit: str
    metric: Metric
    base: Sequence[float]
    head: Sequence[float]
    margin: Margin | None


def judging_margin(
    metric: Metric, exact: bool, unit: str, project: Project, own: Margin | None = None
) -> Margin | None:
    """The margin of `metric` in the lab (`exact`) or on a host: `own`, else the project's, else
    the default. None where the metric is shown and never judged. `unit` is the benchmark's.
    """
    if not (metric.exact if exact else metric.margin is not None):
        return None
    own = own or project.margin("lab" if exact else "host", metric.name)
    if own is None:
        own = LAB_MARGIN if exact else Margin(metric.margin or 0.0)
    # A lab benchmark that measures a share or seconds has no margin in instructions.
    return own if exact and unit == "integer" else Margin(own.relative)


def says_the_same(values: Sequence[float], others: Sequence[float]) -> bool:
    """Whether two metrics of the same runs are one quantity: their medians are within 25 %."""
    return bool(others) and 0.8 * median(others) <= median(values) <= 1.25 * median(others)


def exact_change(sample: Sample) -> Change:
    """The judged lab change of one metric."""
    change = lab_change(sample.base, sample.head)
    before = median(sample.base)
    verdict = None
    if sample.margin is not None:
        verdict = lab_verdict(change, before, sample.margin, sample.metric.direction)
    differ = len(set(sample.base)) > 1 or len(set(sample.head)) > 1
    return replace(
        _blank(sample),
        exact=True,
        low=_share(change.low, before),
        mid=_share(change.mid, before),
        high=_share(change.high, before),
        delta=change.mid,
        verdict=verdict,
        notes=("runs of one side differ, though lab counts should repeat",) if differ else (),
    )


def pending_change(sample: Sample, rule: HostRule) -> Pending:
    """The host change of one metric, to be judged by settle()."""
    blank = _blank(sample)
    if min(*sample.base, *sample.head) <= 0:
        verdict = Verdict.CANNOT_TELL if sample.margin else None
        return Pending(replace(blank, verdict=verdict, notes=("a figure is zero",)), None)
    evidence = host_evidence(sample.base, sample.head, rule)
    low, mid, high = (math.expm1(log) for log in evidence.shift)
    return Pending(replace(blank, low=low, mid=mid, high=high), evidence)


def settle(
    changes: Sequence[Change | Pending], rule: HostRule, project: Project, today: date
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """All changes in the order given, with verdicts, and notes on expired acknowledgements."""
    judged = [
        row for row in changes if isinstance(row, Pending) and row.evidence and row.change.margin
    ]
    adjusted = iter(holm([row.evidence.p_value for row in judged if row.evidence]))
    settled = []
    notes: dict[str, None] = {}
    for row in changes:
        change = row.change if isinstance(row, Pending) else row
        if isinstance(row, Pending) and row.evidence and change.margin:
            direction = metrics()[change.metric].direction
            verdict, further = host_verdict(
                row.evidence, next(adjusted), change.margin, direction, rule
            )
            change = replace(change, verdict=verdict, further_pairs=further)
        if change.verdict is Verdict.WORSE:
            change, note = _acknowledge(change, project, today)
            notes.update(dict.fromkeys(note))
        settled.append(change)
    return tuple(settled), tuple(notes)


def _acknowledge(change: Change, project: Project, today: date) -> tuple[Change, list[str]]:
    notes = []
    for entry in project.acknowledged:
        if entry.covers(change.benchmark, change.metric, change.mid):
            if today <= entry.expires:
                return replace(change, acknowledged=f"{entry.reason} (until {entry.expires})"), []
            notes.append(f"acknowledgement of {entry.benchmark} expired on {entry.expires}")
    return change, notes


def _blank(sample: Sample) -> Change:
    """The change with its figures, before a verdict."""
    base, head = median(sample.base), median(sample.head)
    return Change(
        benchmark=sample.benchmark,
        metric=sample.metric.name,
        unit=sample.metric.unit_of(sample.unit),
        exact=False,
        base=base,
        head=head,
        base_runs=len(sample.base),
        head_runs=len(sample.head),
        low=-math.inf,
        mid=_share(head - base, base),
        high=math.inf,
        delta=None,
        margin=sample.margin,
        verdict=None,
    )


def _share(delta: float, base: float) -> float:
    if delta == 0:
        return 0.0
    return delta / base if base else math.copysign(math.inf, delta)
