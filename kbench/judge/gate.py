# SPDX-License-Identifier: MIT
"""The outcome of a gate: an exit code from a comparison, and the counts behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from kbench.judge.compare import Comparison
from kbench.judge.verdict import Change, Verdict

PASS, WORSE, UNUSABLE, UNDECIDED = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """The gate's answer: an exit code, a sentence that says why, and the number of each verdict."""

    exit_code: int
    headline: str
    worse: int
    acknowledged: int
    better: int
    same: int
    cannot_tell: int

    @property
    def undecided(self) -> bool:
        """Whether some metric has no verdict: a pass that is not green."""
        return self.cannot_tell > 0


def outcome(comparison: Comparison, strict: bool) -> Outcome:
    """Exit code 0 pass, 1 worse, 2 unusable input, 3 cannot tell and `strict`.

    A regression takes precedence over a benchmark that could not be judged.
    """
    changes = comparison.changes
    worse = [row for row in changes if row.verdict is Verdict.WORSE and not row.acknowledged]
    acknowledged = _count(changes, Verdict.WORSE) - len(worse)
    undecided = _count(changes, Verdict.CANNOT_TELL)
    unusable = sorted({void.benchmark for void in comparison.voids if void.unusable})
    judged = any(row.verdict for row in changes)
    code = PASS
    if worse:
        names = sorted({row.benchmark for row in worse})
        code, headline = WORSE, f"worse: {listed(names)}"
    elif unusable:
        code, headline = (
            UNUSABLE,
            f"unusable: more than half of the runs are void: {listed(unusable)}",
        )
    elif comparison.identical:
        headline = "same without running: both sides are identical"
    elif not judged:
        code, headline = UNUSABLE, "unusable: no metric that could be judged"
    elif undecided or comparison.only_base:
        parts = []
        if undecided:
            open_ = {row.benchmark for row in changes if row.verdict is Verdict.CANNOT_TELL}
            parts.append(f"cannot tell: {listed(sorted(open_))}")
        if comparison.only_base:
            parts.append(f"not in head: {listed(comparison.only_base)}")
        code, headline = UNDECIDED if strict else PASS, "; ".join(parts)
    else:
        headline = "no regression"
    return Outcome(
        exit_code=code,
        headline=headline,
        worse=len(worse),
        acknowledged=acknowledged,
        better=_count(changes, Verdict.BETTER),
        same=_count(changes, Verdict.SAME),
        cannot_tell=undecided,
    )


def listed(names: Sequence[str], most: int = 5) -> str:
    """`a, b, c and 4 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _count(changes: Sequence[Change], verdict: Verdict) -> int:
    return sum(row.verdict is verdict for row in changes)
