# SPDX-License-Identifier: MIT
"""A suite as tables: percentiles, batches, what idling costs, stages; one set a machine."""

from collections.abc import Iterator, Sequence

from kbench.catalogue.selections import FLOOR
from kbench.present import outliers
from kbench.present.sparkline import BLOCKS, sparkline
from kbench.present.table import Cell, Table, figures, words
from kbench.suite.batch import BatchSummary
from kbench.suite.idle import IdleSummary
from kbench.suite.summary import Summary
from kbench.suite.tradeoff import front
from kbench.units import LAB_NOTE, SHARE, Figure, human, human_range

RUNS_NOTE = (
    "'p50 of runs' is the lowest and the highest p50 of a single run. Nothing is subtracted: "
    "read the floor.* rows beside the others."
)
EXACT_NOTE = "A single figure: every event took exactly that many instructions."
BATCH_COLUMNS = ("N", "batch", "control", "(batch - control) / N", "in guest")
BATCH_NOTE = (
    "A batch is N times the subject and one exit, its control the same without the subject: "
    "on the host their p50, the median over the runs; in the lab their minima."
)
IDLE_COLUMNS = ("of a pCPU", "wakes, p50", "exits/s", "progress", "VMM work/s", "competitor")
BEST = "no policy of this pattern, with this source of events, costs less and wakes sooner"
IDLE_NOTE = (
    "'of a pCPU': CPU time of a vCPU's thread per second, its work for the VMM included. "
    "'progress': fraction of due events handled within the window. 'competitor': another task's "
    f"share of the pCPU. '*': {BEST}."
)
LAB_COLUMNS = (
    "an event",
    "wakes, p50",
    "exits an event",
    "progress",
    "VMM work item",
    "competitor",
)
LAB_IDLE_NOTE = (
    "'an event': instructions of a vCPU's thread for each event, its work for the VMM included. "
    "'progress': fraction of due events handled within the window. 'VMM work item': instructions "
    "of the window for each item done. 'competitor': another task's share of the pCPU, at 1 "
    f"instruction = 1 ns. '*': {BEST}."
)
STAGE_NOTE = "Stages are in the order of the path; medians do not add up."
TAIL = "p50..p99.99"


def tables(summaries: Sequence[Summary], marks: str = BLOCKS) -> list[Table]:
    """The tables of each machine and unit; `marks` draw the tails, "" for none."""
    found = []
    for where, backend, unit in dict.fromkeys((r.where, r.backend, r.unit) for r in summaries):
        rows = [r for r in summaries if (r.where, r.backend, r.unit) == (where, backend, unit)]
        title = f"target {rows[0].target}, backend {backend}: {where}"
        found.append(percentiles(rows, title, marks))
        found += [make(rows) for make in (batches, idle, stages) if make(rows).rows]
        found += outliers.tables(rows)
    return found


def percentiles(rows: Sequence[Summary], title: str, marks: str = "") -> Table:
    """Benchmarks as rows, percentiles as columns, warnings as footnotes."""
    names = [f"p{percentile:g}" for percentile in rows[0].percentiles]
    notes: dict[str, int] = {}
    made = []
    for row in rows:
        numbers = [notes.setdefault(text, len(notes) + 1) for text in row.warnings]
        made.append(
            (
                row.name + "".join(f" [{number}]" for number in numbers),
                *events(row),
                *runs(row),
                sparkline(row.tail, marks) if marks and not row.single else "",
            )
        )
    footnotes = [f"[{mark}] {text}" for text, mark in notes.items()]
    if any(row.single for row in rows):
        footnotes.append(EXACT_NOTE)
    footnotes.append(LAB_NOTE if rows[0].unit == "integer" else RUNS_NOTE)
    return Table(
        (
            *words("benchmark"),
            *figures("min", *names, "max", "p50 of runs", "runs"),
            *words(TAIL),
        ),
        tuple(made),
        title,
        tuple(footnotes),
        optional=(TAIL, "min", "max", "runs", *reversed(names[1:]), "p50 of runs"),
    )


def events(row: Summary) -> tuple[Cell, ...]:
    """Min, percentiles and max; where all events took one count, that count and no more.

    A percentile of too few events is missing.
    """
    values = (row.minimum, *row.percentiles.values(), row.maximum)
    if row.single:
        return ("", Figure(row.minimum, row.unit), *[""] * (len(values) - 2))
    return tuple(None if value is None else Figure(value, row.unit) for value in values)


def runs(row: Summary) -> tuple[Cell, ...]:
    """The range of the runs' p50s, and how many runs there are; neither for a single good one."""
    if row.runs == 1 and not row.void_runs:
        return ("", "")
    low, high = row.spread
    count = f"{row.runs} ({row.void_runs} void)" if row.void_runs else row.runs
    return (human_range(low, high, row.unit) if low < high else "", count)


def batches(rows: Sequence[Summary]) -> Table:
    """What one repetition costs, beside the two figures that it is the difference of."""
    return Table(
        (*words("one of a batch"), *figures(*BATCH_COLUMNS)),
        tuple((row.name, *batch_cells(row.batch, row.unit)) for row in rows if row.batch),
        notes=(BATCH_NOTE,),
        optional=("in guest", "N", "control", "batch"),
    )


def batch_cells(batch: BatchSummary, unit: str) -> tuple[Cell, ...]:
    """The cells under BATCH_COLUMNS; an amount per subject need not be whole instructions."""
    amounts = (Figure(value, unit) for value in (batch.total, batch.control, batch.each))
    return (batch.size, *amounts, None if batch.guest is None else Figure(batch.guest, unit))


def idle(rows: Sequence[Summary]) -> Table:
    """What a policy costs the pCPU, beside what the guest and the VMM get from it.

    In the lab that is counted for each event: a share of its time would be one of instructions.
    """
    best = _best(rows)
    lab = bool(rows) and rows[0].unit == "integer"
    columns, note, cells = (
        (LAB_COLUMNS, LAB_IDLE_NOTE, lab_cells) if lab else (IDLE_COLUMNS, IDLE_NOTE, idle_cells)
    )
    made: list[tuple[Cell, ...]] = [
        (f"{row.name} *" if row.name in best else row.name, *cells(row.idle, row.unit))
        for row in rows
        if row.idle
    ]
    # The floor of a wake-up stands beside the wake-ups.
    made += [
        (row.name, None, Figure(row.p50, row.unit), *[None] * 4)
        for row in rows
        if made and row.name == FLOOR and 50.0 in row.percentiles
    ]
    return Table(
        (*words("idle vCPU"), *figures(*columns)),
        tuple(made),
        notes=(note,),
        optional=("competitor", "progress", columns[2]),
    )


def idle_cells(idle: IdleSummary, unit: str) -> tuple[Cell, ...]:
    """The cells under IDLE_COLUMNS; a figure that does not apply is None."""
    return (
        Figure(idle.share, SHARE),
        None if idle.wake is None else Figure(idle.wake, unit),
        round(idle.exits),
        Figure(idle.progress, SHARE),
        None if idle.work is None else round(idle.work),
        None if idle.competitor is None else Figure(idle.competitor, SHARE),
    )


def lab_cells(idle: IdleSummary, unit: str) -> tuple[Cell, ...]:
    """The cells under LAB_COLUMNS."""
    event = None if idle.event is None else Figure(round(idle.event), unit)
    return (
        "never blocks" if idle.busy else event,
        None if idle.wake is None else Figure(idle.wake, unit),
        None if idle.event_exits is None else Figure(round(idle.event_exits, 1), ""),
        Figure(idle.progress, SHARE),
        Figure(round(1e9 / idle.work), unit) if idle.work else None,
        None if idle.competitor is None else Figure(idle.competitor, SHARE),
    )


def stages(rows: Sequence[Summary]) -> Table:
    """Where on its path an event spends its time."""

    def parts(row: Summary) -> Iterator[str]:
        return (f"{stage.name} {human(stage.p50, row.unit)}" for stage in row.stages)

    return Table(
        words("stages of the path", "p50 of each"),
        tuple((row.name, ", ".join(parts(row))) for row in rows if row.stages),
        notes=(STAGE_NOTE,),
    )


def _best(rows: Sequence[Summary]) -> set[str]:
    """The policies that BEST is true of, where it is of several."""
    found: set[str] = set()
    patterns: dict[tuple[str, str], list[tuple[str, float, float]]] = {}
    for row in rows:
        if row.idle and row.idle.wake is not None and row.name.startswith("idle."):
            point = (row.name, row.idle.share, row.idle.wake)
            key = row.name.partition("@")[0], row.idle.wake_source
            patterns.setdefault(key, []).append(point)
    for points in patterns.values():
        if len(points) == 1:
            continue
        found |= {points[index][0] for index in front([point[1:] for point in points])}
    return found
