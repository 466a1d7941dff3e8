# SPDX-License-Identifier: MIT
"""A history as tables, as JSON for plots, and as CSV for apache-otava and spreadsheets.

CSV: one line an entry, `time` (ISO 8601), `commit`, then a column `BENCHMARK.METRIC` each.
docs/json.md describes the JSON, docs/gate.md how otava is told to read the CSV.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from kbench.judge.series import LevelShift, Series
from kbench.judge.verdict import Verdict
from kbench.metrics import metrics
from kbench.present import data, functions, markdown, text
from kbench.present.output import Makers
from kbench.present.table import Table, figures, words
from kbench.units import Figure

VERSION = 1


def makers(rows: Sequence[Series], width: int) -> Makers:
    """The forms of `kbench history show`."""
    return {
        "table": lambda: _blocks([text.table_lines(table(row), width) for row in rows]),
        "md": lambda: _blocks([markdown.table_lines(table(row)) for row in rows]),
        "json": lambda: to_json(rows),
        "csv": lambda: to_csv(rows),
    }


def table(row: Series) -> Table:
    """The points of a series, with its shifts beside them."""
    shifts = {shift.point: shift for shift in row.shifts}
    title = metrics()[row.metric].title
    left_out = f" ({row.left_out} entries left out: not comparable)" if row.left_out else ""
    return Table(
        (*words("date", "commit"), *figures(title), *words("change")),
        tuple(
            (
                f"{point.date:%Y-%m-%d %H:%M}",
                point.commit[:12],
                Figure(point.value, row.unit),
                _beside(shifts[point]) if point in shifts else "",
            )
            for point in row.points
        ),
        f"{row.benchmark} {title}{left_out}",
    )


def shifts_text(rows: Sequence[Series], width: int) -> str:
    """A table of every shift, or a sentence when there is none; and which series cannot tell."""
    found = tuple(
        (
            row.benchmark,
            metrics()[row.metric].title,
            Figure(shift.before, row.unit),
            Figure(shift.after, row.unit),
            f"{shift.point.date:%Y-%m-%d}",
            shift.point.commit[:12],
            _beside(shift),
        )
        for row in rows
        for shift in row.shifts
    )
    columns = (
        *words("benchmark", "metric"),
        *figures("before", "after"),
        *words("since", "commit", "change"),
    )
    shown = Table(columns, found, optional=("since",))
    lines = text.table_lines(shown, width)
    named = [shift.functions for row in rows for shift in row.shifts if shift.functions]
    for line in dict.fromkeys(functions.lines(named)):
        lines += text.wrapped(line, width, "- ")
    short = [row for row in rows if len(row.points) < row.fewest]
    if short:
        missing = (
            f"cannot tell: {len(short)} of {len(rows)} series are too short, "
            f"a change takes {short[0].fewest} entries to be seen"
        )
        lines += text.wrapped(missing, width)
    lines = lines or [f"no change in {len(rows)} series"]
    return "\n".join(lines) + "\n"


def to_json(rows: Sequence[Series]) -> str:
    """One document: every series with its points and shifts."""
    return data.to_json({"version": VERSION, "series": [asdict(row) for row in rows]})


def to_csv(rows: Sequence[Series]) -> str:
    """One line an entry, one column a series; an empty cell where an entry has no figure."""
    names = [f"{row.benchmark}.{row.metric}" for row in rows]
    found: dict[tuple[datetime, str], dict[str, float]] = {}
    for name, row in zip(names, rows, strict=True):
        for point in row.points:
            found.setdefault((point.date, point.commit), {})[name] = point.value
    lines = [
        [date.isoformat(), commit, *(values.get(name) for name in names)]
        for (date, commit), values in sorted(found.items())
    ]
    return data.to_csv(["time", "commit", *names], lines)


def regressions(rows: Sequence[Series]) -> int:
    """How many series are at a level that is worse than the one before, unacknowledged."""
    last = [row.shifts[-1] for row in rows if row.shifts]
    return sum(shift.verdict is Verdict.WORSE and not shift.acknowledged for shift in last)


def _beside(shift: LevelShift) -> str:
    known = ", acknowledged" if shift.acknowledged else ""
    return f"{(shift.after / shift.before - 1) * 100:+.1f} % {shift.verdict}{known}"


def _blocks(tables: Sequence[Sequence[str]]) -> str:
    return "\n\n".join("\n".join(lines) for lines in tables) + "\n"
