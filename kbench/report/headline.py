# SPDX-License-Identifier: MIT
"""The answer in one sentence, computed from the data: what a reader sees first."""

from collections.abc import Sequence

from kbench.catalogue import patterns
from kbench.catalogue.policies import policy
from kbench.errors import KbenchError
from kbench.judge.verdict import Change, Verdict
from kbench.metrics import metrics
from kbench.present.changes import change_text
from kbench.report.changes import Pair, counted
from kbench.report.charts.exits import FLOOR
from kbench.report.model import Entry, Model, Place, SuiteFile
from kbench.suite.tradeoff import Point, points
from kbench.units import human, percent


def headline(model: Model, found: Sequence[Pair]) -> str:
    """The verdict of a comparison, else the choice of idle policy, else what an exit costs.

    A head with policies that its base lacks was measured for the choice.
    """
    choices = policies(model)
    judged = [pair for pair in found if pair.comparison]
    if judged and not (choices and any(_adds_policies(model, pair) for pair in judged)):
        return _verdict(judged[0])
    return choices[0] if choices else _exits(model)


def policies(model: Model) -> list[str]:
    """A sentence for each place where idle policies were measured."""
    found = {place: model.at(place, "idle") for place in model.places}
    return [_policies(place, idle) for place, idle in found.items() if idle]


def _adds_policies(model: Model, pair: Pair) -> bool:
    def measured(source: SuiteFile) -> set[str]:
        return {entry.policy for entry in model.entries if entry.source is source}

    return bool(measured(pair.head) - measured(pair.base))


def _verdict(pair: Pair) -> str:
    assert pair.comparison is not None
    changes = [row for row in pair.comparison.changes if row.verdict]
    text = f"{pair.head.label} against {pair.base.label}: {counted(pair.comparison)}"
    for verdict in (Verdict.WORSE, Verdict.BETTER):
        chosen = [row for row in changes if row.verdict == verdict and not row.acknowledged]
        if chosen:
            return f"{text}; most changed: {_change(max(chosen, key=lambda row: abs(row.mid)))}."
    return f"{text}."


def _change(change: Change) -> str:
    title = metrics()[change.metric].title
    return f"{change.benchmark} {title} {change_text(change)}"


def _policies(place: Place, entries: Sequence[Entry]) -> str:
    """The cheapest and the quickest policy of the last suite, under its most measured pattern.

    Policies whose runs overlap with those of the quickest are counted: they may be as quick.
    """
    last = max(entry.source.index for entry in entries)
    patterns = [entry.event for entry in entries if entry.source.index == last]
    pattern = max(dict.fromkeys(patterns), key=patterns.count)
    measured = [e for e in entries if e.event == pattern and e.source.index == last]
    here = [entry for entry in measured if _accounted(entry)] or measured
    rows = [points([entry.benchmark])[0] for entry in here]

    def figures(row: Point) -> str:
        unit = " instructions" if place.lab else ""
        return f"{percent(row.cost)} of a pCPU, wakeup latency p50 {human(row.p50, row.unit)}{unit}"

    cheap = min(rows, key=lambda row: (row.cost, row.p50))
    quick = min(rows, key=lambda row: (row.p50, row.cost))
    level = sum(row.spread[0] <= quick.spread[1] for row in rows) - 1
    others = f"{level} others" if level > 1 else "another one"
    more = f"; {others} may wake as early, as the runs overlap" if level else ""
    where = f"{place.title[0].upper()}{place.title[1:]}, pattern {pattern}"
    if len(rows) == 1:
        return f"{where}: {cheap.policy} costs {figures(cheap)}."
    where = f"{where}, {len(rows)} policies"
    if cheap is quick:
        return f"{where}: {cheap.policy} costs least and wakes first ({figures(cheap)}){more}."
    return (
        f"{where}: {cheap.policy} costs least ({figures(cheap)}), "
        f"{quick.policy} wakes first ({figures(quick)}){more}."
    )


def _accounted(entry: Entry) -> bool:
    """Whether the vCPU's thread pays for its own wake-ups, as in policies it is compared with.

    Without the in-kernel irqchip a guest's tick comes from a thread of the VMM, whose CPU
    time is in no figure. A policy that this kbench does not know is taken to pay.
    """
    try:
        return policy(entry.policy).irqchip or not patterns.pattern(entry.event).timer
    except KbenchError:
        return True


def _exits(model: Model) -> str:
    place = model.places[0]
    entries = model.at(place, "exit") or model.at(place)
    ordered = sorted(entries, key=lambda entry: entry.summary.p50)
    unit = " instructions" if place.lab else ""

    def said(entry: Entry) -> str:
        return f"{entry.name} {human(entry.summary.p50, place.unit)}{unit}"

    low, high = ordered[0], ordered[-1]
    text = f"{place.title}: p50 from {said(low)} to {said(high)}"
    floors = [entry for entry in model.at(place, "floor") if entry.name == FLOOR]
    return f"{text}; the floor, {said(floors[0])}." if floors else f"{text}."
