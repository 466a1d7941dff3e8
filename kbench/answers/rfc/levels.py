# SPDX-License-Identifier: MIT
"""Alexander Graf, 2023-09-23: VTLs as vCPUs, and who tells the VMM of VTL1's interrupt."""

from collections.abc import Sequence

from kbench.answers.rfc.lab import LabKernel, told


def enters(found: Sequence[LabKernel]) -> str:
    """From the device's write until VTL1 runs, while VTL0 runs."""

    def figures(lab: LabKernel) -> list[str]:
        return [str(lab(f"vtl.enter@{way}").p50) for way in ("kick", "eventfd", "poll")]

    return told(
        found,
        "From a device's write until VTL1 runs, VTL0 being in the guest, it takes a median of {0} "
        "instructions where the VMM routes the interrupt and kicks VTL0, {1} where the vCPU's "
        "eventfd wakes a thread of the VMM, {2} where poll(2) of the vCPU does",
        figures,
    )


def returns(found: Sequence[LabKernel]) -> str:
    """From VTL_RETURN until VTL0 runs."""

    def figures(lab: LabKernel) -> list[str]:
        return [str(lab("vtl.return@kick").p50)]

    return told(
        found, "From VTL_RETURN until VTL0 runs it takes a median of {0} instructions", figures
    )
