# SPDX-License-Identifier: MIT
"""Alexander Graf, 2023-09-23: VTLs as vCPUs, and who tells the VMM of VTL1's interrupt."""

from collections.abc import Sequence

from kbench.answers.level import listed
from kbench.answers.measured import Measured
from kbench.answers.rfc.lab import LabKernel, newest_first

WAYS = {
    "kick": "where the VMM routes the interrupt and kicks VTL0",
    "eventfd": "where the vCPU's eventfd tells a thread",
    "poll": "where poll(2) of the vCPU does",
}


def enters(found: Sequence[LabKernel]) -> str:
    """From the device's write until VTL1 runs, while VTL0 runs."""

    def figures(lab: LabKernel) -> str:
        rows = lab.those(*(f"vtl.enter@{way}" for way in WAYS))
        return listed([f"{row.p50} {WAYS[row.policy]}" for row in rows])

    return (
        "From a device's write until VTL1's handler runs, VTL0 being in the guest, it takes in "
        f"instructions (p50) {newest_first(found, figures)}."
    )


def returns(found: Sequence[LabKernel]) -> str:
    """From VTL_RETURN until VTL0 runs."""

    def figures(lab: LabKernel) -> str:
        return f"{_p50(lab('vtl.return@kick'))}"

    return f"From VTL_RETURN until VTL0 runs: {newest_first(found, figures)} instructions (p50)."


def _p50(row: Measured) -> str:
    return str(row.p50)
