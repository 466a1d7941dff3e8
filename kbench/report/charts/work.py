# SPDX-License-Identifier: MIT
"""What is left for the VMM: work done per second and latency meanwhile, by policy."""

from collections.abc import Sequence
from typing import Any

from kbench.report.charts.axes import source_keys, sources_of, value_title
from kbench.report.charts.scatter import Across, pair, scatter
from kbench.report.content import Key, Picture, View
from kbench.report.model import Entry, Model, Place
from kbench.suite.tradeoff import DELAYED
from kbench.units import human

DONE = Across("items of VMM work per second", ",~r", more_is_better=True, kind="linear")
WAKES = "the guest's wakeup latency"


def pictures(model: Model, place: Place) -> list[Picture]:
    """One picture with a view for each kind of work; [] where no run counted any."""
    entries = [entry for entry in model.at(place, "work") if _rightwards(entry)]
    if not entries:
        return []
    kinds = tuple(dict.fromkeys(entry.event for entry in entries))
    views = (
        View((kind,), _chart(place, [e for e in entries if e.event == kind])) for kind in kinds
    )
    return [
        Picture(
            name=f"work-{place.slug}",
            title=f"The VMM's own work beside an idle vCPU, {place.title}",
            caption="Where there is always work (batch, nice19): x is work done, y the guest's "
            "wakeup latency; lower right is better. Where it arrives now and then (urgent): x is "
            "the guest's wakeup latency (p50), y the delay of the work; lower left is better. The "
            "filled mark is p50, the open one p99; the bar spans the lowest to the highest p50 of "
            f"a single {place.run}. The lines join the policies that none beats in both.",
            views=tuple(views),
            legend=(*source_keys(sources_of(entries)), Key("Pareto front", "rule")),
            choices={"work": kinds},
        )
    ]


def _chart(place: Place, entries: Sequence[Entry]) -> Any:
    rows = [row for entry in entries for row in _rows(entry)]
    if entries[0].event in DELAYED:
        across = Across(value_title(f"{WAKES}, p50", place))
        return scatter(place, rows, sources_of(entries), across, "delay of the work")
    return scatter(place, rows, sources_of(entries), DONE, WAKES)


def _rows(entry: Entry) -> list[dict[str, Any]]:
    x = _rightwards(entry)
    beside = f"{x:,.0f} items per second"
    if entry.event in DELAYED:
        beside = f"the guest wakes in {human(x, entry.place.unit)}"
    return pair(entry, entry.policy, x, beside)


def _rightwards(entry: Entry) -> float:
    """The figure of the x axis; 0 where the runs did not count it."""
    idle = entry.summary.idle
    figure = idle and (idle.wake if entry.event in DELAYED else idle.work)
    return figure or 0.0
