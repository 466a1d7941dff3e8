# SPDX-License-Identifier: MIT
"""Paolo Bonzini, 2023-09-22: "To avoid races you need two flags": is the vCPU in HLT or MWAIT?

David Woodhouse, 2023-09-23: "the VMM will want to hunt for a vCPU which is currently idle".
"""

from collections.abc import Sequence

from kbench.answers.compared import against, side_by_side
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import LATENCY, SIGNALS
from kbench.answers.rfc.lab import LabKernel, told

LOOKING = ("hunt.flag", "hunt.byte", "hunt.poll", "hunt.ask")
HLT, KICK, MWAIT = "hunt.flag@hlt", "hunt.kick@hlt", "hunt.flag@mwait-nop"


def halted(found: Sequence[LabKernel]) -> str:
    """The flag of a halted vCPU: how many hunts find it, and what that gains over a signal."""
    if not all(_finds_all(lab(HLT)) for lab in found):
        return _only_found(found, HLT, "that halts")

    def figures(lab: LabKernel) -> list[str]:
        hunt, blind = lab(HLT), lab(KICK)
        return [hits(hunt), str(hunt.p50), str(blind.p50), against(hunt, blind, LATENCY)]

    return told(
        found,
        "{0} hunts find a halted vCPU by its idle flag; the work starts a median of {1} "
        "instructions after its arrival, where the VMM signals a vCPU without looking {2}: {3}",
        figures,
    )


def waiting(found: Sequence[LabKernel]) -> str:
    """The flag of a vCPU whose MWAIT is a NOP: it is in the guest, and not in MWAIT."""
    return _only_found(found, MWAIT, "whose MWAIT is a NOP")


def stepped(found: Sequence[LabKernel]) -> str:
    """The flag of a vCPU whose MWAIT is single-stepped: it is set while the CPU is in MWAIT."""
    return _only_found(found, "hunt.flag@mwait-step", "whose MWAIT is single-stepped")


def asked(found: Sequence[LabKernel]) -> str:
    """The protocol that the flag exists for: ask for a HLT exit, barrier, look, signal.

    It saves signals where no vCPU is halted, and nothing where one is.
    """

    def figures(lab: LabKernel) -> list[str]:
        ask, kick = (lab(f"hunt.{way}_2busy@hlt/4") for way in ("ask", "kick"))
        sent = side_by_side([ask, kick], SIGNALS, _signals)
        return [hits(ask), *sent]

    return told(
        found,
        "While 2 of 4 vCPUs are busy, a VMM that asks for the HLT exit, reads the flag behind a "
        "barrier and signals only a halted vCPU finds one in {0} hunts and sends {1} signals a "
        "hunt, {2} where it does not look",
        figures,
    )


def _only_found(found: Sequence[LabKernel], name: str, which: str) -> str:
    """How many hunts found one, and no latency.

    A hunt that finds none signals the next vCPU in turn: its latency is that of a blind signal.
    """
    return told(
        found,
        f"{{0}} hunts find, by its idle flag, an idle vCPU {which}",
        lambda lab: [hits(lab(name))],
    )


def hits(hunt: Measured) -> str:
    """`43 of 50`: the hunts that found an idle vCPU.

    Raises Unsupported where none looks for one.
    """
    if not hunt.benchmark.name.startswith(LOOKING):
        raise Unsupported(f"{hunt.benchmark.name} looks for no vCPU")
    found, hunts = _counts(hunt)
    return f"{found:,} of {hunts:,}"


def _signals(row: Measured) -> str:
    return f"{SIGNALS.typical(row):.1f}"


def _finds_all(hunt: Measured) -> bool:
    found, hunts = _counts(hunt)
    return found == hunts


def _counts(hunt: Measured) -> tuple[int, int]:
    """Hunts that found an idle vCPU, and all. Raises Unsupported where there are none."""
    found = hunt.counted("hunts_found")
    try:
        hunts = hunt.counted("hunts")
    except Unsupported:
        hunts = hunt.events  # an older suite
    if not hunts:
        raise Unsupported(f"{hunt.benchmark.name}: nothing was hunted")
    return found, hunts
