# SPDX-License-Identifier: MIT
"""The forest plot: each judged change with its interval, and the margin that judges it."""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from kbench.judge.compare import Comparison
from kbench.judge.verdict import Change, Verdict
from kbench.metrics import metrics
from kbench.present.changes import change_text, verdict_text
from kbench.report.charts.axes import chart
from kbench.report.content import Key, Picture, View
from kbench.report.theme import LIGHT
from kbench.units import human

ROWS_DRAWN = 30
"""Rows of a picture; what is not the same is drawn however many there are."""

VERDICTS = {
    Verdict.WORSE: ("worse", "triangle-right"),
    Verdict.BETTER: ("better", "triangle-left"),
    Verdict.SAME: ("same", "circle"),
    Verdict.CANNOT_TELL: ("tell", "diamond"),
}


def picture(comparison: Comparison, number: int, title: str) -> Picture | None:
    """A view for each judged metric, that with the gravest verdict first, each by size.

    None where nothing is judged.
    """
    judged = [change for change in comparison.changes if change.verdict]
    if not judged:
        return None
    names = sorted(dict.fromkeys(c.metric for c in judged), key=lambda name: _gravity(judged, name))
    drawn = {name: _largest(judged, name) for name in names}
    views = tuple(
        View((metrics()[name].title,), _chart(changes)) for name, changes in drawn.items()
    )
    exact = any(change.exact for change in judged)
    interval = (
        "Lab counts are exact: a mark is a fact. Where a benchmark is a sample of windows the line "
        "is the 98 % interval of the shift, as on the host."
        if exact
        else "The line is the 98 % interval of the Hodges-Lehmann shift over runs."
    )
    return Picture(
        name=f"changes-{number}",
        title=title,
        caption=f"Change from base to head, largest first. {interval} Marks and lines at the edge "
        "extend beyond it. The band is the margin within which a change does not matter. Changes "
        f'that are "same" are drawn up to {ROWS_DRAWN} rows; the table has all.',
        views=views,
        legend=tuple(Key(str(verdict), role) for verdict, (role, _) in VERDICTS.items()),
        choices={"metric": tuple(view.options[0] for view in views)},
    )


def _gravity(judged: Sequence[Change], metric: str) -> tuple[int, float]:
    """Where a metric stands: by the gravest of its verdicts, then by its largest change."""
    here = [change for change in judged if change.metric == metric]
    verdict = min(list(VERDICTS).index(change.verdict) for change in here if change.verdict)
    of_it = (abs(c.mid) for c in here if c.verdict is list(VERDICTS)[verdict])
    return verdict, -max(of_it)


def _largest(judged: Sequence[Change], metric: str) -> list[Change]:
    """The changes of `metric`, largest first: ROWS_DRAWN, or all that are not the same."""
    here = [change for change in judged if change.metric == metric]
    here.sort(key=lambda change: -abs(change.mid))
    other = [change for change in here if change.verdict is not Verdict.SAME]
    same = [change for change in here if change.verdict is Verdict.SAME]
    chosen = {id(change) for change in (*other, *same[: max(0, ROWS_DRAWN - len(other))])}
    return [change for change in here if id(change) in chosen]


def _chart(changes: Sequence[Change]) -> Any:
    edge = _edge(changes)
    rows = [_row(change, edge) for change in changes]
    names = [row["name"] for row in rows]
    x_scale = alt.Scale(domain=[-edge, edge], nice=False)
    axis = alt.Axis(format="+~%", orient="top", labelOverlap=True, labelSeparation=8)
    x = alt.X("mid:Q", title="change", scale=x_scale, axis=axis)
    y = alt.Y("name:N", title=None, sort=names, axis=alt.Axis(grid=False, ticks=False))
    words = [str(verdict) for verdict in VERDICTS]
    colors = [LIGHT[role] for role, _ in VERDICTS.values()]
    shapes = [shape for _, shape in VERDICTS.values()]
    color = alt.Color("verdict:N", scale=alt.Scale(domain=words, range=colors))
    shape = alt.Shape("verdict:N", scale=alt.Scale(domain=words, range=shapes))
    base = chart(rows).encode(y=y, color=color)
    band = chart(rows).mark_bar(color=LIGHT["band"], aria=False)
    zero = chart([{"mid": 0}]).mark_rule(color=LIGHT["muted"], aria=False)
    return alt.layer(
        band.encode(
            y=y, x=alt.X("below:Q", scale=x_scale, axis=axis, title="change"), x2="above:Q"
        ),
        zero.encode(x=x),
        base.mark_rule(strokeWidth=1.5, aria=False).encode(
            x=alt.X("low:Q", scale=x_scale, axis=axis, title="change"), x2="high:Q"
        ),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            x=x, shape=shape, description="text:N"
        ),
    ).properties(width=380, height=alt.Step(18))


def _edge(changes: Sequence[Change]) -> float:
    """Half the width of the axis: the largest finite figure, whatever the margins are.

    One change in ten may lie beyond it, when it is four times the others: drawn at the edge.
    Where all are zero, the axis has the width of the narrowest margin.
    """
    figures = sorted(abs(x) for c in changes for x in (c.low, c.mid, c.high) if math.isfinite(x))
    usual = figures[math.ceil(0.9 * len(figures)) - 1]
    narrowest = min(map(_margin, changes)) or 0.01
    return min(min(figures[-1], 4 * usual) * 1.05, 20.0) or narrowest


def _margin(change: Change) -> float:
    """The margin as a fraction of base."""
    if change.margin is None or not change.base:
        return 0.0
    return change.margin.around(change.base) / change.base


def _row(change: Change, edge: float) -> dict[str, Any]:
    def inside(value: float) -> float:
        return max(-edge, min(edge, value))

    margin = _margin(change)
    title = metrics()[change.metric].title
    return {
        "name": change.benchmark,
        "low": inside(change.low),
        "mid": inside(change.mid),
        "high": inside(change.high),
        "below": inside(-margin),
        "above": inside(margin),
        "verdict": str(change.verdict),
        "text": f"{change.benchmark} {title}: {human(change.base, change.unit)} to "
        f"{human(change.head, change.unit)}, {change_text(change)}: {verdict_text(change)}",
    }
