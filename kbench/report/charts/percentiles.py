# SPDX-License-Identifier: MIT
"""HDR percentile plots: a panel for each benchmark, the x axis is log 1/(1-p)."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from kbench.report.charts.axes import (
    SCALES,
    data,
    scale,
    source_color,
    source_dash,
    source_keys,
    source_shape,
    sources_of,
    value_axis,
    value_title,
)
from kbench.report.content import Picture, View
from kbench.report.model import Entry, Model, Place, SuiteFile
from kbench.suite.format import fewest
from kbench.units import human

COLUMNS = 3
MARKED = (50.0, 90.0, 99.0, 99.9, 99.99)

# The axis holds 1/(1-p): 2 is the median.
_LABELS = "datum.value == 2 ? '50 %' : format(100 - 100 / datum.value, '~r') + ' %'"


def pictures(model: Model, place: Place) -> list[Picture]:
    """One picture of `place`, with a view for each family."""
    every = {family: _several(model.at(place, family)) for family in model.families(place)}
    drawn = {family: _both(place, entries) for family, entries in every.items() if entries}
    families = tuple(drawn)
    if not families:
        return []
    sources = sources_of([entry for entries in every.values() for entry in entries])
    exact = len({e.name for e in model.at(place)}) - len(
        {e.name for r in every.values() for e in r}
    )
    dashed = ", ".join(
        f"{source.label} {style}"
        for source, style in zip(sources, ("dashed", "solid"), strict=False)
    )
    return [
        Picture(
            name=f"percentiles-{place.slug}",
            title=f"Percentiles, {place.title}",
            caption="Percentiles of all single events of the good runs together; marks at 50, 90, "
            "99, 99.9 and 99.99 % where there are enough. All panels have the same axes."
            + (f" {exact} benchmarks of one exact count have none." if exact else "")
            + (f" {dashed}." if len(sources) > 1 else ""),
            views=tuple(
                View((family, kind), chart)
                for family, charts in drawn.items()
                for kind, chart in zip(SCALES, charts, strict=True)
            ),
            legend=source_keys(sources),
            choices={"family": families, "scale": SCALES},
        )
    ]


def _several(entries: Sequence[Entry]) -> list[Entry]:
    """Those benchmarks of which some suite has more than one value."""
    drawn = {entry.name for entry in entries if not entry.summary.single}
    return [entry for entry in entries if entry.name in drawn]


def _both(place: Place, entries: Sequence[Entry]) -> list[Any]:
    """The panels of one family in each scale."""
    rows = [row for entry in entries for row in _rows(entry)]
    return [_panels(place, rows, sources_of(entries), kind) for kind in SCALES]


def _panels(
    place: Place, rows: Sequence[dict[str, Any]], sources: Sequence[SuiteFile], kind: str
) -> Any:
    most = max(row["x"] for row in rows)
    ticks = [2, *(10**power for power in range(1, 9) if 10**power <= most)]
    domain = scale(kind, [row["y"] for row in rows])
    # These layers have no data: each panel draws its part of the facet's.
    base = alt.Chart().encode(
        x=alt.X(
            "x:Q",
            title="share of events",
            scale=alt.Scale(type="log", domain=[1, most * 1.2], nice=False),
            axis=alt.Axis(values=ticks, labelExpr=_LABELS, labelOverlap=True, labelFontSize=9),
        ),
        y=alt.Y(
            "y:Q",
            title=None,
            scale=domain,
            axis=value_axis(place, domain, 5, labelFontSize=9),
        ),
        color=source_color(sources),
    )
    line = base.mark_line(strokeWidth=1.5, aria=False)
    points = base.transform_filter("datum.text").mark_point(filled=True, size=22, opacity=1)
    layers = (
        line.encode(strokeDash=source_dash(sources)),
        points.encode(shape=source_shape(sources), description="text:N"),
    )
    names = list(dict.fromkeys(row["name"] for row in rows))
    facet = alt.Facet("name:N", title=None, sort=names, header=alt.Header(labelFontSize=11))
    return (
        alt.layer(*layers, data=data(rows))
        .properties(width=230, height=110)
        .facet(facet, columns=COLUMNS)
        .properties(spacing=14, title=value_title("a single event", place, "time of "))
    )


def _rows(entry: Entry) -> list[dict[str, Any]]:
    label = entry.source.label
    marked = [p for p in MARKED if entry.distribution.events >= fewest(p)]
    points = [(p, value, "") for p, value in entry.distribution.curve()]
    for p in marked:
        value = entry.distribution.at(p)
        text = f"{entry.name}, {label}: p{p:g} {human(value, entry.place.unit)}"
        points.append((p, value, text))
    return [
        {"name": entry.name, "source": label, "x": 1 / (1 - p / 100), "y": value, "text": text}
        for p, value, text in sorted(points)
    ]
