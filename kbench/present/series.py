# SPDX-License-Identifier: MIT
"""A history as text, as JSON for plots, and as CSV for apache-otava and spreadsheets.

CSV: one line an entry, `time` (ISO 8601), `commit`, then a column `BENCHMARK.METRIC` each.
docs/json.md describes the JSON, docs/gate.md how otava is told to read the CSV.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from kbench.judge.series import LevelShift, Series
from kbench.judge.verdict import Verdict
from kbench.metrics import metrics
from kbench.present.text import columns
from kbench.units import human

VERSION = 1


def series_text(rows: Sequence[Series]) -> str:
    """Each series as a table of its points, with its shifts beside them."""
    blocks = []
    for row in rows:
        shifts = {shift.point: shift for shift in row.shifts}
        lines = [
            (
                f"{point.date:%Y-%m-%d %H:%M}",
                point.commit[:12],
                human(point.value, row.unit),
                _beside(shifts[point]) if point in shifts else "",
            )
            for point in row.points
        ]
        left_out = f" ({row.left_out} entries left out: not comparable)" if row.left_out else ""
        title = f"{row.benchmark} {metrics()[row.metric].title}{left_out}"
        blocks.append("\n".join([title, *columns(lines, left=(0, 1, 3))]))
    return "\n\n".join(blocks)


def shifts_text(rows: Sequence[Series]) -> str:
    """One line a shift, or a sentence when there is none; and which series cannot tell."""
    lines = [
        f"{row.benchmark} {metrics()[row.metric].title}: {human(shift.before, row.unit)} -> "
        f"{human(shift.after, row.unit)} at {shift.point.date:%Y-%m-%d} "
        f"{shift.point.commit[:12]}: {_beside(shift)}"
        for row in rows
        for shift in row.shifts
    ]
    short = [row for row in rows if len(row.points) < row.fewest]
    if short:
        lines.append(
            f"cannot tell: {len(short)} of {len(rows)} series are too short, "
            f"a change takes {short[0].fewest} entries to be seen"
        )
    return "\n".join(lines) or f"no change in {len(rows)} series"


def series_json(rows: Sequence[Series]) -> str:
    """One document: every series with its points and shifts."""
    import msgspec

    document = {"version": VERSION, "series": [asdict(row) for row in rows]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def series_csv(rows: Sequence[Series]) -> str:
    """One line an entry, one column a series; an empty cell where an entry has no figure."""
    names = [f"{row.benchmark}.{row.metric}" for row in rows]
    table: dict[tuple[datetime, str], dict[str, float]] = {}
    for name, row in zip(names, rows, strict=True):
        for point in row.points:
            table.setdefault((point.date, point.commit), {})[name] = point.value
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["time", "commit", *names])
    for (date, commit), values in sorted(table.items()):
        writer.writerow([date.isoformat(), commit, *(values.get(name, "") for name in names)])
    return text.getvalue()


def regressions(rows: Sequence[Series]) -> int:
    """How many series are at a level that is worse than the one before, unacknowledged."""
    last = [row.shifts[-1] for row in rows if row.shifts]
    return sum(shift.verdict is Verdict.WORSE and not shift.acknowledged for shift in last)


def _beside(shift: LevelShift) -> str:
    known = ", acknowledged" if shift.acknowledged else ""
    return f"{(shift.after / shift.before - 1) * 100:+.1f} % {shift.verdict}{known}"
