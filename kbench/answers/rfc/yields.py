# SPDX-License-Identifier: MIT
"""David Woodhouse, 2023-09-18: "we can stick a yield() into that busy-loop"."""

from collections.abc import Callable, Sequence

from kbench.answers.compared import range_of
from kbench.answers.level import apart, comparable, listed
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import ITEM
from kbench.answers.rfc.lab import WORK_ITEM, LabKernel, by_verdict, newest_first
from kbench.answers.scope import ONE

HLT, NOP, YIELD, EXIT = (
    f"work.batch@{policy}" for policy in ("hlt", "mwait-nop", "mwait-yield", "mwait-exit")
)


def nop(found: Sequence[LabKernel]) -> str:
    """What an MWAIT that is a NOP costs a VMM thread on the same pCPU."""

    def figures(lab: LabKernel) -> str:
        halted, busy = lab(HLT), lab(NOP)
        comparable([halted, busy])
        if not apart(halted, busy, ITEM):
            raise Unsupported(f"nothing tells {HLT} and {NOP} apart on Linux {lab.release}")
        return f"{ITEM.typical(busy)} instructions, beside HLT in {ITEM.typical(halted)}"

    return (
        "Beside a vCPU whose MWAIT is a NOP, a VMM thread on the same pCPU completes an item of "
        f"work ({WORK_ITEM}) in {newest_first(found, figures)}."
    )


def verdict(found: Sequence[LabKernel]) -> str:
    """On which kernels a VMM thread gets on sooner beside a yield() than beside a NOP."""
    yes, no = by_verdict(found, _helps)
    parts = [f"earlier than beside a NOP {_on(yes, _figures)}"] if yes else []
    if no:
        parts.append(f"no earlier {_on(no, _ranges)}")
    scope = "in one cgroup" if all(lab(YIELD).scope.cgroup == ONE for lab in yes + no) else ""
    return (
        "Beside an MWAIT that is a yield(), a VMM thread of the same priority"
        f"{f' {scope}' if scope else ''} completes an item {'; '.join(parts)}."
    )


def cgroups(found: Sequence[LabKernel]) -> str:
    """Whether the yield() helps across cgroups: it acts within one."""

    def helps(lab: LabKernel) -> bool:
        beside_nop, beside_yield = (_parted(lab, policy) for policy in ("mwait-nop", "mwait-yield"))
        comparable([beside_nop, beside_yield])
        return apart(beside_nop, beside_yield, ITEM)

    try:
        yes, no = by_verdict(found, helps)
    except Unsupported:
        return "With a cgroup each it was not measured."
    parts = [f"it differs on {listed([lab.release for lab in yes])}"] if yes else []
    if no:
        parts.append(
            f"nothing tells yield() and NOP apart on {listed([lab.release for lab in no])}"
        )
    return f"With a cgroup each, {'; '.join(parts)}."


def _parted(lab: LabKernel, policy: str) -> Measured:
    """The row of endless work whose threads have a cgroup each."""
    rows = [row for row in lab.matching(f"work.batch*@{policy}*") if row.scope.cgroup != ONE]
    if not rows:
        raise Unsupported(f"work.batch@{policy} was not measured with a cgroup each")
    return rows[0]


def guest(found: Sequence[LabKernel]) -> str:
    """What the guest's own wake-ups pay: the tail beside the work."""

    def figures(lab: LabKernel) -> str:
        rows = [lab(NOP), lab(YIELD)]
        comparable(rows)
        tails = [row.percentile(99.0) for row in rows]
        return f"{tails[0]} instructions with the NOP and {tails[1]} with yield()"

    return (
        f"The guest's own wake-ups beside that work have a p99 of {newest_first(found, figures)}."
    )


def in_thread(found: Sequence[LabKernel]) -> str:
    """The work in the vCPU's thread, after MWAIT's exit to userspace, against a thread beside."""

    def say(lab: LabKernel) -> str:
        beside, inside = lab(NOP), lab(EXIT)
        # The account differs by design: the work is the vCPU thread's own there. An item of work
        # is counted over the window's time, whoever does it.
        if apart(beside, inside, ITEM):
            return (
                f"{ITEM.typical(inside)} instructions an item, against {ITEM.typical(beside)} in a "
                "thread beside the NOP"
            )
        return "nothing tells it from a thread beside the NOP"

    return (
        "Work in the vCPU's own thread, after MWAIT's exit to userspace: "
        f"{newest_first(found, say)}."
    )


def _helps(lab: LabKernel) -> bool:
    beside_nop, beside_yield = lab(NOP), lab(YIELD)
    comparable([beside_nop, beside_yield])
    quicker = ITEM.typical(beside_yield) < ITEM.typical(beside_nop)
    return bool(quicker and apart(beside_nop, beside_yield, ITEM))


def _on(found: Sequence[LabKernel], figure: Callable[[LabKernel], str]) -> str:
    return " and ".join(f"on {lab.release} ({lab.scheduler}, {figure(lab)})" for lab in found)


def _figures(lab: LabKernel) -> str:
    return f"{ITEM.typical(lab(YIELD))} against {ITEM.typical(lab(NOP))} instructions"


def _ranges(lab: LabKernel) -> str:
    return (
        f"single windows {range_of(lab(YIELD), ITEM)} against {range_of(lab(NOP), ITEM)} "
        "instructions"
    )
