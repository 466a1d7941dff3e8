# SPDX-License-Identifier: MIT
"""A comparison as GitHub-flavoured Markdown: for a pull-request comment."""

import re
from collections.abc import Iterable

from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome
from kbench.judge.verdict import Change
from kbench.present import cells

# Names and warnings come from files: nothing in them may act as markup or mention anyone.
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>~@&-])")


def comparison_markdown(comparison: Comparison, changes: Iterable[Change]) -> str:
    """Differences as a list, the table, footnotes as a list."""
    lines = [f"**{escape(comparison.base)}** → **{escape(comparison.head)}**", ""]
    lines += [f"- {escape(line)}" for line in cells.headlines(comparison)]
    rows = [map(escape, row) for row in cells.rows(changes)]
    if rows:
        lines += ["", f"| {' | '.join(cells.HEADER)} |", "|---|---|--:|--:|--:|---|"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
    notes = cells.footnotes(comparison)
    if notes:
        lines += ["", *(f"- {escape(note)}" for note in notes)]
    return "\n".join(lines)


def gate_markdown(comparison: Comparison, outcome: Outcome, changes: Iterable[Change]) -> str:
    """The gate's answer as a heading, then the comparison."""
    sign = "✅" if outcome.exit_code == 0 else "❌"
    head = f"### {sign} kbench gate: {escape(outcome.headline)}\n\n{cells.counts(outcome)}\n\n"
    return head + comparison_markdown(comparison, changes)


def escape(text: str) -> str:
    """`text` so that Markdown shows it as it is."""
    return _MARKUP.sub(r"\\\1", text).replace("\\@", "@\u200b").replace("\\&", "&amp;")
