# SPDX-License-Identifier: MIT
"""The trade-off of idle policies: what each costs its pCPU, and how late it wakes."""

from itertools import product

from kbench.answers.level import on_plan
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import EVENT, LATENCY, PCPU_SHARE
from kbench.report.charts.axes import SCALES, sources_of
from kbench.report.charts.dots import Panel, Span, charts, dots, legend, spanned, tail
from kbench.report.content import Picture, View
from kbench.report.model import Entry, Model, Place


def pictures(model: Model, place: Place) -> list[Picture]:
    """One picture with a view for each pattern; [] where no policy was measured."""
    sources = sources_of(model.at(place, "idle"))
    # The newest suite alone: changes from one suite to another have a section of their own.
    entries = [row for row in model.at(place, "idle") if row.source is sources[-1]]
    if not entries:
        return []
    panels = (_cost(place), spanned(LATENCY, "wake-up, p50", place), tail("wake-up, p99"))
    events = [entry.event for entry in entries]
    # That of the headline first: the one with the most policies.
    patterns = sorted(dict.fromkeys(events), key=events.count, reverse=True)
    found = {name: dots([e for e in entries if e.event == name], panels) for name in patterns}
    drawn = tuple(name for name in patterns if found[name][0])
    if not drawn:
        return []
    out = max(found[name][1] for name in drawn)
    return [
        Picture(
            name=f"tradeoff-{place.slug}",
            title=f"Idle policies: what each costs, how late it wakes, {place.title}",
            caption=f"{sources[-1].label}; one order in all panels. Bars span single {place.run}s."
            " Bold: a mechanism of the RFC's thread. Policies that no panel tells apart share a "
            f"row; a missing mark is a figure without support. {_left_out(out)}",
            views=tuple(
                View((name, kind), *charts(found[name][0], panels, place, kind))
                for name, kind in product(drawn, SCALES)
            ),
            legend=legend([row for name in drawn for row in found[name][0]]),
            choices={"pattern": drawn, "scale": SCALES},
        )
    ]


def _left_out(count: int) -> str:
    return f"{count} more policies are in the table." if count else ""


def _cost(place: Place) -> Panel:
    """Instructions of the vCPU's thread an event in the lab; on a host its share of a pCPU."""
    if not place.lab:
        return spanned(PCPU_SHARE, "of a pCPU", place)
    whole = spanned(EVENT, "vCPU's thread, an event", place)

    def figure(entry: Entry) -> Span | None:
        try:
            on_plan(Measured(entry.benchmark))
        except Unsupported:
            return None
        return whole.figure(entry)

    return Panel(whole.title, figure)
