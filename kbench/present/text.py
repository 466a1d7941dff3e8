# SPDX-License-Identifier: MIT
"""A comparison as plain text: aligned columns that a pipe, a log and a mail keep."""

from collections.abc import Iterable, Sequence

from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome
from kbench.judge.verdict import Change
from kbench.present import cells


def comparison_text(comparison: Comparison, changes: Iterable[Change]) -> str:
    """Differences, the table of `changes`, footnotes."""
    lines = [f"base {comparison.base}", f"head {comparison.head}", *cells.headlines(comparison)]
    rows = cells.rows(changes)
    if rows:
        lines += ["", *columns([cells.HEADER, *rows], left=(0, 1, 5))]
    notes = cells.footnotes(comparison)
    return "\n".join([*lines, *(["", *(f"- {note}" for note in notes)] if notes else [])])


def gate_text(comparison: Comparison, outcome: Outcome, changes: Iterable[Change]) -> str:
    """The comparison with the gate's answer as its last line."""
    answer = f"gate: {outcome.headline} ({cells.counts(outcome)})"
    return f"{comparison_text(comparison, changes)}\n\n{answer}"


def columns(rows: Sequence[Sequence[str]], left: Sequence[int]) -> list[str]:
    """Rows padded to columns, numbers to the right and the columns in `left` to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if index in left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
