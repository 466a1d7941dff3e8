# SPDX-License-Identifier: MIT
"""Policies as points: latencies (p50, p99) against another figure, with their names beside.

A bar behind each p50 spans the lowest to the highest p50 of a single run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from kbench.report.charts.axes import (
    chart,
    scale,
    source_color,
    source_shape,
    spaced,
    value_axis,
    value_title,
)
from kbench.report.charts.labels import Label, lanes
from kbench.report.model import Entry, Place, SuiteFile
from kbench.report.theme import LIGHT
from kbench.suite.tradeoff import front
from kbench.units import human

WIDTH, HEIGHT = 600, 400
GAP = 26  # pixels between plot and labels, for the lines


@dataclass(frozen=True, slots=True)
class Across:
    """The x axis: its title, whether more is better, and its scale.

    `format` is a number format of d3; without one the figures are in the place's unit.
    """

    title: str
    format: str = ""
    more_is_better: bool = False
    kind: str = "log"


def scatter(
    place: Place,
    rows: Sequence[dict[str, Any]],
    sources: Sequence[SuiteFile],
    across: Across,
    upwards: str,
) -> Any:
    """The chart of `rows` as pair() makes them. `upwards` is the title of the y axis.

    The Pareto fronts are those of the last source.
    """
    x_scale = scale(across.kind, [row["x"] for row in rows])
    y_scale = scale("log", [row[end] for row in rows for end in ("latency", "low", "high")])
    x_axis = value_axis(place, x_scale, 8)
    if across.format:
        x_axis = alt.Axis(format=across.format, **spaced(x_scale, 8))
    x = alt.X("x:Q", title=across.title, scale=x_scale, axis=x_axis)
    latency = value_title(upwards, place)
    y = alt.Y("latency:Q", title=latency, scale=y_scale, axis=value_axis(place, y_scale, 9))
    base = chart(rows).encode(x=x, y=y, color=source_color(sources))
    bars = (
        base.transform_filter("datum.low < datum.high")
        .mark_rule(strokeWidth=6, opacity=0.2, aria=False)
        .encode(y="low:Q", y2="high:Q")
    )
    stems = base.mark_line(strokeWidth=1, opacity=0.5, aria=False).encode(detail="key:N")
    marks = [
        base.transform_filter(f"datum.percentile == '{name}'")
        .mark_point(filled=filled, size=70, opacity=1)
        .encode(shape=source_shape(sources), description="text:N")
        for name, filled in (("p50", True), ("p99", False))
    ]
    newest = [row for row in rows if row["source"] == sources[-1].label]
    fronts = [
        chart(_front(newest, name, across))
        .mark_line(color=LIGHT["rule"], strokeWidth=1.5, strokeDash=dash, aria=False)
        .encode(x=x, y=y)
        for name, dash in (("p50", [1, 0]), ("p99", [5, 3]))
    ]
    layers = (*_labels(rows, x_scale, y_scale), bars, *fronts, stems, *marks)
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def pair(entry: Entry, policy: str, x: float, beside: str) -> list[dict[str, Any]]:
    """The two rows of an entry: p50 and p99 of its latency at `x`; `beside` is `x` in words."""
    found, (low, high) = entry.summary.percentiles, entry.summary.spread
    unit, where = entry.place.unit, f"{policy}, {entry.source.label}"
    runs = (
        f" ({human(low, unit)} to {human(high, unit)} in single {entry.place.run}s)"
        if low < high
        else ""
    )
    ends = {"p50": (entry.summary.p50, low, high, runs)}
    if (p99 := found[99.0]) is not None:
        ends["p99"] = (p99, p99, p99, "")
    return [
        {
            "policy": policy,
            "key": f"{entry.source.index} {policy}",
            "source": entry.source.label,
            "percentile": name,
            "x": x,
            "latency": value,
            "low": least,
            "high": most,
            "text": f"{where}: {name} {human(value, unit)}{spread}, {beside}",
        }
        for name, (value, least, most, spread) in ends.items()
    ]


def _front(rows: Sequence[dict[str, Any]], percentile: str, across: Across) -> list[dict[str, Any]]:
    found = [row for row in rows if row["percentile"] == percentile]
    sign = -1 if across.more_is_better else 1
    chosen = front([(sign * row["x"], row["latency"]) for row in found])
    return [{"x": found[index]["x"], "latency": found[index]["latency"]} for index in chosen]


def _labels(rows: Sequence[dict[str, Any]], x_scale: alt.Scale, y_scale: alt.Scale) -> list[Any]:
    """The policies' names on the right, each with a line to the p50 of its last source."""
    named = {row["policy"]: row for row in rows if row["percentile"] == "p50"}
    marks = [
        Label(
            row["policy"],
            _position(x_scale, row["x"]) * WIDTH,
            (1 - _position(y_scale, row["latency"])) * HEIGHT,
        )
        for row in named.values()
    ]
    drawn = [
        {"text": mark.text, "x": mark.x, "y": mark.y, "lane": lane, "edge": WIDTH + GAP}
        for mark, lane in zip(marks, lanes(marks, HEIGHT), strict=True)
    ]
    x = alt.X("x:Q", scale=None, axis=None)
    lines = chart(drawn).mark_rule(color=LIGHT["muted"], strokeWidth=0.5, aria=False)
    texts = chart(drawn).mark_text(align="left", dx=4, color=LIGHT["ink"], aria=False)
    return [
        lines.encode(
            x=x, x2=alt.X2("edge:Q"), y=alt.Y("y:Q", scale=None, axis=None), y2=alt.Y2("lane:Q")
        ),
        texts.encode(
            x=alt.X("edge:Q", scale=None, axis=None),
            y=alt.Y("lane:Q", scale=None, axis=None),
            text="text:N",
        ),
    ]


def _position(scale: alt.Scale, value: float) -> float:
    """The place of `value` on the axis, 0 to 1."""
    described = scale.to_dict()
    low, high = described["domain"]
    if described.get("type") == "log":
        low, high, value = math.log(low), math.log(high), math.log(value)
    return float((value - low) / (high - low))
