# SPDX-License-Identifier: MIT
"""What is left for the VMM: what an item of its work takes, and the latencies meanwhile."""

from kbench.answers.quantity import COMPETITOR, ITEM, LATENCY
from kbench.report.charts.axes import SCALES, sources_of
from kbench.report.charts.dots import Panel, charts, dots, legend, spanned, tail
from kbench.report.content import Picture, View
from kbench.report.model import Model, Place
from kbench.suite.tradeoff import DELAYED


def pictures(model: Model, place: Place) -> list[Picture]:
    """One picture with a view for each kind of work; [] where no run counted any."""
    sources = sources_of(model.at(place, "work"))
    entries = [row for row in model.at(place, "work") if row.source is sources[-1]]
    kinds = tuple(dict.fromkeys(entry.event for entry in entries))
    panels = {kind: _panels(kind, place) for kind in kinds}
    found = {kind: dots([e for e in entries if e.event == kind], panels[kind]) for kind in kinds}
    drawn = tuple(kind for kind in kinds if found[kind][0])
    if not drawn:
        return []
    return [
        Picture(
            name=f"work-{place.slug}",
            title=f"The VMM's own work beside an idle vCPU, {place.title}",
            caption=f"{sources[-1].label}; one order in all panels, with the marks of the "
            "trade-off. A competitor is a task that never sleeps.",
            views=tuple(
                View((kind, each), *charts(found[kind][0], panels[kind], place, each))
                for kind in drawn
                for each in SCALES
            ),
            legend=legend([row for kind in drawn for row in found[kind][0]]),
            choices={"work": drawn, "scale": SCALES},
        )
    ]


def _panels(kind: str, place: Place) -> tuple[Panel, ...]:
    if kind in DELAYED:
        return spanned(LATENCY, "delay of the work, p50", place), tail("delay, p99")
    item = spanned(ITEM, "an item of work", place)
    if kind.startswith("competitor"):
        return spanned(COMPETITOR, "competitor's share of the pCPU", place), item
    return item, spanned(LATENCY, "guest's wake-up, p50", place), tail("guest's wake-up, p99")
