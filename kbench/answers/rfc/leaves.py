# SPDX-License-Identifier: MIT
"""What an idle vCPU leaves: for the VMM's work, and for a task of others on the same pCPU."""

from collections.abc import Sequence

from kbench.answers.compared import range_of
from kbench.answers.level import apart, best, comparable, same_scope, superlative
from kbench.answers.quantity import COMPETITOR, ITEM
from kbench.answers.rfc.lab import LabKernel, for_each, newest_first

MWAIT = tuple(
    f"mwait-{name}" for name in ("nop", "yield", "resched", "sleep", "lowprio", "monitor")
)


def most(found: Sequence[LabKernel]) -> str:
    """The MWAIT policy beside which a VMM thread completes an item soonest, or the level group."""

    def say(lab: LabKernel) -> str:
        rows = same_scope(lab.those(*(f"work.batch@{policy}" for policy in MWAIT)))
        named = superlative(rows, ITEM, "leaves a VMM thread most", "leave most, and are level")
        return f"{named} ({range_of(best(rows, ITEM)[0], ITEM)} instructions an item)."

    return for_each(found, say)


def competitor(found: Sequence[LabKernel]) -> str:
    """David Woodhouse, 2023-09-18: "It can also lead to noisy neighbour effects"."""

    def say(lab: LabKernel) -> str:
        beside, inside = lab("work.competitor@mwait-nop"), lab("work.competitor@mwait-exit")
        if beside.scope.cgroup != inside.scope.cgroup:
            comparable([beside, inside])
        figures = f"{COMPETITOR.typical(beside)} and {COMPETITOR.typical(inside)}"
        if not apart(beside, inside, COMPETITOR):
            return f"{figures}, which nothing tells apart"
        return figures

    return (
        "Beside a vCPU that idles by MWAIT and endless VMM work, a competing task in the same "
        "cgroup gets of the pCPU, where the VMM works in a thread of its own and where it works in "
        f"the vCPU's thread after the exit, {newest_first(found, say)}."
    )


def monitored(found: Sequence[LabKernel]) -> str:
    """David Woodhouse, 2023-09-23: the read-only page, and 4 KiB granularity."""

    def figures(lab: LabKernel) -> str:
        return f"{lab('wake.store@mwait-monitor').p50}"

    return (
        "A store to the monitored page wakes the vCPU after "
        f"{newest_first(found, figures)} instructions (p50)."
    )
