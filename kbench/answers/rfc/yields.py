# SPDX-License-Identifier: MIT
"""David Woodhouse, 2023-09-18: "we can stick a yield() into that busy-loop"."""

from collections.abc import Sequence

from kbench.answers.compared import range_of, side_by_side
from kbench.answers.level import apart, comparable, listed
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import ITEM, P90
from kbench.answers.rfc.lab import WORK_ITEM, LabKernel, by_verdict, told
from kbench.suite.scope import ONE

HLT, NOP, YIELD, EXIT = (
    f"work.batch@{policy}" for policy in ("hlt", "mwait-nop", "mwait-yield", "mwait-exit")
)


def nop(found: Sequence[LabKernel]) -> str:
    """What an MWAIT that is a NOP costs a VMM thread on the same pCPU."""

    def figures(lab: LabKernel) -> list[str]:
        busy, halted = lab(NOP), lab(HLT)
        comparable([busy, halted])
        if not apart(busy, halted, ITEM):
            raise Unsupported(f"nothing tells {HLT} and {NOP} apart on Linux {lab.release}")
        return [str(ITEM.typical(row)) for row in (busy, halted)]

    return told(
        found,
        "While MWAIT is a NOP, a VMM thread on the vCPU's pCPU takes {0} instructions for an item "
        f"of work ({WORK_ITEM}), beside HLT {{1}}",
        figures,
    )


def verdict(found: Sequence[LabKernel]) -> str:
    """On which kernels a yield() is told from a NOP, by an item of a VMM thread beside it."""
    yes, no = by_verdict(found, _differs)
    parts = [
        f"on {lab.release} ({lab.scheduler}) an item takes {ITEM.typical(lab(YIELD))}, beside the "
        f"NOP {ITEM.typical(lab(NOP))}"
        for lab in yes
    ]
    parts += [
        f"on {lab.release} ({lab.scheduler}) nothing tells it from the NOP: an item takes "
        f"{range_of(lab(YIELD), ITEM)} in single windows, beside the NOP {range_of(lab(NOP), ITEM)}"
        for lab in no
    ]
    one = all(lab(YIELD).scope.cgroup == ONE for lab in yes + no)
    scope = "of equal priority in one cgroup" if one else "of equal priority"
    return f"While MWAIT is a yield(), with threads {scope}: {'; '.join(parts)}."


def cgroups(found: Sequence[LabKernel]) -> str:
    """Whether it is told from the NOP across cgroups: a yield() acts within one."""

    def differs(lab: LabKernel) -> bool:
        beside_nop, beside_yield = (_parted(lab, policy) for policy in ("mwait-nop", "mwait-yield"))
        comparable([beside_nop, beside_yield])
        return apart(beside_nop, beside_yield, ITEM)

    try:
        yes, no = by_verdict(found, differs)
    except Unsupported as reason:
        return f"With a cgroup each it is not answered: {reason}."
    parts = [f"the two differ on {_releases(yes)}"] if yes else []
    parts += [f"nothing tells yield() and NOP apart on {_releases(no)}"] if no else []
    return f"With a cgroup each, {'; '.join(parts)}."


def in_thread(found: Sequence[LabKernel]) -> str:
    """The work in the vCPU's thread, after MWAIT's exit to userspace."""

    def figures(lab: LabKernel) -> list[str]:
        beside, inside = lab(NOP), lab(EXIT)
        # Whose CPU time counts differs by design: that thread does the work. An item is
        # counted over the window's time, whoever does it.
        comparable([beside, inside], but="cpu")
        if not apart(beside, inside, ITEM):
            raise Unsupported(f"nothing tells {EXIT} and {NOP} apart on Linux {lab.release}")
        return [str(ITEM.typical(inside))]

    return told(
        found,
        "Where the VMM works in the vCPU's own thread, after MWAIT's exit, an item takes {0}",
        figures,
    )


def slices(found: Sequence[LabKernel]) -> str:
    """What the slice of the work in the vCPU's thread is worth: a constant that the VMM chooses."""

    def figures(lab: LabKernel) -> list[str]:
        rows = [lab("work.batch_slice1@mwait-exit"), lab(EXIT)]
        return [*side_by_side(rows, ITEM), *side_by_side(rows, P90)]

    return told(
        found,
        "In slices of 1 item before it enters the guest again, an item takes {0}, and {1} in "
        "slices of 8; the guest's wake-ups have a p90 of {2} and {3}",
        figures,
    )


def _parted(lab: LabKernel, policy: str) -> Measured:
    """The row of endless work whose threads have a cgroup each."""
    rows = [row for row in lab.matching(f"work.batch*@{policy}*") if row.scope.cgroup != ONE]
    if not rows:
        raise Unsupported(f"work.batch@{policy} was not measured with a cgroup each")
    return rows[0]


def _differs(lab: LabKernel) -> bool:
    beside_nop, beside_yield = lab(NOP), lab(YIELD)
    comparable([beside_nop, beside_yield])
    return apart(beside_nop, beside_yield, ITEM)


def _releases(found: Sequence[LabKernel]) -> str:
    return listed([lab.release for lab in found])
