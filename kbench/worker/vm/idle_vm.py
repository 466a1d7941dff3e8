# SPDX-License-Identifier: MIT
"""The VM of idle guests: a policy's KVM settings, and vCPUs in its idle loop."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from kbench._abi import ffi, lib
from kbench.catalogue.policies import Policy
from kbench.errors import Unavailable
from kbench.guests import load
from kbench.kvm import GuestMemory, System, Vm, extension
from kbench.kvm.memory import HUGE_PAGE
from kbench.kvm.vm import IrqchipPin, Msi
from kbench.worker.vm import idle_vcpu
from kbench.worker.vm.guest_vm import CPUID_MONITOR, CPUID_TSC_DEADLINE, CPUID_X2APIC, GuestVm
from kbench.worker.vm.guest_vm import build as build_guest_vm
from kbench.worker.vm.idle_vcpu import IdleVcpu

GSI_MSI, GSI_IOAPIC = 0, 1
NMI = Msi(data=0x400)  # delivery mode NMI
IRQ = Msi(data=lib.KB_VECTOR)
NO_HUGE_PAGE = (
    "the host backs the guest's memory by 4-KiB pages although MADV_HUGEPAGE asks for 2 MiB"
)


@dataclass
class IdleVm:
    """A VM under a policy: its vCPUs, and what wakes the first one from outside."""

    system: System
    vm: Vm
    memory: GuestMemory
    policy: Policy
    image_sha256: str
    vcpus: list[IdleVcpu]
    eventfd: int  # an irqfd (MSI); without an irqchip the VMM waits for it
    ioapic_eventfd: int
    messages: dict[str, Any]  # struct kvm_msi by name

    @property
    def tsc_khz(self) -> int:
        return self.vcpus[0].vcpu.get_tsc_khz()

    def message_address(self, name: str) -> int:
        return int(ffi.cast("uintptr_t", self.messages[name]))


def require(system: System, policy: Policy, needs: Sequence[str] = ()) -> None:
    """Raises Unavailable, with what this KVM lacks for `policy` and of the mechanisms `needs`."""
    wanted = ["KVM_CAP_IRQCHIP", "KVM_CAP_TSC_DEADLINE_TIMER", "KVM_CAP_HALT_POLL"]
    for name in wanted if policy.irqchip else []:
        if not system.check_extension(name):
            raise Unavailable(f"this KVM has no {name}")
    offered = system.check_extension("KVM_CAP_X86_DISABLE_EXITS")
    for name in policy.native:
        if not offered & getattr(lib, name):
            raise Unavailable(f"this KVM's KVM_CAP_X86_DISABLE_EXITS ({offered:#x}) lacks {name}")
    extension.require(system, *policy.mechanisms, *needs)


@contextmanager
def build(
    policy: Policy,
    vcpus: int,
    *,
    huge: bool = False,
    hyperv: bool = False,
    needs: Sequence[str] = (),
) -> Iterator[IdleVm]:
    """A VM of `vcpus` vCPUs under `policy`; everything is closed at the end, on every path.

    With `huge`, 2-MiB pages back the memory that the guests write to. With `hyperv` the guests
    may use Hyper-V's synthetic MSRs. `needs` are mechanisms beside those of the policy. Raises
    Unavailable or IoctlError where this KVM, or the host's memory, lacks what it takes.
    """
    image = load(f"idle_{policy.guest}")
    with ExitStack() as stack:
        system = stack.enter_context(System())
        require(system, policy, needs)
        size = HUGE_PAGE if huge else vcpus * lib.KB_IDLE_SIZE
        areas = stack.enter_context(GuestMemory(size, lib.KB_IDLE, huge=huge))
        if huge:
            areas.write(lib.KB_IDLE, bytes(1))
            if not areas.is_huge():
                raise Unavailable(NO_HUGE_PAGE)
        eventfds = _eventfd(stack), _eventfd(stack)

        def before(guest_vm: GuestVm) -> None:
            guest_vm.vm.set_user_memory_region(areas)
            guest_vm.set_cpuid_1_ecx(CPUID_X2APIC | CPUID_TSC_DEADLINE)
            if policy.guest == "mwait":
                guest_vm.set_cpuid_1_ecx(CPUID_MONITOR)
            if hyperv:
                guest_vm.set_cpuid_hyperv()
            _settings(guest_vm.vm, policy, eventfds)

        made = stack.enter_context(build_guest_vm(system, image, vcpus, before=[before]))
        idle_vcpus = []
        for index, vcpu in enumerate(made.vcpus):
            match policy.waits:
                case "inject":
                    event_fd = eventfds[0]
                case "eventfd":
                    event_fd = _eventfd(stack)
                case _:
                    event_fd = vcpu.fd
            idle_vcpus.append(idle_vcpu.prepare(vcpu, areas, index, policy, event_fd))
        messages = {
            name: ffi.new("struct kvm_msi *", {"address_lo": msi.address, "data": msi.data})
            for name, msi in (("irq", IRQ), ("nmi", NMI))
        }
        yield IdleVm(
            system, made.vm, made.memory, policy, image.sha256, idle_vcpus, *eventfds, messages
        )


def _eventfd(stack: ExitStack) -> int:
    fd = os.eventfd(0, os.EFD_CLOEXEC)
    stack.callback(os.close, fd)
    return fd


def _settings(vm: Vm, policy: Policy, eventfds: Sequence[int]) -> None:
    """What must precede the first vCPU."""
    if policy.native:
        vm.enable_cap("KVM_CAP_X86_DISABLE_EXITS", sum(getattr(lib, n) for n in policy.native))
    if not policy.irqchip:
        return
    vm.create_irqchip()
    vm.set_halt_poll_ns(policy.poll_ns)
    # The default routing of these GSIs also reaches the PIC: replace it.
    vm.set_gsi_routing(
        [(GSI_MSI, IRQ), (GSI_IOAPIC, IrqchipPin(lib.KVM_IRQCHIP_IOAPIC, GSI_IOAPIC))]
    )
    vm.set_ioapic_entry(GSI_IOAPIC, lib.KB_VECTOR)
    for gsi, eventfd in zip((GSI_MSI, GSI_IOAPIC), eventfds, strict=True):
        vm.irqfd(eventfd, gsi)
