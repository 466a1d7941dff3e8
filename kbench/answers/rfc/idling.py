# SPDX-License-Identifier: MIT
"""What an idle vCPU costs its pCPU, counted for each event: instructions, exits, switches."""

import re
from collections.abc import Sequence

from kbench.answers.compared import median_of, range_of, side_by_side
from kbench.answers.level import (
    apart,
    best,
    comparable,
    listed,
    not_compared,
    on_plan,
    same_scope,
    superlative,
)
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import EVENT, EXITS, LATENCY, PCPU, SWITCHES
from kbench.answers.rfc.lab import LabKernel, told

DEVICE = "poisson"
IDLED = re.compile(r"wake\.irqfd_(\d+)us@hlt")
SLEEPING = ("hlt", "hlt-exit", "hlt-exit-poll", "hlt-user", "mwait-sleep", "mwait-monitor")
MWAIT = ("mwait-nop", "mwait-exit", "mwait-yield", "mwait-lowprio", "mwait-sleep", "mwait-monitor")


def cost(found: Sequence[LabKernel]) -> str:
    """Instructions of the vCPU's thread for each event, of the policies that leave the pCPU."""

    def figures(lab: LabKernel) -> list[str]:
        return [listed(side_by_side(_blocking(lab), EVENT, _under))]

    return told(
        found[-1:],
        "For each event of a device the vCPU's thread executes, in instructions, {0}",
        figures,
    )


def never_blocks(found: Sequence[LabKernel]) -> str:
    """The MWAIT policies under which the thread keeps the whole pCPU."""

    def figures(lab: LabKernel) -> list[str]:
        busy = [row.policy for row in _rows(lab, MWAIT) if not row.blocks]
        if not busy:
            raise Unsupported("every MWAIT policy blocks")
        return [listed(busy)]

    return told(found, "Under {0} that thread never blocks", figures)


def cheapest(found: Sequence[LabKernel]) -> str:
    """The policy with the fewest instructions an event, or those that are level."""

    def figures(lab: LabKernel) -> list[str]:
        rows = _blocking(lab)
        named = superlative(rows, EVENT, "takes the fewest", "take the fewest")
        return [f"{named} ({range_of(best(rows, EVENT)[0], EVENT)})"]

    return told(found, "Of these, {0}", figures)


def userspace_halt(found: Sequence[LabKernel]) -> str:
    """HLT in userspace beside HLT in KVM: a thread of the VMM fires both, by other ways."""

    def figures(lab: LabKernel) -> list[str]:
        rows = [lab(f"idle.{DEVICE}@{policy}") for policy in ("hlt-user", "hlt")]
        for row in rows:
            on_plan(row)
        events = side_by_side(rows, EVENT, but="wake_source")
        return [
            f"{event} instructions, {EXITS.typical(row):.1f} exits and "
            f"{SWITCHES.typical(row):.1f} context switches"
            for row, event in zip(rows, events, strict=True)
        ]

    return told(
        found[-1:],
        "An event of a device takes the thread of a vCPU that halts in userspace (no in-kernel "
        "irqchip; it reads the device's eventfd itself) {0}, that of one that halts in KVM (an "
        "irqfd: who writes it injects the interrupt) {1}",
        figures,
    )


def whole_pcpu(found: Sequence[LabKernel]) -> str:
    """What an event keeps the pCPU busy for, beside what is on the account of the vCPU's thread."""

    def figures(lab: LabKernel) -> list[str]:
        halted, waker = lab(f"idle.{DEVICE}@hlt"), lab("floor.waker")
        on_plan(halted)
        comparable([halted, waker], but="wake_source")
        whole, thread = PCPU.typical(halted), EVENT.typical(halted)
        if not thread < whole:
            raise Unsupported(f"{halted.benchmark.name}: its pCPU was idle while its thread ran")
        if not apart(halted, waker, PCPU):
            raise Unsupported("nothing tells the pCPU of a vCPU from one that has the waker alone")
        return [str(whole), str(thread), str(PCPU.typical(waker))]

    return told(
        found,
        "Where HLT blocks in KVM, an event of a device keeps the pCPU busy for {0} instructions, "
        "{1} of them in the vCPU's thread; the waker alone, without a vCPU, for {2}",
        figures,
    )


def after_idling(found: Sequence[LabKernel]) -> str:
    """The wake-up of a halted vCPU by how long it has idled: the shortest and the longest."""

    def figures(lab: LabKernel) -> list[str]:
        rows = {
            int(named[1]): row
            for row in lab.matching("wake.irqfd_*us@hlt")
            if (named := IDLED.fullmatch(row.benchmark.name))
        }
        if len(rows) < 2:
            raise Unsupported("wake.irqfd_Nus@hlt was not measured for two lengths")
        ends = min(rows), max(rows)
        shown = side_by_side([rows[us] for us in ends], LATENCY, median_of)
        # 1 instruction is 1 ns of the lab's clock.
        return [f"{said} after {us * 1000:,}" for said, us in zip(shown, ends, strict=True)]

    return told(
        found,
        "By the length of the idle period before it, an irqfd write wakes a vCPU that halts in KVM "
        "in a median of {0}, {1} (all in instructions; the lab has no C-states)",
        figures,
    )


def _under(row: Measured) -> str:
    return f"{EVENT.typical(row)} under {row.policy}"


def soonest(found: Sequence[LabKernel]) -> str:
    """The policy that wakes first of those that leave the pCPU, or those that are level."""

    def figures(lab: LabKernel) -> list[str]:
        names = (f"wake.irqfd@{row.policy}" for row in _blocking(lab))
        every = lab.those(*names)
        rows = same_scope(every)
        named = superlative(rows, LATENCY, "wakes soonest", "wake soonest")
        figure = f"{named} ({range_of(best(rows, LATENCY)[0], LATENCY)} instructions)"
        return [figure + not_compared(every, rows)]

    return told(
        found, "Of the policies that leave the pCPU and wake by an irqfd write, {0}", figures
    )


def _blocking(lab: LabKernel) -> list[Measured]:
    """The policies whose thread leaves the pCPU, those that may be compared.

    Raises Unsupported where there is none.
    """
    rows = same_scope([row for row in _rows(lab, MWAIT + SLEEPING) if row.blocks])
    if not rows:
        raise Unsupported(f"no policy of {DEVICE} blocks on Linux {lab.release}")
    return rows


def _rows(lab: LabKernel, policies: Sequence[str]) -> list[Measured]:
    """The rows of these policies, at the rate that the pattern plans."""
    rows = lab.those(*(f"idle.{DEVICE}@{policy}" for policy in dict.fromkeys(policies)))
    for row in rows:
        on_plan(row)
    return rows
