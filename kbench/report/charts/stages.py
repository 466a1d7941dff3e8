# SPDX-License-Identifier: MIT
"""Stages of a path, stacked: means, because only means add up to the whole."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from kbench.report.charts.axes import chart, scale, value_axis, value_title
from kbench.report.content import Key, Picture, View
from kbench.report.model import Entry, Model, Place
from kbench.report.stages import PATHS, Stage, stages
from kbench.report.theme import LIGHT, series_role
from kbench.units import human


def pictures(model: Model, place: Place) -> list[Picture]:
    """A picture for each family whose benchmarks have stages; [] without any."""
    made = []
    for family, path in PATHS.items():
        found = [(entry, parts) for entry in model.at(place, family) if (parts := stages(entry))]
        if found:
            made.append(_picture(place, f"stages-{place.slug}-{family}", path, found))
    return made


def _picture(
    place: Place, name: str, path: str, found: Sequence[tuple[Entry, Sequence[Stage]]]
) -> Picture:
    order = list(dict.fromkeys(entry.name for entry, _ in found))
    rows = sorted(found, key=lambda row: (order.index(row[0].name), row[0].source.index))
    names = list(dict.fromkeys(stage.label for _, parts in found for stage in parts))
    return Picture(
        name=name,
        title=f"Stages of {path}, {place.title}",
        caption="The mean of each stage, in the order of the path. Means add up to the whole; "
        "percentiles do not, and are in the table.",
        views=(View((), _chart(place, rows, names)),),
        legend=tuple(Key(label, series_role(index)) for index, label in enumerate(names)),
    )


def _chart(
    place: Place, found: Sequence[tuple[Entry, Sequence[Stage]]], names: Sequence[str]
) -> Any:
    several = len({entry.source.index for entry, _ in found}) > 1
    rows = [row for entry, parts in found for row in _rows(entry, parts, several)]
    order = list(dict.fromkeys(row["name"] for row in rows))
    title = value_title("a stage, mean", place, "time of ")
    domain = scale("linear", [row["high"] for row in rows])
    colors = [LIGHT[series_role(index)] for index, _ in enumerate(names)]
    return (
        chart(rows)
        .mark_bar(stroke=LIGHT["paper"], strokeWidth=1)
        .encode(
            x=alt.X(
                "low:Q",
                title=title,
                scale=domain,
                axis=value_axis(place, domain, 6),
            ),
            x2="high:Q",
            y=alt.Y("name:N", title=None, sort=order, axis=alt.Axis(ticks=False)),
            color=alt.Color("stage:N", scale=alt.Scale(domain=list(names), range=colors)),
            description="text:N",
        )
        .properties(width=560, height=alt.Step(22))
    )


def _rows(entry: Entry, parts: Sequence[Stage], several: bool) -> list[dict[str, Any]]:
    rows, reached = [], 0.0
    label = f"{entry.name}, {entry.source.label}" if several else entry.name
    for stage in parts:
        mean = stage.distribution.mean
        rows.append(
            {
                "name": label,
                "stage": stage.label,
                "low": reached,
                "high": reached + mean,
                "text": f"{label}: {stage.label} takes {human(mean, entry.place.unit)} on average",
            }
        )
        reached += mean
    return rows
