# SPDX-License-Identifier: MIT
"""The table of a suite on the terminal, with its warnings as footnotes."""

import sys
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from kbench.catalogue.selections import FLOOR
from kbench.present.sparkline import marks, sparkline
from kbench.suite.batch import batch_cells
from kbench.suite.idle import IdleSummary
from kbench.suite.summary import Summary
from kbench.suite.tradeoff import front
from kbench.units import human, human_range, percent

NOTES = {
    "second": "'p50 of runs' is the lowest and the highest p50 of a single run. Nothing is "
    "subtracted: read the floor.* rows beside the others.",
    "integer": "Instructions of an emulated machine (QEMU TCG, -icount): the length of the "
    "software path, exact. Not time: nothing here speaks of caches, microcode or pipelines.",
}
BATCH_NOTES = {
    "second": "A batch is N times the subject and one exit, its control the same without the "
    "subject: their p50, the median over the runs. The rows above show whole batches.",
    "integer": "A batch is N times the subject and one exit, its control the same without the "
    "subject: their minima, which are exact. The rows above show whole batches.",
}
IDLE_COLUMNS = ("of a pCPU", "wakes, p50", "exits/s", "progress", "VMM's work/s", "competitor")
IDLE_NOTE = (
    "'of a pCPU': CPU time of a vCPU's thread per second, its work for the VMM included. "
    "'progress': what the guest handled of what was due. 'competitor': what another task got of "
    "the pCPU. floor.thread_wake wakes a thread without a vCPU: nothing is subtracted. "
    "'*': no policy of this pattern costs less and wakes sooner."
)
STAGE_NOTE = (
    "Stages: the parts of an event's path, in its order; medians do not add up. kbench report has "
    "their whole histograms."
)
WIDE = 100  # columns from which min and max fit beside the percentiles
TAILS = 100  # columns beside the names that all figures take, and a mark for each of the tail


def console() -> Console:
    """Standard output; a pipe has no width of its own and gets every column."""
    return Console() if sys.stdout.isatty() else Console(width=160)


def suite_table(summaries: Sequence[Summary], width: int) -> RenderableType:
    """Benchmarks as rows, percentiles as columns; a table for each machine and unit."""
    parts: list[RenderableType] = []
    for where, backend, unit in dict.fromkeys((r.where, r.backend, r.unit) for r in summaries):
        rows = [r for r in summaries if (r.where, r.backend, r.unit) == (where, backend, unit)]
        title = f"target {rows[0].target}, backend {backend}: {where}"
        parts += [Text(title, style="bold"), _table(rows, width)]
        if any(row.batch for row in rows):
            parts += [Text(), _batch_table(rows), Text(BATCH_NOTES.get(unit, ""), style="dim")]
        if any(row.idle for row in rows):
            parts += [Text(), _idle_table(rows), Text(IDLE_NOTE, style="dim")]
        if any(row.stages for row in rows):
            parts += [Text(), _stage_table(rows), Text(STAGE_NOTE, style="dim")]
        parts += [Text(NOTES.get(unit, ""), style="dim")]
    return Group(*parts)


def _table(rows: Sequence[Summary], width: int) -> RenderableType:
    wide = width >= WIDE
    tails = width >= TAILS + max(len(row.name) for row in rows)
    table = Table(box=None, pad_edge=False)
    table.add_column("benchmark", no_wrap=True)
    percentiles = [f"p{percentile:g}" for percentile in rows[0].percentiles]
    names = ["min", *percentiles, "max"] if wide else percentiles
    for name in (*names, "p50 of runs", "runs"):
        table.add_column(name, justify="right", no_wrap=True)
    if tails:
        table.add_column("p50..p99.99", no_wrap=True)
    drawn = marks()
    notes: dict[str, int] = {}
    for row in rows:
        numbers = [notes.setdefault(text, len(notes) + 1) for text in row.warnings]
        figures = list(row.percentiles.values())
        if wide:
            figures = [row.minimum, *figures, row.maximum]
        table.add_row(
            Text(row.name + "".join(f" [{number}]" for number in numbers)),
            *(human(figure, row.unit) for figure in figures),
            human_range(*row.spread, row.unit),
            f"{row.runs}" if not row.void_runs else f"{row.runs} ({row.void_runs} void)",
            *([sparkline(row.tail, drawn)] if tails else []),
        )
    footnotes = (Text(f"[{mark}] {text}") for text, mark in notes.items())
    return Group(table, *footnotes)


def _idle_table(rows: Sequence[Summary]) -> Table:
    """What a policy costs the pCPU, beside what the guest and the VMM get from it."""
    table = Table(box=None, pad_edge=False)
    table.add_column("idle vCPU", no_wrap=True)
    for name in IDLE_COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    best = _best(rows)
    for name, cells in idle_rows(rows):
        table.add_row(f"{name} *" if name in best else name, *cells)
    return table


def idle_rows(rows: Sequence[Summary]) -> Iterator[tuple[str, list[str]]]:
    """Names and cells under IDLE_COLUMNS, the floor of a wake-up last."""
    for row in rows:
        if row.idle:
            yield row.name, idle_cells(row.idle, row.unit)
    for row in rows:
        if row.name == FLOOR and 50.0 in row.percentiles:
            floor = human(row.percentiles[50.0], row.unit)
            yield row.name, ["-", floor, *["-"] * (len(IDLE_COLUMNS) - 2)]


def _best(rows: Sequence[Summary]) -> set[str]:
    """The policies that no other beats in both cost and wakeup latency, pattern by pattern."""
    found: set[str] = set()
    patterns: dict[str, list[tuple[str, float, float]]] = {}
    for row in rows:
        if row.idle and row.idle.wake is not None and row.name.startswith("idle."):
            point = (row.name, row.idle.share, row.idle.wake)
            patterns.setdefault(row.name.partition("@")[0], []).append(point)
    for points in patterns.values():
        found |= {points[index][0] for index in front([point[1:] for point in points])}
    return found


def idle_cells(idle: IdleSummary, unit: str) -> list[str]:
    """The cells of a row; a figure that does not apply is a dash."""
    return [
        percent(idle.share),
        "-" if idle.wake is None else human(idle.wake, unit),
        f"{idle.exits:,.0f}",
        percent(idle.progress),
        "-" if idle.work is None else f"{idle.work:,.0f}",
        "-" if idle.competitor is None else percent(idle.competitor),
    ]


def _stage_table(rows: Sequence[Summary]) -> Table:
    """Where on its path an event spends its time."""
    table = Table(box=None, pad_edge=False)
    table.add_column("stages of the path", no_wrap=True)
    table.add_column("p50 of each")
    for row in rows:
        if row.stages:
            table.add_row(row.name, stage_cell(row))
    return table


def stage_cell(row: Summary) -> str:
    """`late 1.2 us, guest 31 us`."""
    return ", ".join(f"{stage.name} {human(stage.p50, row.unit)}" for stage in row.stages)


def _batch_table(rows: Sequence[Summary]) -> Table:
    """What one repetition costs, beside the two figures that it is the difference of."""
    table = Table(box=None, pad_edge=False)
    table.add_column("one of a batch", no_wrap=True)
    for name in ("N", "batch", "control", "(batch - control) / N", "in guest"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        if row.batch:
            table.add_row(row.name, *batch_cells(row.batch, row.unit))
    return table
