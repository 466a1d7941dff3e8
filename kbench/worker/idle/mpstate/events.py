# SPDX-License-Identifier: MIT
"""Everything that may end the halt of a vCPU: how each is armed before the halt, and raised.

The vCPU is number 1 of its VM, an application processor, so that INIT and SIPI mean something.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from kbench._abi import ffi, lib
from kbench.errors import Unavailable
from kbench.kvm import Vcpu
from kbench.kvm.vm import IrqchipPin, Msi
from kbench.worker.vm import stimer
from kbench.worker.vm.idle_vcpu import MSR_TSC, MSR_TSC_DEADLINE
from kbench.worker.vm.idle_vm import IdleVm
from kbench.worker.vm.stimer import set_msrs

TO_ONE = 0xFEE01000  # the MSI address of APIC id 1
# Delivery modes (SDM vol. 3, 11.11.2); KVM's guests kick by "remote read" (PV unhalt).
FIXED, REMOTE_READ, SMI, NMI, INIT, SIPI = lib.KB_VECTOR, 0x300, 0x200, 0x400, 0x4500, 0x463F
SIPI_CODE, SMM_CODE = 0x3F000, 0x38000  # of the SIPI's vector, and of SMBASE after reset
OUT_FOREVER, RSM = bytes.fromhex("e610ebfc"), bytes.fromhex("0faa")
SMM_SLOTS = 1 << 16  # of the address space of system management mode
X2APIC_LINT0, EXTINT, MASKED = 0x835, 0x700, 1 << 16
PIC_GSI, PIC_INPUT = 3, 3
DUE_NS = 100_000_000  # until a timer fires: the vCPU has halted by then


def nothing(_: IdleVm) -> None:
    """No preparation."""


@dataclass(frozen=True, slots=True)
class HaltEvent:
    """`arm` acts before the vCPU halts, `fire` raises the event.

    `after_init`: the vCPU waits for a SIPI, after an INIT; else it is in HLT.
    """

    fire: Callable[[IdleVm], None]
    arm: Callable[[IdleVm], None] = nothing
    after_init: bool = False


def one(vm: IdleVm) -> Vcpu:
    """The vCPU of the table."""
    return vm.vcpus[1].vcpu


def msi(data: int) -> Callable[[IdleVm], None]:
    def fire(vm: IdleVm) -> None:
        vm.vm.signal_msi(Msi(data, TO_ONE))

    return fire


def send_init(vm: IdleVm) -> None:
    msi(INIT)(vm)


def extint_arm(vm: IdleVm) -> None:
    """The PIC's output reaches the vCPU through LINT0."""
    vm.vm.set_gsi_routing([(PIC_GSI, IrqchipPin(lib.KVM_IRQCHIP_PIC_MASTER, PIC_INPUT))])
    set_msrs(vm.vcpus[0].vcpu, {X2APIC_LINT0: MASKED})
    set_msrs(one(vm), {X2APIC_LINT0: EXTINT})


def smi_arm(vm: IdleVm) -> None:
    """System management mode has its own memslots; its handler returns at once."""
    if not vm.system.check_extension("KVM_CAP_X86_SMM"):
        raise Unavailable("this KVM has no KVM_CAP_X86_SMM")
    vm.memory.write(SMM_CODE, RSM)
    region = ffi.new("struct kvm_userspace_memory_region *", {"slot": SMM_SLOTS})
    region.memory_size, region.userspace_addr = vm.memory.size, vm.memory.address
    vm.vm.ioctl("KVM_SET_USER_MEMORY_REGION", region)


def sipi_arm(vm: IdleVm) -> None:
    vm.memory.write(SIPI_CODE, OUT_FOREVER)


def deadline_arm(vm: IdleVm) -> None:
    ticks = DUE_NS * one(vm).get_tsc_khz() // 1_000_000
    set_msrs(one(vm), {MSR_TSC_DEADLINE: one(vm).get_msr(MSR_TSC) + ticks})


def stimer_arm(vm: IdleVm) -> None:
    """KVM_RUN starts it."""
    stimer.enable(vm, one(vm))
    stimer.arm_once(one(vm), DUE_NS)


def wait(_: IdleVm) -> None:
    time.sleep(1.5 * DUE_NS / 1e9)


EVENTS = {
    "msi": HaltEvent(msi(FIXED)),
    "extint": HaltEvent(lambda vm: vm.vm.irq_line(PIC_GSI, True), extint_arm),
    "nmi": HaltEvent(msi(NMI)),
    "smi": HaltEvent(msi(SMI), smi_arm),
    "timer": HaltEvent(wait, deadline_arm),
    "init": HaltEvent(send_init),
    "sipi": HaltEvent(msi(SIPI), sipi_arm, after_init=True),
    "pv_kick": HaltEvent(msi(REMOTE_READ)),
    "stimer": HaltEvent(wait, stimer_arm),
}
