# SPDX-License-Identifier: MIT
"""A gate as GitHub Actions annotations: workflow commands on stdout, shown at the check."""

from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome
from kbench.judge.verdict import Verdict
from kbench.present import functions
from kbench.present.changes import change_text, counts, merged, verdict_text


def annotations(comparison: Comparison, outcome: Outcome) -> str:
    """The answer, then an error per regression and a warning per undecided metric.

    GitHub shows ten annotations of each kind per step, so the answer comes first.
    """
    passed = "warning" if outcome.undecided else "notice"
    level = passed if outcome.exit_code == 0 else "error"
    lines = [_command(level, "kbench gate", f"{outcome.headline} ({counts(outcome)})")]
    named = {each.benchmark: f"; {functions.text(each)}" for each in comparison.functions}
    for change, metrics in merged(comparison.changes):
        text = f"{change_text(change)} ({verdict_text(change)}){named.get(change.benchmark, '')}"
        title = f"{change.benchmark} {metrics}"
        if change.verdict is Verdict.WORSE:
            lines.append(_command("warning" if change.acknowledged else "error", title, text))
        elif change.verdict is Verdict.CANNOT_TELL:
            lines.append(_command("warning", title, text))
    lines += [
        _command("warning", void.benchmark, f"{void.void} of {void.runs} runs are void")
        for void in comparison.voids
    ]
    return "\n".join(lines) + "\n"


def _command(level: str, title: str, message: str) -> str:
    """One workflow command; % and separators are escaped as actions/toolkit does."""
    safe = message.replace("%", "%25")
    name = title.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={name}::{safe}"
