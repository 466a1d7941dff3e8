# SPDX-License-Identifier: MIT
"""What an idle vCPU leaves: for the VMM's work, and for a task of others on the same pCPU."""

from collections.abc import Sequence

from kbench.answers.compared import range_of
from kbench.answers.level import apart, best, comparable, not_compared, same_scope, superlative
from kbench.answers.measured import Unsupported
from kbench.answers.quantity import COMPETITOR, ITEM
from kbench.answers.rfc.lab import LabKernel, medians, told
from kbench.suite.scope import ONE

MWAIT = tuple(
    f"mwait-{name}" for name in ("nop", "yield", "resched", "sleep", "lowprio", "monitor")
)


def most(found: Sequence[LabKernel]) -> str:
    """The MWAIT policy beside which an item takes a VMM thread least, or the level group."""

    def figures(lab: LabKernel) -> list[str]:
        every = lab.those(*(f"work.batch@{policy}" for policy in MWAIT))
        rows = same_scope(every)
        named = superlative(rows, ITEM, "leaves a VMM thread most", "leave a VMM thread most")
        figure = f"{named} ({range_of(best(rows, ITEM)[0], ITEM)} instructions an item)"
        return [figure + not_compared(every, rows)]

    return told(found, "Of the MWAIT policies that stay in the kernel, {0}", figures)


def competitor(found: Sequence[LabKernel]) -> str:
    """David Woodhouse, 2023-09-18: "It can also lead to noisy neighbour effects"."""

    def figures(lab: LabKernel) -> list[str]:
        beside, inside = lab("work.competitor@mwait-nop"), lab("work.competitor@mwait-exit")
        # Whose CPU time counts differs by design: one thread does what two do. The competitor's
        # share is of the pCPU's time.
        comparable([beside, inside], but="cpu")
        if beside.scope.cgroup != ONE:
            raise Unsupported("the competing task has a cgroup of its own")
        if not apart(beside, inside, COMPETITOR):
            raise Unsupported(
                f"nothing tells {beside.benchmark.name} and {inside.benchmark.name} apart"
            )
        return [str(COMPETITOR.typical(row)) for row in (beside, inside)]

    return told(
        found,
        "With endless VMM work and an MWAIT-idle vCPU on its pCPU, a competing task of the same "
        "cgroup gets {0} of the pCPU's time beside two threads of the VM (the vCPU's and the "
        "work's), {1} beside one (the vCPU's, which does the work after the exit)",
        figures,
    )


def monitored(found: Sequence[LabKernel]) -> str:
    """David Woodhouse, 2023-09-23: the read-only page, and 4 KiB granularity."""

    def figures(lab: LabKernel) -> list[str]:
        return [str(lab("wake.store@mwait-monitor").p50)]

    return told(
        found,
        "A sibling's store to the monitored line wakes the vCPU in a median of {0} instructions",
        figures,
    )


def shared(found: Sequence[LabKernel]) -> str:
    """False sharing: stores to other lines of the page, which is what 4 KiB cost."""
    return medians(
        found,
        "A sibling's store to another line of a page takes {0} instructions where a vCPU monitors "
        "the page, {1} where nothing watches it",
        "wake.store_beside@mwait-monitor",
        "wake.store_beside@mwait-nop",
    )
