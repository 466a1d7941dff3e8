# SPDX-License-Identifier: MIT
"""A gate in each form: the comparison, with the gate's answer."""

import secrets

from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome
from kbench.judge.verdict import Change, Verdict
from kbench.present import comparison as compared
from kbench.present.changes import counts
from kbench.present.github import annotations
from kbench.present.junit import to_junit
from kbench.present.markdown import escape
from kbench.present.output import Makers
from kbench.present.text import wrapped


def makers(comparison: Comparison, outcome: Outcome, width: int, *, everything: bool) -> Makers:
    """The forms of a gate; people's list what is noteworthy, or `everything`."""
    changes = [change for change in comparison.changes if everything or noteworthy(change)]
    return {
        "table": lambda: to_text(comparison, outcome, changes, width),
        "md": lambda: to_markdown(comparison, outcome, changes),
        "json": lambda: compared.to_json([comparison], outcome),
        "csv": lambda: compared.to_csv([comparison]),
        "junit": lambda: to_junit(comparison, outcome),
        "github": lambda: to_github(comparison, outcome, changes),
    }


def noteworthy(change: Change) -> bool:
    """What a gate lists unasked: each verdict but "same", and each count that moved at all."""
    return change.verdict not in (None, Verdict.SAME) or bool(change.delta)


def to_text(comparison: Comparison, outcome: Outcome, changes: list[Change], width: int) -> str:
    """The comparison with the gate's answer as its last paragraph."""
    answer = wrapped(f"gate: {outcome.headline} ({counts(outcome)})", width)
    return "\n".join([compared.to_text(comparison, changes, width), *answer]) + "\n"


def to_markdown(comparison: Comparison, outcome: Outcome, changes: list[Change]) -> str:
    """The gate's answer as a heading, then the comparison."""
    passed = "⚠️" if outcome.undecided else "✅"
    sign = passed if outcome.exit_code == 0 else "❌"
    head = f"### {sign} kbench gate: {escape(outcome.headline)}\n\n{counts(outcome)}\n\n"
    return head + compared.to_markdown(comparison, changes)


def to_github(comparison: Comparison, outcome: Outcome, changes: list[Change]) -> str:
    """The log of a GitHub Actions step: the table, in which nothing acts, then annotations."""
    token = secrets.token_hex(8)
    shown = to_text(comparison, outcome, changes, 160)
    return f"::stop-commands::{token}\n{shown}::{token}::\n{annotations(comparison, outcome)}"
