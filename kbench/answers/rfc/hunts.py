# SPDX-License-Identifier: MIT
"""Paolo Bonzini, 2023-09-22: "To avoid races you need two flags": is the vCPU in HLT or MWAIT?

David Woodhouse, 2023-09-23: "the VMM will want to hunt for a vCPU which is currently idle".
"""

from collections.abc import Sequence

from kbench.answers.compared import ratio
from kbench.answers.level import apart, comparable
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import LATENCY
from kbench.answers.rfc.lab import LabKernel, for_each

HLT, MWAIT = "hunt.flag@hlt", "hunt.flag@mwait-nop"


def halted(found: Sequence[LabKernel]) -> str:
    """The flag of a halted vCPU: how many hunts it finds, and whether that helps."""
    return _said("In HLT", for_each(found, lambda lab: _hunt(lab, HLT, "hunt.kick@hlt")))


def waiting(found: Sequence[LabKernel]) -> str:
    """The flag of a vCPU whose MWAIT is a NOP: it is in the guest, and not in MWAIT."""
    return _said("In MWAIT", for_each(found, lambda lab: _found(lab(MWAIT))[1]))


def _said(where: str, text: str) -> str:
    return f"{where}, the idle flag. {text}"


def _hunt(lab: LabKernel, flag: str, kick: str) -> str:
    hunt, blind = lab(flag), lab(kick)
    every, text = _found(hunt)
    if not every:
        return text
    comparable([hunt, blind])
    if not apart(hunt, blind, LATENCY):
        return f"{text} Nothing tells its latency from that of a blind signal."
    compared = ratio(LATENCY.typical(hunt), LATENCY.typical(blind))
    return (
        f"{text} The work starts {hunt.p50} instructions later (p50), after a blind signal to an "
        f"idle vCPU {blind.p50}: {compared}."
    )


def _found(hunt: Measured) -> tuple[bool, str]:
    """Whether every hunt saw an idle vCPU, and how many did.

    A hunt that finds none signals the next vCPU in turn: its latency is that of a blind signal,
    and none of the flag's.
    """
    if not hunt.events:
        raise Unsupported(f"{hunt.benchmark.name}: nothing was hunted")
    hits = hunt.counted("hunts_found")
    if hits == hunt.events:
        return True, f"each of {hits:,} hunts finds an idle vCPU."
    few = (
        f"{hits:,} of {hunt.events:,} hunts find"
        if hits
        else f"none of {hunt.events:,} hunts finds"
    )
    return False, f"{few} an idle vCPU; the others signal one blindly, so it has no latency here."
