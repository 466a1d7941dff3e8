# SPDX-License-Identifier: MIT
"""Wakeup latency against the length of the idle period: both axes are logarithmic."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from kbench.report.charts.axes import chart, scale, value_axis, value_title
from kbench.report.content import Key, Picture, View
from kbench.report.lengths import Length, lengths
from kbench.report.model import Model, Place
from kbench.report.theme import LIGHT, SHAPES, series_role
from kbench.units import Figure


def pictures(model: Model, place: Place) -> list[Picture]:
    """A picture of the newest suite with at least two lengths; [] without one."""
    found = lengths(model, place)
    newest = max((each.entry.source.index for each in found), default=0)
    rows = [each for each in found if each.entry.source.index == newest]
    if len({each.idle for each in rows}) < 2:
        return []
    names = list(dict.fromkeys(each.name for each in rows))
    states = "" if any(each.states for each in rows) else " No idle state of the pCPU was counted."
    return [
        Picture(
            name=f"idle-length-{place.slug}",
            title=f"Wake-ups by the length of the idle period, {place.title}",
            caption=f"{rows[0].entry.source.label}; the median of all events (solid) and p99 "
            f"(dashed) where enough are behind it. The marks name the idle states.{states}",
            views=(View((), _chart(place, rows, names)),),
            legend=tuple(Key(name, series_role(number)) for number, name in enumerate(names)),
        )
    ]


def _chart(place: Place, found: Sequence[Length], names: Sequence[str]) -> Any:
    rows = [row for each in found for row in _rows(each)]
    across, up = (scale("log", [row[axis] for row in rows]) for axis in ("x", "y"))
    colors = [LIGHT[series_role(number)] for number, _ in enumerate(names)]
    shapes = [SHAPES[number % len(SHAPES)] for number, _ in enumerate(names)]
    base = chart(rows).encode(
        x=alt.X(
            "x:Q",
            title=value_title("idle before", place),
            scale=across,
            axis=value_axis(place, across, 8),
        ),
        y=alt.Y(
            "y:Q",
            title=value_title("wake-up", place),
            scale=up,
            axis=value_axis(place, up, 6),
        ),
        color=alt.Color("series:N", scale=alt.Scale(domain=list(names), range=colors)),
    )
    dashes = alt.Scale(domain=["p50", "p99"], range=[[1, 0], [4, 3]])
    line = base.mark_line(strokeWidth=1.5, aria=False)
    points = base.mark_point(filled=True, size=28, opacity=1)
    shape = alt.Shape("series:N", scale=alt.Scale(domain=list(names), range=shapes))
    return alt.layer(
        line.encode(strokeDash=alt.StrokeDash("percentile:N", scale=dashes)),
        points.encode(shape=shape, description="text:N"),
    ).properties(width=560, height=240)


def _rows(each: Length) -> list[dict[str, Any]]:
    figures: list[tuple[str, Figure | None]] = [("p50", each.p50), ("p99", each.p99)]
    return [
        {
            "series": each.name,
            "percentile": name,
            "x": float(each.idle),
            "y": float(value),
            "text": f"{each.entry.name}: {name} {value}"
            + (f"; an event: {each.states}" if each.states else ""),
        }
        for name, value in figures
        if value is not None
    ]
