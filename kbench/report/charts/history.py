# SPDX-License-Identifier: MIT
"""A history: p50 of each benchmark, suite by suite, and where its level changed."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from kbench.judge.series import Series
from kbench.report.charts.axes import data, unit_axis
from kbench.report.content import Key, Picture, View
from kbench.report.theme import LIGHT
from kbench.units import human

COLUMNS = 3


def pictures(histories: Sequence[Series]) -> list[Picture]:
    """One picture for each unit, a panel for each benchmark; [] without a history of two suites."""
    found = [row for row in histories if len(row.points) > 1]
    return [
        _picture(unit, [row for row in found if row.unit == unit])
        for unit in dict.fromkeys(row.unit for row in found)
    ]


def _picture(unit: str, histories: Sequence[Series]) -> Picture:
    what = "p50 in seconds" if unit == "second" else "p50, instructions (emulated lab)"
    panels = _panels(unit, histories).properties(title=alt.Title(what, anchor="start"))
    return Picture(
        name=f"history-{unit}",
        title=f"History: {what}",
        caption="One mark for each suite, the oldest on the left; scales differ between panels. A "
        "vertical line is a change of level beyond the metric's margin (kbench history check).",
        views=(View((), panels),),
        legend=(Key("p50", "s0"), Key("worse from here on", "worse"), Key("better", "better")),
    )


def _panels(unit: str, histories: Sequence[Series]) -> Any:
    rows = [row for series in histories for row in _rows(series)]
    x = alt.X(
        "at:Q",
        title="suite, oldest first",
        scale=alt.Scale(zero=False, nice=False, padding=8),
        axis=alt.Axis(tickMinStep=1, format="d", grid=False),
    )
    # Labels of one width, so that the panels of a column stand above their common axis.
    axis = unit_axis(unit, minExtent=56)
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=axis)
    base = alt.Chart().encode(x=x, y=y)
    line = base.mark_line(color=LIGHT["s0"], strokeWidth=1, aria=False)
    points = base.mark_point(color=LIGHT["s0"], filled=True, size=24, opacity=1)
    shifts = [
        alt.Chart()
        .transform_filter(f"datum.shift == '{word}'")
        .mark_rule(color=LIGHT[word], strokeWidth=1.5, strokeDash=dash, aria=False)
        .encode(x=x)
        for word, dash in (("worse", [1, 0]), ("better", [4, 2]))
    ]
    names = [series.benchmark for series in histories]
    facet = alt.Facet("name:N", title=None, sort=names, header=alt.Header(labelFontSize=11))
    return (
        alt.layer(*shifts, line, points.encode(description="text:N"), data=data(rows))
        .properties(width=230, height=90)
        .facet(facet, columns=COLUMNS)
        .resolve_scale(y="independent")
    )


def _rows(series: Series) -> list[dict[str, Any]]:
    shifts = {shift.point: shift for shift in series.shifts}
    rows = []
    for number, point in enumerate(series.points, 1):
        shift = shifts.get(point)
        change = f", {shift.verdict}: {shift.after / shift.before - 1:+.1%}" if shift else ""
        rows.append(
            {
                "name": series.benchmark,
                "at": number,
                "value": point.value,
                "shift": str(shift.verdict) if shift else "",
                "text": f"{series.benchmark}, {point.commit} of {point.date:%Y-%m-%d}: "
                f"{human(point.value, series.unit)}{change}",
            }
        )
    return rows
