# SPDX-License-Identifier: MIT
"""A comparison in each form; docs/json.md describes the JSON."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome, outcome
from kbench.judge.verdict import Change
from kbench.present import data, markdown, text
from kbench.present.changes import counts, footnotes, headlines, table
from kbench.present.markdown import escape
from kbench.present.output import Makers

VERSION = 1
_COLUMNS = [field.name for field in fields(Change) if field.name not in ("margin", "notes")]


def makers(comparisons: Sequence[Comparison], sort: str | None, width: int) -> Makers:
    """The forms of `kbench compare`; `sort` is "change", "name" or None for the files' order."""

    def each(show: Callable[[Comparison, Sequence[Change]], str]) -> str:
        return "\n".join(show(item, _ordered(item.changes, sort)) for item in comparisons)

    return {
        "table": lambda: each(
            lambda item, changes: to_text(item, changes, width) + closing(item, width)
        ),
        "md": lambda: each(
            lambda item, changes: f"{to_markdown(item, changes)}\n{escape(answer(item))}\n"
        ),
        "json": lambda: to_json(comparisons),
        "csv": lambda: to_csv(comparisons),
    }


def closing(comparison: Comparison, width: int) -> str:
    """The answer as the last paragraph of a comparison's table."""
    return "\n" + "\n".join(text.wrapped(answer(comparison), width)) + "\n"


def answer(comparison: Comparison) -> str:
    """What a comparison comes to: `worse: exit.hlt (1 worse, 0 better, 3 same, 0 cannot tell)`."""
    found = outcome(comparison, strict=False)
    return f"{found.headline} ({counts(found)})"


def _ordered(changes: Sequence[Change], sort: str | None) -> Sequence[Change]:
    match sort:
        case "change":
            return sorted(changes, key=lambda change: -abs(change.mid))
        case "name":
            return sorted(changes, key=lambda change: change.benchmark)
    return changes


def to_text(comparison: Comparison, changes: Iterable[Change], width: int) -> str:
    """Differences, the table of `changes`, footnotes."""
    lines = [f"base {comparison.base}", f"head {comparison.head}"]
    for headline in headlines(comparison):
        lines += text.wrapped(headline, width)
    rows = text.table_lines(table(changes), width)
    lines += ["", *rows] if rows else []
    notes = [line for note in footnotes(comparison) for line in text.wrapped(note, width, "- ")]
    return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"


def to_markdown(comparison: Comparison, changes: Iterable[Change]) -> str:
    """Differences as a list, the table, footnotes as a list."""
    lines = [f"**{escape(comparison.base)}** → **{escape(comparison.head)}**", ""]
    lines += [f"- {escape(line)}" for line in headlines(comparison)]
    shown = table(changes)
    lines += ["", *markdown.table_lines(shown)] if shown.rows else []
    notes = footnotes(comparison)
    lines += ["", *(f"- {escape(note)}" for note in notes)] if notes else []
    return "\n".join(lines) + "\n"


def to_json(comparisons: Sequence[Comparison], gate: Outcome | None = None) -> str:
    """One document for all comparisons; with an outcome, that of a gate."""
    document: dict[str, Any] = {
        "version": VERSION,
        "comparisons": [asdict(comparison) for comparison in comparisons],
    }
    if gate is not None:
        document["gate"] = asdict(gate)
    return data.to_json(document)


def to_csv(comparisons: Sequence[Comparison]) -> str:
    """One line a change: the files, then the fields of Change; shares as plain numbers."""
    rows = [
        [comparison.base, comparison.head, *(getattr(change, name) for name in _COLUMNS)]
        for comparison in comparisons
        for change in comparison.changes
    ]
    return data.to_csv(["base_file", "head_file", *_COLUMNS], rows)
