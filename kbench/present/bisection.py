# SPDX-License-Identifier: MIT
"""What a bisection found, as text."""

from kbench.judge.bisection import Bisection, CommitFigure


def text(found: Bisection) -> str:
    """The moves with their commits, and a table of everything that was measured."""
    steps = found.steps
    first, last = steps[min(steps)], steps[max(steps)]
    lines = [
        f"{found.benchmark} {found.metric}: {_number(first)} -> {_number(last)} instructions "
        f"over {found.commits} commits, {len(steps)} of them looked at"
    ]
    for move in found.moves:
        before, after = steps[move.before].figure, steps[move.after].figure
        assert before is not None
        assert after is not None
        lines.append(f"\n{after - before:+g}  {before:g} -> {after:g}")
        blamed = range(move.before + 1, move.after + 1)
        lines += [f"  {found.subjects[index]}" for index in blamed]
        if len(blamed) > 1:
            lines.append("  one of these: those before the last cannot be measured")
    if not found.moves:
        lines.append("\nno commit moves it; changes that cancel each other would not be seen")
    width = max(len(_number(step)) for step in steps.values())
    lines += ["", *(f"{_number(step):>{width}}  {step.subject}" for step in steps.values())]
    reasons = [f"{step.subject}: {step.reason}" for step in steps.values() if step.reason]
    return "\n".join([*lines, *(f"\n{reason}" for reason in reasons)])


def _number(step: CommitFigure) -> str:
    return "-" if step.figure is None else f"{step.figure:g}"
