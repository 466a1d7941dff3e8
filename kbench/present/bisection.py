# SPDX-License-Identifier: MIT
"""What a bisection found, as text."""

from kbench.judge.bisection import Bisection, CommitFigure
from kbench.present.functions import lines as function_lines
from kbench.present.table import Table, figures, words
from kbench.present.text import table_lines, wrapped


def text(found: Bisection, width: int) -> str:
    """The moves with their commits, and a table of everything that was measured."""
    steps = found.steps
    first, last = steps[min(steps)], steps[max(steps)]
    lines = wrapped(
        f"{found.benchmark} {found.metric}: {_number(first)} -> {_number(last)} instructions "
        f"over {found.commits} commits, {len(steps)} of them measured",
        width,
    )
    for move, functions in zip(found.moves, found.functions, strict=True):
        before, after = steps[move.before].figure, steps[move.after].figure
        assert before is not None
        assert after is not None
        lines += ["", f"{after - before:+g}  {before:g} -> {after:g}"]
        blamed = range(move.before + 1, move.after + 1)
        for index in blamed:
            lines += wrapped(found.subjects[index], width, "  ")
            if branch := found.inside.get(index):
                lines += wrapped(f"a merge: kbench bisect {branch} searches it", width, "    ")
        if len(blamed) > 1:
            lines += wrapped("one of these: those before the last cannot be measured", width, "  ")
        for line in function_lines([functions]):
            lines += wrapped(line, width, "  ")
    if not found.moves:
        none = "no commit moves it; changes that cancel each other would not be seen"
        lines += ["", *wrapped(none, width)]
    rows = tuple((_number(step), step.subject) for step in steps.values())
    measured = Table((*figures(found.metric), *words("commit")), rows)
    lines += ["", *table_lines(measured, width)]
    for step in steps.values():
        if step.reason:
            lines += ["", *wrapped(f"{step.subject}: {step.reason}", width)]
    return "\n".join(lines)


def _number(step: CommitFigure) -> str:
    return "-" if step.figure is None else f"{step.figure:g}"
