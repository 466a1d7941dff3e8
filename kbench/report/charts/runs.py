# SPDX-License-Identifier: MIT
"""Single runs in the order of measurement: drift shows as a slope, regimes as steps."""

from collections.abc import Sequence
from statistics import median
from typing import Any

import altair as alt

from kbench.metrics import metrics
from kbench.report.charts.axes import (
    chart,
    source_color,
    source_keys,
    source_shape,
    sources_of,
)
from kbench.report.content import Picture, View
from kbench.report.model import Entry, Model, Place
from kbench.units import human

CLIP = 0.25
"""Larger deviations are drawn at the edge of their strip."""

MEANING = {
    False: "A slope shows drift, two levels show two regimes.",
    True: "A run of the lab is a window at another phase of the kernel's tick.",
}


def pictures(model: Model, place: Place) -> list[Picture]:
    """One picture with a view for each family; [] where every benchmark has a single run."""
    families = {family: model.at(place, family) for family in model.families(place)}
    shown = {
        family: entries
        for family, entries in families.items()
        if any(len(entry.benchmark.runs) > 1 for entry in entries)
    }
    if not shown:
        return []
    every = [entry for entries in shown.values() for entry in entries]
    return [
        Picture(
            name=f"runs-{place.slug}",
            title=f"Single runs, {place.title}",
            caption="p50 of each run, as its deviation from the benchmark's median over the good "
            "runs of the first suite, in the order of measurement. The height of a strip is the "
            f"largest deviation, at most {CLIP:.0%}. {MEANING[place.lab]} Hollow marks are void "
            "runs.",
            views=tuple(View((name,), _strips(found)) for name, found in shown.items()),
            legend=source_keys(sources_of(every)),
            choices={"family": tuple(shown)},
        )
    ]


def _strips(entries: Sequence[Entry]) -> Any:
    sources = sources_of(entries)
    bases: dict[str, float] = {}
    rows = [row for entry in entries for row in _rows(entry, bases)]
    reach = max(0.02, *(abs(row["dev"]) for row in rows))
    most = max(row["run"] for row in rows)
    names = list(dict.fromkeys(entry.name for entry in entries))
    base = chart(rows).encode(
        x=alt.X(
            "run:Q",
            title="run, in order of measurement",
            scale=alt.Scale(domain=[0.5, most + 0.5], nice=False),
            axis=alt.Axis(grid=False, tickMinStep=1, format="d"),
        ),
        y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(grid=True, ticks=False)),
        yOffset=alt.YOffset("dev:Q", scale=alt.Scale(domain=[reach, -reach], nice=False)),
        color=source_color(sources),
        shape=source_shape(sources),
        description="text:N",
    )
    good = base.transform_filter("datum.good").mark_point(filled=True, size=24, opacity=0.9)
    void = base.transform_filter("!datum.good").mark_point(filled=False, size=30, opacity=0.9)
    return alt.layer(good, void).properties(width=560, height=alt.Step(30))


def _rows(entry: Entry, bases: dict[str, float]) -> list[dict[str, Any]]:
    """`bases` holds the median by benchmark, that of the first source that has it."""
    metric = metrics()["p50"]
    typical = bases.setdefault(entry.name, median(entry.benchmark.figures(metric)))
    rows = []
    for number, run in enumerate(entry.benchmark.runs, 1):
        figure = run.figure(metric)
        if figure is None:
            continue
        share = figure / typical - 1
        state = f", void: {run.void}" if run.void else ""
        rows.append(
            {
                "name": entry.name,
                "source": entry.source.label,
                "run": number,
                "dev": max(-CLIP, min(CLIP, share)),
                "good": not run.void,
                "text": f"{entry.name}, {entry.source.label}, run {number}: "
                f"p50 {human(figure, entry.place.unit)} ({share:+.1%}){state}",
            }
        )
    return rows
