# SPDX-License-Identifier: MIT
"""The answer in one sentence, computed from the data: what a reader sees first."""

from collections.abc import Sequence

from kbench.answers.compared import range_of
from kbench.answers.level import best, not_compared, on_plan, same_scope, superlative
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import EVENT, LATENCY, PCPU_SHARE, Quantity
from kbench.judge.verdict import Change, Verdict
from kbench.metrics import metrics
from kbench.present.changes import change_text
from kbench.report.changes import Pair, counted
from kbench.report.charts.exits import FLOOR
from kbench.report.model import Entry, Model, Place, SuiteFile
from kbench.units import human


def headline(model: Model, found: Sequence[Pair]) -> str:
    """The verdict of a comparison, else the choice of idle policy, else what an exit costs."""
    if is_verdict(model, found):
        return _verdict(next(pair for pair in found if pair.comparison))
    place = leading_place(model)
    return _policies(place, model.at(place, "idle")) if place else _exits(model)


def is_verdict(model: Model, found: Sequence[Pair]) -> bool:
    """Whether the report's answer is a comparison.

    A head with policies that its base lacks was measured for the choice of one.
    """
    judged = [pair for pair in found if pair.comparison]
    choice = leading_place(model) and any(_adds_policies(model, pair) for pair in judged)
    return bool(judged and not choice)


def leading_place(model: Model) -> Place | None:
    """Where the answer's idle policies were measured: the first place, of labs the last kernel."""
    places = [place for place in model.places if model.at(place, "idle")]
    alike = [place for place in places if place.lab == places[0].lab]
    return (alike[-1] if places[0].lab else places[0]) if places else None


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
            return (
                f"{text}; the largest change: {_change(max(chosen, key=lambda row: abs(row.mid)))}."
            )
    return f"{text}."


def _change(change: Change) -> str:
    title = metrics()[change.metric].title
    return f"{change.benchmark} {title} {change_text(change)}"


def _policies(place: Place, entries: Sequence[Entry]) -> str:
    """What idling costs and who wakes soonest, of the last suite's most measured pattern.

    A policy is named alone where it is apart from each other one, else with those level with it.
    """
    last = max(entry.source.index for entry in entries)
    patterns = [entry.event for entry in entries if entry.source.index == last]
    pattern = max(dict.fromkeys(patterns), key=patterns.count)
    here = [e for e in entries if e.event == pattern and e.source.index == last]
    rows = [Measured(entry.benchmark) for entry in here]
    cost, unit = (EVENT, " instructions an event") if place.lab else (PCPU_SHARE, " of a pCPU")
    found, silent = [], ""
    if usable := _usable(rows, cost):
        kept = same_scope(usable)
        named = superlative(kept, cost, "costs least", "cost least")
        found.append(f"{named} ({range_of(best(kept, cost)[0], cost)}{unit})")
        silent = not_compared(usable, kept)
    if usable := _usable(rows, LATENCY):
        kept = same_scope(usable)
        named = superlative(kept, LATENCY, "wakes soonest", "wake soonest")
        unit = " instructions" if place.lab else ""
        found.append(f"{named} ({range_of(best(kept, LATENCY)[0], LATENCY)}{unit})")
        silent = not_compared(usable, kept) or silent
    where = f"{place.title[0].upper()}{place.title[1:]}, {pattern}"
    if not found:
        return f"{where}: fewer than two policies support a figure of their cost or wake-ups."
    return f"{where}: {'; '.join(found)}{silent}."


def _usable(rows: Sequence[Measured], quantity: Quantity) -> list[Measured]:
    """The rows that support a figure; [] where fewer than two of them may be compared."""
    found = [row for row in rows if _supports(row, quantity)]
    return found if len(same_scope(found)) > 1 else []


def _supports(row: Measured, quantity: Quantity) -> bool:
    try:
        on_plan(row)
        return bool(quantity.values(row)) and (quantity is not EVENT or row.blocks)
    except Unsupported:
        return False


def _exits(model: Model) -> str:
    place = model.places[0]
    entries = model.at(place, "exit") or model.at(place)
    ordered = sorted(entries, key=lambda entry: entry.summary.p50)
    unit = " instructions" if place.lab else ""

    def said(entry: Entry) -> str:
        return f"{entry.name} {human(entry.summary.p50, place.unit)}{unit}"

    low, high = ordered[0], ordered[-1]
    between = f"p50 from {said(low)} to {said(high)}"
    text = f"{place.title}: {between if len(ordered) > 1 else f'p50 of {said(low)}'}"
    floors = [entry for entry in model.at(place, "floor") if entry.name == FLOOR]
    return f"{text}; the floor, {said(floors[0])}." if floors else f"{text}."
