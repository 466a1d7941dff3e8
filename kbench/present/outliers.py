# SPDX-License-Identifier: MIT
"""The round trips at which a run stopped, as tables: what the thread did, what the kernel did."""

from collections.abc import Iterator, Sequence

from kbench.present.table import Cell, Table, figures, words
from kbench.suite.outlier import OutlierRun
from kbench.suite.summary import Summary
from kbench.units import Figure, human

COLUMNS = ("took", "limit", "CPU time", "round trip", "run", "pCPU", "switches", "page faults")
NOTE = (
    "'CPU time': the vCPU thread's, the reading of its counters included; in what is missing to "
    "'took' it did not run. 'switches': voluntary + involuntary. 'page faults': minor + major."
)
UNTRACED = "No trace of the kernel was kept: docs/outliers.md says what it takes."
IN_LAB = "kbench explain BENCHMARK names the functions of a count (docs/explain.md)."


def tables(rows: Sequence[Summary]) -> Iterator[Table]:
    """What is known of each round trip beyond the limit, and the trace of each that has one.

    None where no run was stopped.
    """
    found = [(row, outlier) for row in rows for outlier in row.outliers]
    if not found:
        return
    notes = [NOTE]
    if all(row.unit == "integer" for row, _ in found):
        notes.append(IN_LAB)
    elif not any(outlier.trace for _, outlier in found):
        notes.append(UNTRACED)
    yield Table(
        (*words("beyond --stop-above"), *figures(*COLUMNS)),
        tuple((row.name, *_cells(outlier, row.unit)) for row, outlier in found),
        notes=tuple(notes),
        optional=("page faults", "limit", "run", "switches"),
    )
    for row, outlier in found:
        if outlier.trace:
            yield _trace(row, outlier)


def _cells(outlier: OutlierRun, unit: str) -> tuple[Cell, ...]:
    first, last = outlier.pcpus
    return (
        Figure(outlier.took, unit),
        Figure(outlier.limit, unit),
        Figure(outlier.on_pcpu, unit),
        outlier.number,
        outlier.run,
        f"{first}" if first == last else f"{first} to {last}",
        f"{outlier.voluntary_switches} + {outlier.involuntary_switches}",
        f"{outlier.minor_faults} + {outlier.major_faults}",
    )


def _trace(row: Summary, outlier: OutlierRun) -> Table:
    return Table(
        (*figures("at", "pCPU"), *words("task", "event", "details")),
        tuple(
            (human(event.at / 1e9, "second"), event.pcpu, event.task, event.event, event.details)
            for event in outlier.trace
        ),
        title=f"{row.name}: what the kernel traced in the round trip of "
        f"{human(outlier.took, row.unit)}",
        subject=row.name,
    )
