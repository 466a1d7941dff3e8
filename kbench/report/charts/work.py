# SPDX-License-Identifier: MIT
"""What is left for the VMM: its own work done a second, and the latency beside it, by policy."""

from collections.abc import Sequence
from typing import Any

from kbench.record.units import human
from kbench.report.charts.axes import source_keys, sources_of
from kbench.report.charts.scatter import Across, scatter
from kbench.report.content import Key, Picture, View
from kbench.report.model import Entry, Model, Place
from kbench.report.tradeoff import DELAYED

DONE = Across("items of VMM work done a second", ",~r", more_is_better=True)


def pictures(model: Model, place: Place) -> list[Picture]:
    """One picture with a view for each kind of work; none where no run counted its work."""
    entries = [e for e in model.at(place, "work") if e.summary.idle and e.summary.idle.work]
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
            caption="To the right is more work done, down is less delay: of the guest's wake-ups "
            "where there is always work (batch, nice19), of the work itself where it arrives "
            "now and then (urgent). The filled mark is p50, the open one p99; the lines join "
            "what nothing beats in both.",
            views=tuple(views),
            legend=(*source_keys(sources_of(entries)), Key("Pareto front", "rule")),
            choices={"work": kinds},
        )
    ]


def _chart(place: Place, entries: Sequence[Entry]) -> Any:
    rows = [row for entry in entries for row in _rows(entry)]
    delayed = entries[0].event in DELAYED
    upwards = "delay of the work" if delayed else "the guest's wakeup latency"
    return scatter(place, rows, sources_of(entries), "linear", DONE, upwards)


def _rows(entry: Entry) -> list[dict[str, Any]]:
    assert entry.summary.idle is not None
    done = entry.summary.idle.work or 0.0
    found = entry.summary.percentiles
    return [
        {
            "policy": entry.policy,
            "key": f"{entry.source.index} {entry.policy}",
            "source": entry.source.label,
            "percentile": name,
            "x": done,
            "latency": value,
            "text": f"{entry.policy}, {entry.source.label}: {done:,.0f} items a second, "
            f"{name} {human(value, entry.place.unit)}",
        }
        for name, value in (("p50", found[50.0]), ("p99", found[99.0]))
    ]
