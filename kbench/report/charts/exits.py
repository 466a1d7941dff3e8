# SPDX-License-Identifier: MIT
"""Round trips of exits: p50 to p99 of each benchmark, beside the floor."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from kbench.report.charts.axes import (
    SCALES,
    chart,
    scale,
    source_color,
    source_keys,
    source_shape,
    sources_of,
    value_axis,
    value_title,
)
from kbench.report.content import Key, Picture, View
from kbench.report.model import Entry, Model, Place, slug
from kbench.report.theme import LIGHT
from kbench.units import human

FAMILIES = ("exit", "inkernel", "floor")
FLOOR = "floor.immediate_exit"


def pictures(model: Model, place: Place) -> list[Picture]:
    """One picture for each family; the floor is that of the first source that measured it.

    None of a single count, which is in the table.
    """
    floors = [entry for entry in model.at(place, "floor") if entry.name == FLOOR]
    return [
        _picture(place, family, entries, floors[:1] if family == "exit" else [])
        for family in FAMILIES
        if (entries := model.at(place, family))
        and (len(entries) > 1 or not entries[0].summary.single)
    ]


def by_kernel(model: Model) -> list[Picture]:
    """Exits on each kernel, where the suites are the lab's and only their kernels differ."""
    entries = [entry for entry in model.entries if entry.family == "exit"]
    places = list(dict.fromkeys(entry.place for entry in entries))
    alike = {(e.place.backend, e.benchmark.provenance("kbench_extension")) for e in entries}
    kernels = {place.kernel for place in places}
    lab = all(place.lab for place in model.places)
    if not lab or len(alike) != 1 or len(kernels) != len(model.sources) or len(kernels) < 2:
        return []
    return [
        Picture(
            name="exits-by-kernel",
            title="Round trips of exit.*, by kernel",
            caption=value_title("Round trip", places[0])
            + ": the mark is p50, the line ends at p99.",
            views=tuple(View((kind,), _chart(places[0], entries, [], kind)) for kind in SCALES),
            legend=source_keys(sources_of(entries)),
            choices={"scale": SCALES},
        )
    ]


def _picture(
    place: Place, family: str, entries: Sequence[Entry], floors: Sequence[Entry]
) -> Picture:
    keys = source_keys(sources_of(entries))
    what = "Batch of subjects" if family == "inkernel" else "Round trip"
    caption = value_title(what, place) + ": the mark is p50, the line ends at p99."
    if floors:
        keys = (*keys, Key(f"{FLOOR}, p50", "rule"))
        caption += (
            f" The vertical rule is {FLOOR}, a KVM_RUN that returns before the VM entry. "
            "Nothing is subtracted."
        )
    return Picture(
        name=f"exits-{place.slug}-{slug(family)}",
        title=f"Round trips of {family}.*, {place.title}",
        caption=caption,
        views=tuple(View((kind,), _chart(place, entries, floors, kind)) for kind in SCALES),
        legend=keys,
        choices={"scale": SCALES},
    )


def _chart(place: Place, entries: Sequence[Entry], floors: Sequence[Entry], kind: str) -> Any:
    rows = [_row(entry) for entry in entries]
    sources = sources_of(entries)
    floor = [{"x": entry.summary.p50} for entry in floors]
    values = [value for row in rows for value in (row["p50"], row["p99"])]
    domain = scale(kind, [*values, *(row["x"] for row in floor)])
    order = [row["name"] for row in sorted(rows, key=lambda row: row["p50"])]
    names = list(dict.fromkeys(order))
    axis = value_axis(place, domain, 9, orient="top")
    title = value_title("round trip", place)
    base = chart(rows).encode(
        x=alt.X("p50:Q", title=title, scale=domain, axis=axis),
        y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(grid=True, ticks=False)),
        yOffset=alt.YOffset("source:N", sort=[source.label for source in sources]),
        color=source_color(sources),
    )
    layers = [
        base.mark_rule(strokeWidth=1.5, aria=False).encode(x2="p99:Q"),
        base.mark_point(filled=True, size=50, opacity=1).encode(
            shape=source_shape(sources), description="text:N"
        ),
    ]
    if floor:
        rule = chart(floor).mark_rule(color=LIGHT["rule"], strokeDash=[2, 2], aria=False)
        layers.insert(0, rule.encode(x=alt.X("x:Q", title=title, scale=domain, axis=axis)))
    rows_each = alt.Step(10 + 10 * len(sources), **{"for": "position"})
    return alt.layer(*layers).properties(width=560, height=rows_each)


def _row(entry: Entry) -> dict[str, Any]:
    found = entry.summary.percentiles
    said = {p: human(value, entry.place.unit) for p, value in found.items() if value is not None}
    return {
        "name": entry.name,
        "source": entry.source.label,
        "p50": entry.summary.p50,
        "p99": found[99.0] or entry.summary.p50,
        "text": f"{entry.name}, {entry.source.label}: "
        + ", ".join(f"p{p:g} {said[p]}" for p in (50.0, 90.0, 99.0) if p in said),
    }
