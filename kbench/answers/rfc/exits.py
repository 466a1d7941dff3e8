# SPDX-License-Identifier: MIT
"""David Woodhouse, 2023-09-18: "bounce all the way out to *userspace* on an MWAIT exit"."""

from collections.abc import Sequence

from kbench.answers.level import at_rate
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import EACH, EXITS, MIN, ROUND
from kbench.answers.rfc.lab import ALL, RFC, STOCK, LabKernel, newest_first
from kbench.catalogue.patterns import pattern


def mwait(found: Sequence[LabKernel]) -> str:
    """An MWAIT that exits to userspace, against one that KVM skips."""

    def figures(lab: LabKernel) -> str:
        whole, skipped = _exact(lab("exit.mwait_user")), EACH.typical(lab("inkernel.mwait@nop"))
        if whole <= skipped:
            raise Unsupported("exit.mwait_user takes no more than inkernel.mwait@nop")
        return f"{whole - skipped:,.0f} ({whole:,.0f} against {skipped})"

    return (
        "An MWAIT that exits to userspace takes more instructions than one that KVM skips, by "
        f"{newest_first(found, figures)}."
    )


def idle_round(found: Sequence[LabKernel]) -> str:
    """A whole round of an MWAIT idle loop, MONITOR and MWAIT, by what KVM does with it."""

    def figures(lab: LabKernel) -> str:
        rows = [lab(f"idle.tick250@mwait-{name}") for name in ("nop", "yield", "exit")]
        nop, yields, exits = (ROUND.typical(row) for row in rows)
        return f"{nop} as a NOP, {yields} with yield(), {exits} with the exit"

    return (
        "A round of the guest's MWAIT idle loop, MONITOR's exit included, takes the vCPU's thread "
        f"{newest_first(found, figures)} instructions."
    )


def scale(found: Sequence[LabKernel]) -> str:
    """The same difference for a port write."""

    def figures(lab: LabKernel) -> str:
        kernel, user = EACH.typical(lab("inkernel.pio_out@elcr")), _exact(lab("exit.pio_out"))
        return f"{kernel} instructions in KVM's own PIC, {user:,.0f} in userspace"

    return f"For scale, a port write takes {newest_first(found, figures)}."


def unused(found: Sequence[LabKernel]) -> str:
    """The extension compiled in and not used, against stock KVM."""

    def figures(lab: LabKernel) -> str:
        stock, all_ = _exact(lab("exit.pio_out", STOCK)), _exact(lab("exit.pio_out", ALL))
        return f"{all_ - stock:+,.0f}, {stock:,.0f} to {all_:,.0f}"

    return (
        "Compiled in and not used, all mechanisms together change the instructions of a PIO exit's "
        f"round trip by {newest_first(found, figures)}."
    )


def posted(found: Sequence[LabKernel]) -> str:
    """The RFC as posted: its round trips against those of stock KVM and of the extension."""

    def figures(lab: LabKernel) -> str:
        stock, rfc = _exact(lab("exit.pio_out", STOCK)), _exact(lab("exit.pio_out", RFC))
        return f"{rfc - stock:+,.0f}, {stock:,.0f} to {rfc:,.0f}"

    return (
        "The RFC as posted changes the instructions of a PIO exit's round trip by "
        f"{newest_first(found, figures)}."
    )


def chosen(found: Sequence[LabKernel]) -> str:
    """Paolo Bonzini, 2023-09-22: exits chosen at each entry, against KVM_CAP_X86_DISABLE_EXITS."""

    def figures(lab: LabKernel) -> str:
        rows = [lab(f"idle.poisson@{name}") for name in ("hlt-native", "hlt-passthrough", "hlt")]
        for row in rows:
            at_rate(row, pattern("poisson").rate)
        native, passed, halted = (f"{EXITS.typical(row):.1f}" for row in rows)
        return f"{native} against {passed}, and {halted} of a HLT that exits"

    return (
        "A guest whose HLT exits are disabled by a field of kvm_run at the entry makes, against "
        "one whose VM disables them for good, exits for each event: "
        f"{newest_first(found, figures)}."
    )


def _exact(row: Measured) -> float:
    """The one count that all round trips have. Raises Unsupported where they differ."""
    low, high = MIN.range(row)
    if low != high or row.p50 != low:
        raise Unsupported(f"{row.benchmark.name}: its round trips do not have one count")
    return float(low)
