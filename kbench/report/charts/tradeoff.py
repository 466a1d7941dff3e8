# SPDX-License-Identifier: MIT
"""The trade-off plot: one point a policy, wakeup latency against pCPU cost, its Pareto front."""

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import altair as alt

from kbench.record.units import human, percent
from kbench.report.charts.axes import (
    SCALES,
    chart,
    log_ticks,
    scale,
    source_color,
    source_keys,
    source_shape,
    sources_of,
    value_axis,
    value_title,
)
from kbench.report.charts.labels import Point, lanes
from kbench.report.content import Key, Picture, View
from kbench.report.model import Entry, Model, Place
from kbench.report.theme import LIGHT
from kbench.report.tradeoff import front, points

WIDTH, HEIGHT = 560, 380
GAP = 26  # pixels from the plot to the labels, for their lines


def pictures(model: Model, place: Place) -> list[Picture]:
    """One picture with a view for each pattern; none where no policy was measured."""
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
            caption="The filled mark is p50, the open one above it p99 of the same runs. Down "
            "and to the left is better; the lines join the policies that no other beats in "
            f"both (the Pareto front{last}): solid for p50, dashed for p99. Cost: CPU time of "
            f"the vCPU's thread a second of {second}, as a share of one pCPU.",
            views=views,
            legend=(*source_keys(sources), Key("Pareto front", "rule")),
            choices={"pattern": patterns, "cost": SCALES},
        )
    ]


def _chart(place: Place, entries: Sequence[Entry], kind: str) -> Any:
    rows = [row for entry in entries for row in _rows(entry)]
    sources = sources_of(entries)
    x_scale = scale(kind, [row["cost"] for row in rows])
    y_scale = scale("log", [row["latency"] for row in rows])
    x_axis = alt.Axis(format="~%")
    if kind == "log":
        x_axis = alt.Axis(format="~%", values=log_ticks(x_scale.to_dict()["domain"], 8))
    x = alt.X("cost:Q", title="pCPU cost while idle", scale=x_scale, axis=x_axis)
    latency = value_title("wakeup latency", place)
    y = alt.Y("latency:Q", title=latency, scale=y_scale, axis=value_axis(place, y_scale, 9))
    base = chart(rows).encode(x=x, y=y, color=source_color(sources))
    stems = base.mark_line(strokeWidth=1, opacity=0.5, aria=False).encode(detail="key:N")
    marks = [
        base.transform_filter(f"datum.percentile == '{name}'")
        .mark_point(filled=filled, size=70, opacity=1)
        .encode(shape=source_shape(sources), description="text:N")
        for name, filled in (("p50", True), ("p99", False))
    ]
    newest = [row for row in rows if row["source"] == sources[-1].label]
    fronts = [
        chart(_front(newest, name))
        .mark_line(color=LIGHT["rule"], strokeWidth=1.5, strokeDash=dash, aria=False)
        .encode(x=x, y=y)
        for name, dash in (("p50", [1, 0]), ("p99", [5, 3]))
    ]
    layers = (*_labels(rows, x_scale, y_scale), *fronts, stems, *marks)
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _rows(entry: Entry) -> list[dict[str, Any]]:
    (point,) = points([entry.benchmark])
    policy = entry.policy or entry.name
    return [
        {
            "policy": policy,
            "key": f"{entry.source.index} {policy}",
            "source": entry.source.label,
            "percentile": name,
            "cost": point.cost,
            "latency": value,
            "text": f"{policy}, {entry.source.label}: {name} {human(value, point.unit)}, "
            f"{percent(point.cost)} of a pCPU",
        }
        for name, value in (("p50", point.p50), ("p99", point.p99))
    ]


def _front(rows: Sequence[dict[str, Any]], percentile: str) -> list[dict[str, Any]]:
    found = [row for row in rows if row["percentile"] == percentile]
    chosen = front([(row["cost"], row["latency"]) for row in found])
    return [{"cost": found[index]["cost"], "latency": found[index]["latency"]} for index in chosen]


def _labels(rows: Sequence[dict[str, Any]], x_scale: alt.Scale, y_scale: alt.Scale) -> list[Any]:
    """The policies in lanes to the right, each with a line to the p50 of its last source."""
    named = {row["policy"]: row for row in rows if row["percentile"] == "p50"}
    marks = [
        Point(
            row["policy"],
            _position(x_scale, row["cost"]) * WIDTH,
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
    """Where `value` lies on the axis, 0 to 1."""
    described = scale.to_dict()
    low, high = described["domain"]
    if described.get("type") == "log":
        low, high, value = math.log(low), math.log(high), math.log(value)
    return float((value - low) / (high - low))
