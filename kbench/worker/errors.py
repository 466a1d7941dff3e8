# SPDX-License-Identifier: MIT
"""What can go wrong between VM entry and exit, with the registers of the guest."""

import os

from kbench._abi import lib
from kbench.errors import KbenchError
from kbench.kvm import IoctlError, Vcpu
from kbench.kvm.caps import exit_name
from kbench.kvm.memory import GuestMemory

HUNG = "KVM_RUN did not come back within"
BUSY = "the machine is too busy"
NO_EVENT = "the guest handled no event"
OTHER_COUNT = "interrupts for"


def doubtful(reason: str) -> bool:
    """Whether a busy machine may be why a benchmark could not run: another try may show it."""
    return any(doubt in reason for doubt in (HUNG, BUSY, NO_EVENT, OTHER_COUNT))


class GuestError(KbenchError):
    """The guest did something other than its subject.

    The message ends with the guest's registers; `what` is the message without them.
    """

    def __init__(self, what: str, vcpu: Vcpu) -> None:
        self.what = what
        super().__init__(f"{what} {registers(vcpu)}")


def unexpected_exit(expect: str, vcpu: Vcpu, memory: GuestMemory) -> GuestError:
    """An entry that ended with another reason than `expect` ("KVM_EXIT_...")."""
    run = vcpu.run
    if fault := exception(memory):
        return GuestError(f"expected {expect}, got {fault}", vcpu)
    got = exit_name(run.exit_reason)
    match run.exit_reason:
        case lib.KVM_EXIT_IO if run.io.port == lib.KB_PORT_MISSED:
            params = memory.struct("kb_params", lib.KB_PARAMS)
            got = f"{params.events} {OTHER_COUNT} {params.batch} subjects"
        case lib.KVM_EXIT_IO:
            got += f" on port {run.io.port:#x}"
        case lib.KVM_EXIT_MMIO:
            got += f" at {run.mmio.phys_addr:#x}"
        case lib.KVM_EXIT_INTERNAL_ERROR:
            got += f", suberror {run.internal.suberror}"
        case lib.KVM_EXIT_FAIL_ENTRY:
            got += f", hardware reason {run.fail_entry.hardware_entry_failure_reason:#x}"
    return GuestError(f"expected {expect}, got {got}", vcpu)


def exception(memory: GuestMemory) -> str:
    """The exception that the guest has reported (guests/start.S), or ""."""
    params = memory.struct("kb_params", lib.KB_PARAMS)
    if not params.fault_rip:
        return ""
    where = f"error code {params.fault_error:#x}, at rip {params.fault_rip:#x}"
    return f"exception vector {params.fault_vector} in the guest ({where})"


def hung(limit: float, vcpu: Vcpu) -> GuestError:
    """An entry that the watchdog had to end."""
    return GuestError(f"{HUNG} {limit:g} s", vcpu)


def failed_entry(errno: int, vcpu: Vcpu) -> GuestError:
    """KVM_RUN itself failed with `errno`."""
    return GuestError(str(IoctlError("KVM_RUN", errno)), vcpu)


def sibling_ended(index: int, reason: int, errno: int, vcpu: Vcpu) -> GuestError:
    """The sibling vCPU `index` left its guest, with this exit or errno, before it was stopped."""
    how = str(IoctlError("KVM_RUN", errno)) if errno else exit_name(reason)
    return GuestError(f"vCPU {index} left its guest: {how}", vcpu)


def registers(vcpu: Vcpu) -> str:
    """`at rip 0x... (rax ...)`: the state of the vCPU."""
    try:
        regs = vcpu.get_regs()
    except IoctlError as error:
        return f"(registers unreadable: {os.strerror(error.errno)})"
    names = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rflags")
    values = " ".join(f"{name}={getattr(regs, name):#x}" for name in names)
    return f"at rip {regs.rip:#x} ({values})"
