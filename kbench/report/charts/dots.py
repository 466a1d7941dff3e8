# SPDX-License-Identifier: MIT
"""Policies as rows, in one order in all panels: what each costs, how late it wakes.

Colours are the guest's idle instruction; policies that need a mechanism of the extension are
bold. Policies of one instruction that no panel tells apart share a row.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import altair as alt

from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import Quantity
from kbench.catalogue.policies import policy
from kbench.errors import KbenchError
from kbench.report.charts.axes import chart, scale, spaced, value_axis, value_title
from kbench.report.content import Key
from kbench.report.model import Entry, Place
from kbench.report.theme import LIGHT
from kbench.units import SHARE

MOST = 12
WIDTH, STEP = 170, 20
LONGEST_LABEL = 20
LEVEL = 0.02
"""Two figures that differ by less are drawn as one, as are those whose ranges overlap."""
GROUPS = {
    "HLT": ("s0", "circle", ("hlt", "haltpoll")),
    "MWAIT": ("s1", "square", ("mwait",)),
    "PAUSE or none": ("s2", "triangle-up", ("pause", "spin")),
}
WEIGHTS: dict[bool, Literal["normal", "bold"]] = {False: "normal", True: "bold"}
OTHER = "PAUSE or none"


@dataclass(frozen=True, slots=True)
class Span:
    """A figure with the range of single runs, and what its mark says of itself."""

    value: float
    low: float
    high: float
    text: str

    def level(self, other: "Span") -> bool:
        near = abs(math.log(self.value / other.value)) <= LEVEL if other.value else False
        return near or (self.low <= other.high and other.low <= self.high)


@dataclass(frozen=True, slots=True)
class Panel:
    """One x axis: its title, and the figure of a row, None where the row does not support it."""

    title: str
    figure: Callable[[Entry], Span | None]
    share: bool = False


@dataclass(frozen=True, slots=True)
class Dots:
    """A row: the policies on it, and its figures, one a panel."""

    names: tuple[str, ...]
    group: str
    extended: bool
    spans: tuple[Span | None, ...]

    @property
    def label(self) -> str:
        """The first names, as many as leave room for three panels side by side, at least one."""
        for count in range(len(self.names), 1, -1):
            more = len(self.names) - count
            text = ", ".join(self.names[:count]) + (f" +{more}" if more else "")
            if len(text) <= LONGEST_LABEL:
                return text
        return f"{self.names[0]} +{len(self.names) - 1}" if len(self.names) > 1 else self.names[0]

    def level(self, other: "Dots") -> bool:
        """Whether no panel tells the two apart, and they are of one kind."""
        pairs = zip(self.spans, other.spans, strict=True)
        return (self.group, self.extended) == (other.group, other.extended) and all(
            (a is None and b is None) or (a is not None and b is not None and a.level(b))
            for a, b in pairs
        )


def spanned(quantity: Quantity, title: str, place: Place, **options: bool) -> Panel:
    """A panel of a quantity: the median and the range of single runs."""

    def figure(entry: Entry) -> Span | None:
        row = Measured(entry.benchmark)
        try:
            value, (low, high) = quantity.typical(row), quantity.range(row)
        except Unsupported:
            return None
        between = f" ({low} to {high} in single {place.run}s)" if low < high else ""
        return Span(
            float(value), float(low), float(high), f"{entry.policy}: {title} {value}{between}"
        )

    return Panel(title, figure, share=quantity.unit == SHARE, **options)


def tail(title: str) -> Panel:
    """A panel of the p99 of all events."""

    def figure(entry: Entry) -> Span | None:
        try:
            value = Measured(entry.benchmark).percentile(99.0)
        except Unsupported:
            return None
        at = float(value)
        return Span(at, at, at, f"{entry.policy}: {title} {value}")

    return Panel(title, figure)


def dots(entries: Sequence[Entry], panels: Sequence[Panel]) -> tuple[list[Dots], int]:
    """The rows by their first figure, level ones together; and how many policies are left out.

    Of more than MOST rows, those of the extension stay before others.
    """
    found = [_row(entry, panels) for entry in entries]
    found = [row for row in found if any(row.spans)]
    merged: list[Dots] = []
    for row in sorted(found, key=_order):
        same = next((n for n, other in enumerate(merged) if other.level(row)), None)
        if same is None:
            merged.append(row)
        else:
            merged[same] = replace(merged[same], names=(*merged[same].names, *row.names))
    kept = sorted(merged, key=lambda row: not row.extended)[:MOST]
    out = sum(len(row.names) for row in merged) - sum(len(row.names) for row in kept)
    return sorted(kept, key=_order), out


def charts(rows: Sequence[Dots], panels: Sequence[Panel], place: Place, kind: str) -> list[Any]:
    """A chart for each panel that has a figure."""
    return [
        _chart(rows, number, panel, place, kind)
        for number, panel in enumerate(panels)
        if any(row.spans[number] for row in rows)
    ]


def legend(rows: Sequence[Dots]) -> tuple[Key, ...]:
    used = {row.group for row in rows}
    return tuple(Key(name, role) for name, (role, _, _) in GROUPS.items() if name in used)


def _row(entry: Entry, panels: Sequence[Panel]) -> Dots:
    try:
        found = policy(entry.policy)
        group = next(name for name, (_, _, guests) in GROUPS.items() if found.guest in guests)
        extended = bool(found.needs)
    except KbenchError:
        group, extended = OTHER, False
    spans = tuple(panel.figure(entry) for panel in panels)
    return Dots((entry.policy or entry.name,), group, extended, spans)


def _order(row: Dots) -> tuple[float, ...]:
    return tuple(span.value if span else math.inf for span in row.spans)


def _chart(rows: Sequence[Dots], number: int, panel: Panel, place: Place, kind: str) -> Any:
    spans = [span for row in rows if (span := row.spans[number])]
    domain = scale(kind, [value for span in spans for value in (span.low, span.value, span.high)])
    axis = value_axis(place, domain, 5, orient="top")
    if panel.share:
        axis = alt.Axis(format="~%", orient="top", **spaced(domain, 5))
    title = panel.title if panel.share else value_title(panel.title, place)
    x = alt.X("x:Q", title=title, scale=domain, axis=axis)
    y = alt.Y("row:O", axis=None, scale=alt.Scale(domain=list(range(len(rows)))))
    marks = [
        {
            "row": at,
            "x": span.value,
            "low": span.low,
            "high": span.high,
            "group": row.group,
            "text": span.text,
        }
        for at, row in enumerate(rows)
        if (span := row.spans[number])
    ]
    labels = [{"row": at, "text": row.label, "bold": row.extended} for at, row in enumerate(rows)]
    names = list(GROUPS)
    color = alt.Color(
        "group:N", scale=alt.Scale(domain=names, range=[LIGHT[g[0]] for g in GROUPS.values()])
    )
    shape = alt.Shape(
        "group:N", scale=alt.Scale(domain=names, range=[g[1] for g in GROUPS.values()])
    )
    base = chart(marks).encode(x=x, y=y, color=color)
    texts = [
        chart([row for row in labels if row["bold"] == bold])
        .mark_text(align="right", fontWeight=weight, color=LIGHT["ink"], aria=False)
        .encode(x=alt.value(-8), y=y, text="text:N")
        for bold, weight in WEIGHTS.items()
    ]
    guides = chart(labels).mark_rule(color=LIGHT["grid"], aria=False).encode(y=y)
    bars = base.mark_rule(strokeWidth=6, opacity=0.3, aria=False).encode(x="low:Q", x2="high:Q")
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        shape=shape, description="text:N"
    )
    return alt.layer(guides, bars, points, *texts).properties(width=WIDTH, height=STEP * len(rows))
