# SPDX-License-Identifier: MIT
"""A history: p50 of each benchmark, suite by suite, and where its level changed.

The x axis is the whole history's: a benchmark that came later begins where its first suite is.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt

from kbench.judge.judging import judging_margin
from kbench.judge.project import load_project
from kbench.judge.series import HistoryPoint, Series
from kbench.metrics import metrics
from kbench.report.charts.axes import data, unit_axis
from kbench.report.content import Key, Picture, View
from kbench.report.theme import LIGHT
from kbench.units import human


def pictures(histories: Sequence[Series]) -> list[Picture]:
    """One picture for each unit, a panel for each benchmark that has ever moved."""
    found = [row for row in histories if _moved(row)]
    places = {_label(point): None for point in suites(histories)}
    return [
        _picture(unit, [row for row in found if row.unit == unit], list(places))
        for unit in dict.fromkeys(row.unit for row in found)
    ]


def summary(histories: Sequence[Series]) -> str:
    """What the section says first: how many series changed their level."""
    changed = [row for row in histories if row.shifts]
    if not changed:
        text = f"No change of level in {len(histories)} series."
    else:
        names = ", ".join(row.benchmark for row in changed)
        text = f"A change of level in {len(changed)} of {len(histories)} series: {names}."
    still = sum(not _moved(row) for row in histories)
    return f"{text} Those with one value are not drawn: {still}." if still else text


def _moved(series: Series) -> bool:
    return len({point.value for point in series.points}) > 1


def suites(histories: Sequence[Series]) -> list[HistoryPoint]:
    """One point of each suite of a history, the oldest first."""
    found = {(point.date, point.commit): point for row in histories for point in row.points}
    return [found[key] for key in sorted(found)]


def _label(point: HistoryPoint) -> str:
    return f"{point.date:%Y-%m-%d} {point.commit[:8]}"


def _picture(unit: str, histories: Sequence[Series], places: Sequence[str]) -> Picture:
    what = "p50 in seconds" if unit == "second" else "p50, instructions (emulated lab)"
    return Picture(
        name=f"history-{unit}",
        title=f"History: {what}",
        caption="One mark for each suite, in its place in the whole history. The band is the "
        "margin around the first level: a change within it does not matter. A vertical line is a "
        "change of level beyond it (kbench history check).",
        views=(View((), *(_panel(series, places) for series in histories)),),
        legend=(Key("p50", "s0"), Key("worse from here on", "worse"), Key("better", "better")),
    )


def _panel(series: Series, places: Sequence[str]) -> Any:
    x = alt.X(
        "at:O",
        title=None,
        scale=alt.Scale(domain=list(places)),
        axis=alt.Axis(labelAngle=-40, labelOverlap=True, labelFontSize=9, grid=False),
    )
    # Labels of one width, so that a suite has one place in the panels of a column.
    axis = unit_axis(series.unit, minExtent=56, tickCount=4)
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=False), axis=axis)
    base = alt.Chart().encode(x=x, y=y)
    band = (
        alt.Chart()
        .mark_bar(color=LIGHT["band"], aria=False)
        .encode(x=x, y=alt.Y("below:Q", scale=alt.Scale(zero=False), axis=axis), y2="above:Q")
    )
    line = base.mark_line(color=LIGHT["s0"], strokeWidth=1, aria=False)
    points = base.mark_point(color=LIGHT["s0"], filled=True, size=24, opacity=1)
    shifts = [
        alt.Chart()
        .transform_filter(f"datum.shift == '{word}'")
        .mark_rule(color=LIGHT[word], strokeWidth=1.5, strokeDash=dash, aria=False)
        .encode(x=x)
        for word, dash in (("worse", [1, 0]), ("better", [4, 2]))
    ]
    layers = (band, *shifts, line, points.encode(description="text:N"))
    return alt.layer(*layers, data=data(_rows(series))).properties(
        title=alt.Title(series.benchmark, fontSize=11), width=230, height=90
    )


def _rows(series: Series) -> list[dict[str, Any]]:
    shifts = {shift.point: shift for shift in series.shifts}
    first = series.points[0].value
    exact = series.unit == "integer"
    metric = metrics()[series.metric]
    margin = judging_margin(metric, exact, series.unit, load_project(None))
    room = margin.around(first) if margin else 0.0
    rows = []
    for point in series.points:
        shift = shifts.get(point)
        change = f", {shift.verdict}: {shift.after / shift.before - 1:+.1%}" if shift else ""
        rows.append(
            {
                "at": _label(point),
                "value": point.value,
                "below": first - room,
                "above": first + room,
                "shift": str(shift.verdict) if shift else "",
                "text": f"{series.benchmark}, {point.commit} of {point.date:%Y-%m-%d}: "
                f"{human(point.value, series.unit)}{change}",
            }
        )
    return rows
