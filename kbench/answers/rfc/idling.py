# SPDX-License-Identifier: MIT
"""What an idle vCPU costs its pCPU, counted for each event: instructions, exits, switches."""

from collections.abc import Sequence

from kbench.answers.compared import range_of
from kbench.answers.level import at_rate, best, listed, same_scope, superlative
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import EVENT, EXITS, LATENCY, SWITCHES
from kbench.answers.rfc.lab import LabKernel, for_each, newest_first
from kbench.catalogue.patterns import pattern

TICK, DEVICE = "tick250", "poisson"
SLEEPING = ("hlt", "hlt-exit", "hlt-exit-poll", "hlt-user", "mwait-sleep", "mwait-monitor")
MWAIT = ("mwait-nop", "mwait-exit", "mwait-yield", "mwait-lowprio", "mwait-sleep", "mwait-monitor")


def cost(found: Sequence[LabKernel]) -> str:
    """Instructions of the vCPU's thread for each event, of the policies that leave the pCPU."""

    def figures(lab: LabKernel) -> str:
        rows = same_scope([row for row in _rows(lab, MWAIT + SLEEPING, DEVICE) if row.blocks])
        if not rows:
            raise Unsupported(f"no policy of {DEVICE} blocks on Linux {lab.release}")
        return listed([f"{EVENT.typical(row)} under {row.policy}" for row in rows])

    return (
        "For each event of a device the thread of an idle vCPU executes "
        f"{newest_first(found, figures)} instructions."
    )


def never_blocks(found: Sequence[LabKernel]) -> str:
    """The MWAIT policies under which the thread keeps the whole pCPU."""

    def names(lab: LabKernel) -> str:
        busy = [row.policy for row in _rows(lab, MWAIT, DEVICE) if not row.blocks]
        if not busy:
            raise Unsupported("every MWAIT policy blocks")
        return listed(busy)

    return f"Under {newest_first(found, names)} the vCPU's thread never blocks: it takes the pCPU."


def cheapest(found: Sequence[LabKernel]) -> str:
    """The policy with the fewest instructions an event, or those that are level."""

    def say(lab: LabKernel) -> str:
        rows = same_scope([row for row in _rows(lab, MWAIT + SLEEPING, DEVICE) if row.blocks])
        named = superlative(rows, EVENT, "takes the fewest", "take the fewest, and are level")
        return f"{named} ({range_of(best(rows, EVENT)[0], EVENT)})"

    return f"Of these, {newest_first(found, say)}."


def userspace_halt(found: Sequence[LabKernel]) -> str:
    """HLT in userspace against HLT in KVM, with the same source of events for both."""

    def figures(lab: LabKernel) -> str:
        rows = [lab(f"idle.{DEVICE}@{policy}") for policy in ("hlt-user", "hlt")]
        for row in rows:
            at_rate(row, pattern(DEVICE).rate)
        exits = [EXITS.typical(row) for row in rows]
        switches = [SWITCHES.typical(row) for row in rows]
        return (
            f"{EVENT.typical(rows[0])} instructions, {exits[0]:.1f} exits and {switches[0]:.1f} "
            f"context switches an event; one that blocks in KVM {EVENT.typical(rows[1])}, "
            f"{exits[1]:.1f} and {switches[1]:.1f}"
        )

    return (
        "A vCPU that halts in userspace (no in-kernel irqchip) takes its thread, for events of "
        f"an eventfd, {newest_first(found, figures)}."
    )


def soonest(found: Sequence[LabKernel]) -> str:
    """The policy that wakes first of those that leave the pCPU, or those that are level."""

    def say(lab: LabKernel) -> str:
        asleep = [row.policy for row in _rows(lab, MWAIT + SLEEPING, DEVICE) if row.blocks]
        rows = same_scope(lab.those(*(f"wake.irqfd@{policy}" for policy in asleep)))
        named = superlative(rows, LATENCY, "wakes soonest", "wake soonest, and are level")
        return f"{named} ({range_of(best(rows, LATENCY)[0], LATENCY)} instructions)."

    return for_each(found, say)


def _rows(lab: LabKernel, policies: Sequence[str], event: str) -> list[Measured]:
    """The rows of these policies under one pattern, at the rate that it plans."""
    rows = lab.those(*(f"idle.{event}@{policy}" for policy in dict.fromkeys(policies)))
    for row in rows:
        at_rate(row, pattern(event).rate)
    return rows
