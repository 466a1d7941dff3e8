# SPDX-License-Identifier: MIT
"""Judged changes as people read them: figures, verdicts, the table, and what stands around it."""

import math
from collections.abc import Iterable

from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome, listed
from kbench.judge.rules import FURTHER_PAIRS
from kbench.judge.verdict import Change, Verdict
from kbench.metrics import metrics
from kbench.present import functions
from kbench.present.table import Table, figures, words
from kbench.units import LAB_NOTE, Figure


def change_text(change: Change) -> str:
    """`+5.2 % [+3.1 +7.3]` on the host, `+12 (+0.40 %)` in the lab."""
    if change.exact:
        delta = change.delta or 0.0
        number = (
            "0" if delta == 0 else f"{delta:+,.0f}" if delta == int(delta) else f"{delta:+,.3g}"
        )
        return number if delta == 0 else f"{number} ({_percent(change.mid, 2)} %)"
    if not (math.isfinite(change.low) and math.isfinite(change.high)):
        return f"{_percent(change.mid)} % [too few runs]"
    return f"{_percent(change.mid)} % [{_percent(change.low)} {_percent(change.high)}]"


def verdict_text(change: Change) -> str:
    """The verdict, with what a reader needs to act on it."""
    match change.verdict:
        case None:
            return "shown only"
        case Verdict.WORSE if change.acknowledged:
            return "worse, acknowledged"
        case Verdict.CANNOT_TELL if change.further_pairs is not None:
            most = "over " if change.further_pairs >= FURTHER_PAIRS else ""
            return f"cannot tell ({most}{change.further_pairs} further pairs)"
        case Verdict.SAME if change.delta:
            return f"same (margin {change.margin})"
    return str(change.verdict)


def table(changes: Iterable[Change], title: str = "", *, reference: bool = False) -> Table:
    """One row for what reads the same; base and head go first where it is narrow."""
    rows = tuple(
        (
            change.benchmark,
            titles,
            Figure(change.base, change.unit),
            Figure(change.head, change.unit),
            change_text(change),
            verdict_text(change),
        )
        for change, titles in merged(changes)
    )
    columns = (
        *words("benchmark", "metric"),
        *figures("base", "head", "change"),
        *words("verdict"),
    )
    return Table(columns, rows, title, optional=("base", "head"), reference=reference)


def merged(changes: Iterable[Change]) -> list[tuple[Change, str]]:
    """The changes of a benchmark that read alike, merged, with the titles of their metrics.

    If every round trip takes one instruction more, so do min, p50, p90 and p99.
    """
    found: dict[tuple[object, ...], list[Change]] = {}
    for change in changes:
        figures = change.benchmark, change.unit, change.base, change.head
        found.setdefault((*figures, change_text(change), verdict_text(change)), []).append(change)
    return [
        (alike[0], ", ".join(metrics()[change.metric].title for change in alike))
        for alike in found.values()
    ]


def headlines(comparison: Comparison) -> list[str]:
    """Where the two sides differ: what a reader must know before the table."""
    lines = []
    if comparison.forced:
        lines.append("Compared by --force: the differences below make the figures incomparable.")
    lines += [f"differs: {difference}" for difference in comparison.differences]
    return lines


def footnotes(comparison: Comparison) -> list[str]:
    """Runs and benchmarks left out, reasons, warnings: what a reader must know after it."""
    lines = []
    for void in comparison.voids:
        state = "not judged" if void.unusable else "left out"
        what = (
            f"{void.void} of {void.runs} runs of {void.benchmark} ({void.side}) are void, {state}"
        )
        lines.append(f"{what}: {void.reason}")
    if comparison.only_base:
        lines.append(f"only in base: {listed(comparison.only_base)}")
    if comparison.only_head:
        lines.append(f"only in head: {listed(comparison.only_head)}")
    for change in comparison.changes:
        if change.acknowledged:
            where = f"{change.benchmark} {metrics()[change.metric].title}"
            lines.append(f"acknowledged: {where}: {change.acknowledged}")
        lines += [f"{change.benchmark} {change.metric}: {note}" for note in change.notes]
    lines += functions.lines(comparison.functions)
    if any(change.exact or change.unit == "integer" for change in comparison.changes):
        lines.append(LAB_NOTE)
    return [*lines, *open_questions(comparison), *comparison.notes]


MORE_PAIRS = (
    "further pairs: kbench gate --ab measures both sides in turn until there is a verdict; or "
    "kbench run NAME --append -o SUITE for each side, in turn"
)


def open_questions(comparison: Comparison) -> list[str]:
    """How to get the further pairs that verdicts ask for; [] where none does."""
    wanted = any(
        change.verdict is Verdict.CANNOT_TELL and change.further_pairs is not None
        for change in comparison.changes
    )
    return [MORE_PAIRS] if wanted else []


def counts(outcome: Outcome) -> str:
    """`1 worse, 2 better, 30 same, 4 cannot tell`."""
    parts = [
        f"{outcome.worse} worse",
        *([f"{outcome.acknowledged} acknowledged"] if outcome.acknowledged else []),
        f"{outcome.better} better",
        f"{outcome.same} same",
        f"{outcome.cannot_tell} cannot tell",
    ]
    return ", ".join(parts)


def _percent(share: float, digits: int = 1) -> str:
    return f"{share * 100:+.{digits}f}" if math.isfinite(share) else "?"
