# SPDX-License-Identifier: MIT
"""The trade-off plot: wakeup latency against pCPU cost by policy, with the Pareto front."""

from collections.abc import Sequence
from itertools import product
from typing import Any

from kbench.report.charts.axes import SCALES, source_keys, sources_of
from kbench.report.charts.scatter import Across, pair, scatter
from kbench.report.content import Key, Picture, View
from kbench.report.model import Entry, Model, Place
from kbench.suite.tradeoff import points
from kbench.units import percent

COSTS = {kind: Across("pCPU cost while idle", "~%", kind=kind) for kind in SCALES}


def pictures(model: Model, place: Place) -> list[Picture]:
    """One picture with a view for each pattern; [] where no policy was measured."""
    entries = model.at(place, "idle")
    if not entries:
        return []
    patterns = tuple(dict.fromkeys(entry.event for entry in entries))
    views = tuple(
        View((name, kind), _chart(place, [row for row in entries if row.event == name], kind))
        for name, kind in product(patterns, SCALES)
    )
    sources = sources_of(entries)
    last = f" of {sources[-1].label}" if len(sources) > 1 else ""
    second = "virtual time" if place.lab else "guest time"
    return [
        Picture(
            name=f"tradeoff-{place.slug}",
            title=f"Idle policies: wakeup latency against pCPU cost, {place.title}",
            caption="The filled mark is p50, the open one above it p99 of the same runs; the bar "
            f"spans the lowest to the highest p50 of a single {place.run}. Lower left is better. "
            f"The lines join the policies that no other beats in both (the Pareto front{last}), "
            "solid for p50, dashed for p99; where bars overlap, the front is uncertain. Cost is "
            f"the CPU time of the vCPU's thread per second of {second}, as a fraction of a pCPU.",
            views=views,
            legend=(*source_keys(sources), Key("Pareto front", "rule")),
            choices={"pattern": patterns, "scale": SCALES},
        )
    ]


def _chart(place: Place, entries: Sequence[Entry], kind: str) -> Any:
    rows = [row for entry in entries for row in _rows(entry)]
    return scatter(place, rows, sources_of(entries), COSTS[kind], "wakeup latency")


def _rows(entry: Entry) -> list[dict[str, Any]]:
    (point,) = points([entry.benchmark])
    policy = entry.policy or entry.name
    return pair(entry, policy, point.cost, f"{percent(point.cost)} of a pCPU")
