# SPDX-License-Identifier: MIT
"""Alexander Graf, 2023-09-23: VTLs as vCPUs, and who tells the VMM of VTL1's interrupt."""

from collections.abc import Sequence

from kbench.answers.rfc.lab import LabKernel, medians


def enters(found: Sequence[LabKernel]) -> str:
    """From the device's write until VTL1 runs, while VTL0 runs."""
    return medians(
        found,
        "From a device's write until VTL1 runs, VTL0 being in the guest, it takes a median of {0} "
        "instructions where the VMM routes the interrupt and kicks VTL0, {1} where the vCPU's "
        "eventfd wakes a thread of the VMM, {2} where epoll(7) of the vCPU does",
        "vtl.enter@kick",
        "vtl.enter@eventfd",
        "vtl.enter@poll",
    )


def idle(found: Sequence[LabKernel]) -> str:
    """While VTL0 is halted, in one thread: poll(2) of the vCPU against the device's eventfd."""
    return medians(
        found,
        "While VTL0 is halted: {0} where the VTLs' thread is in poll(2) of their vCPUs, {1} where "
        "it waits for the devices' eventfds after a HLT exit and routes the interrupt itself",
        "vtl.enter_idle@poll",
        "vtl.enter_idle@device",
    )


def timer(found: Sequence[LabKernel]) -> str:
    """An interrupt that no thread of the VMM raises: VTL1's synthetic timer."""
    return medians(
        found,
        "From the time that VTL1's synthetic timer is due until VTL1 runs, VTL0 being in the "
        "guest, it takes a median of {0} instructions where the vCPU's eventfd wakes a thread of "
        "the VMM, {1} where epoll(7) of the vCPU does",
        "vtl.enter_stimer@eventfd",
        "vtl.enter_stimer@poll",
    )


def state(found: Sequence[LabKernel]) -> str:
    """The same with the registers and the FPU state that VTLs share."""
    return medians(
        found,
        "VTL_RETURN takes a median of {0} instructions until VTL0 runs, {1} where the VMM moves "
        "the general-purpose registers and the FPU state that the VTLs share",
        "vtl.return@kick",
        "vtl.return_state@kick",
    )
