# SPDX-License-Identifier: MIT
"""David Woodhouse, 2023-09-18: "bounce all the way out to *userspace* on an MWAIT exit"."""

from collections.abc import Sequence

from kbench.answers.compared import side_by_side
from kbench.answers.level import comparable, on_plan
from kbench.answers.measured import Unsupported
from kbench.answers.quantity import COUNT, EACH, EXITS, ROUND
from kbench.answers.rfc.lab import ALL, MECHANISMS, RFC, STOCK, LabKernel, told


def mwait(found: Sequence[LabKernel]) -> str:
    """An MWAIT that exits to userspace, against one that KVM skips."""

    def figures(lab: LabKernel) -> list[str]:
        rows = [lab("exit.mwait_user"), lab("inkernel.mwait@nop")]
        comparable(rows)
        whole, skipped = COUNT.typical(rows[0]), EACH.typical(rows[1])
        if whole <= skipped:
            raise Unsupported("exit.mwait_user takes no more than inkernel.mwait@nop")
        return [str(whole), str(skipped), f"{whole - skipped:,.0f}"]

    return told(
        found,
        "An MWAIT that exits to userspace takes {0} instructions until the guest runs again, one "
        "that KVM skips {1}: {2} more",
        figures,
    )


def idle_round(found: Sequence[LabKernel]) -> str:
    """A whole round of an MWAIT idle loop, MONITOR and MWAIT, by what KVM does with it."""

    def figures(lab: LabKernel) -> list[str]:
        rows = [lab(f"idle.poisson@mwait-{name}") for name in ("nop", "yield", "exit")]
        return side_by_side(rows, ROUND)

    return told(
        found,
        "A round of the guest's idle loop, which has an exit for MONITOR too, takes the vCPU's "
        "thread {0} instructions while MWAIT is a NOP, {1} while it is a yield(), {2} with the "
        "exit to userspace",
        figures,
    )


def scale(found: Sequence[LabKernel]) -> str:
    """The same difference for a port write."""

    def figures(lab: LabKernel) -> list[str]:
        rows = [lab("inkernel.pio_out@elcr"), lab("exit.pio_out")]
        comparable(rows)
        return [str(EACH.typical(rows[0])), str(COUNT.typical(rows[1]))]

    return told(
        found,
        "For scale: a port write takes {0} instructions where KVM's PIC handles it, {1} where "
        "userspace does",
        figures,
    )


def unused(found: Sequence[LabKernel]) -> str:
    """The extension compiled in and not used, against stock KVM."""
    return told(
        found,
        "Compiled in and not used, all mechanisms together change the {0} instructions of a PIO "
        "exit by {1}",
        lambda lab: _against_stock(lab, ALL),
    )


def alone(found: Sequence[LabKernel]) -> str:
    """Each mechanism compiled in alone and not used, against stock KVM."""

    def figures(lab: LabKernel) -> list[str]:
        changes = [_change(lab, name) for name in MECHANISMS]
        least, most = min(changes), max(changes)
        between = f"{least:+,.0f} to {most:+,.0f}" if least < most else f"{least:+,.0f}"
        return [str(COUNT.typical(lab("exit.pio_out", STOCK))), between]

    return told(
        found,
        "Built alone and not used, a mechanism (each of M1 to M9 was) changes the {0} "
        "instructions of a PIO exit by {1}",
        figures,
    )


def posted(found: Sequence[LabKernel]) -> str:
    """The RFC as posted, against stock KVM."""
    return told(
        found,
        "The RFC as posted changes the {0} instructions of a PIO exit by {1}",
        lambda lab: _against_stock(lab, RFC),
    )


def chosen(found: Sequence[LabKernel]) -> str:
    """Paolo Bonzini, 2023-09-22: exits chosen at each entry, against KVM_CAP_X86_DISABLE_EXITS."""

    def figures(lab: LabKernel) -> list[str]:
        rows = [lab(f"idle.poisson@{name}") for name in ("hlt-native", "hlt-passthrough", "hlt")]
        for row in rows:
            on_plan(row)
        return side_by_side(rows, EXITS, lambda row: f"{EXITS.typical(row):.1f}")

    return told(
        found,
        "Exits for each event of a device: {0} where a field of kvm_run disables HLT exits at the "
        "entry, {1} where KVM_CAP_X86_DISABLE_EXITS does, {2} where HLT exits",
        figures,
    )


def _against_stock(lab: LabKernel, variant: str) -> list[str]:
    return [str(COUNT.typical(lab("exit.pio_out", STOCK))), f"{_change(lab, variant):+,.0f}"]


def _change(lab: LabKernel, variant: str) -> float:
    rows = [lab("exit.pio_out", name) for name in (STOCK, variant)]
    comparable(rows, but="variant")
    stock, other = map(COUNT.typical, rows)
    return other - stock
