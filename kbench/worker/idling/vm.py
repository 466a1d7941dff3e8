# SPDX-License-Identifier: MIT
"""The VM of an idle benchmark: a policy's KVM settings, and vCPUs in its idle loop."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from kbench._abi import ffi, lib
from kbench._loops import floors
from kbench.errors import Unavailable
from kbench.guests import load
from kbench.kvm import GuestMemory, IoctlError, System, Vcpu, Vm, extension
from kbench.kvm.vm import Msi, Pin
from kbench.policies import Policy
from kbench.worker.boot import boot

MSR_TSC, MSR_TSC_DEADLINE = 0x10, 0x6E0
APIC_BASE_X2APIC = 0xC00  # IA32_APIC_BASE: EN and EXTD
APIC_SVR, APIC_LVT_TIMER = 0xF0, 0x320  # offsets in struct kvm_lapic_state
SVR_ENABLED, LVT_TSC_DEADLINE = 0x1FF, 0x40000
CPUID_1_ECX = {"monitor": 1 << 3, "x2apic": 1 << 21, "tsc_deadline": 1 << 24}
GSI_MSI, GSI_IOAPIC = 0, 1
NMI = Msi(data=0x400)  # delivery mode NMI
IRQ = Msi(data=lib.KB_VECTOR)


@dataclass
class IdleVcpu:
    """A vCPU, its struct kb_idle, and the state that every run of it starts from.

    `event_fd` tells the VMM of an event while the vCPU is halted, or is -1.
    """

    vcpu: Vcpu
    area: Any
    line_address: int
    regs: Any
    lapic: Any | None
    tsc_offset: int
    event_fd: int

    def restart(self, flags: int, peer: int = 0, spin: int = 0) -> None:
        """Put it back before its first instruction, with nothing pending."""
        area = self.area
        area.line = area.events = 0
        area.flags, area.peer, area.spin = flags, peer, spin
        self.vcpu.set_regs(self.regs)
        if self.lapic is not None:
            self.vcpu.set_msrs({MSR_TSC_DEADLINE: 0})
            self.vcpu.set_lapic(self.lapic)
            self.vcpu.set_mp_state(lib.KVM_MP_STATE_RUNNABLE)
        events = self.vcpu.get_vcpu_events()
        for kind in (events.exception, events.interrupt, events.nmi):
            kind.injected = 0
        events.nmi.pending = events.nmi.masked = events.interrupt.shadow = 0
        self.vcpu.set_vcpu_events(events)

    def arm(self, deadlines: Sequence[int]) -> None:
        """Let the guest's timer fire at these host TSC values, one after another."""
        plan = [tick + self.tsc_offset for tick in deadlines]
        ffi.memmove(self.area.plan, ffi.new("uint64_t[]", [*plan, 0]), 8 * len(plan) + 8)
        self.vcpu.set_msrs({MSR_TSC_DEADLINE: plan[0]})

    def stamps(self) -> list[int]:
        """When its events began, in ticks of the host's TSC; the oldest fall out of the ring."""
        total, room = int(self.area.events), lib.KB_IDLE_STAMPS_MAX
        ring = ffi.unpack(self.area.stamps, min(total, room))
        oldest = total % room if total > room else 0
        return [tick - self.tsc_offset for tick in ring[oldest:] + ring[:oldest]]


@dataclass
class IdleVm:
    """The VM: its vCPUs, and the ways to wake the first one from outside."""

    system: System
    vm: Vm
    memory: GuestMemory
    policy: Policy
    image_sha256: str
    vcpus: list[IdleVcpu]
    eventfd: int  # an irqfd (MSI); without an irqchip, what the VMM waits for
    ioapic_eventfd: int
    messages: dict[str, Any]  # struct kvm_msi by name

    @property
    def tsc_khz(self) -> int:
        return self.vcpus[0].vcpu.get_tsc_khz()

    def message_address(self, name: str) -> int:
        return int(ffi.cast("uintptr_t", self.messages[name]))


def require(system: System, policy: Policy) -> None:
    """Raises Unavailable, with what this KVM lacks for `policy`."""
    wanted = ["KVM_CAP_IRQCHIP", "KVM_CAP_TSC_DEADLINE_TIMER", "KVM_CAP_HALT_POLL"]
    for name in wanted if policy.irqchip else []:
        if not system.check_extension(name):
            raise Unavailable(f"this KVM has no {name}")
    offered = system.check_extension("KVM_CAP_X86_DISABLE_EXITS")
    for name in policy.native:
        if not offered & getattr(lib, name):
            raise Unavailable(f"this KVM's KVM_CAP_X86_DISABLE_EXITS ({offered:#x}) lacks {name}")
    if policy.needs:
        extension.require(system, getattr(lib, policy.needs), policy.needs)


@contextmanager
def build(policy: Policy, vcpus: int) -> Iterator[IdleVm]:
    """A VM of `vcpus` vCPUs under `policy`; everything is closed at the end, on every path.

    Raises Unavailable or IoctlError where this KVM lacks what it takes.
    """
    image = load(f"idle_{policy.guest}")
    with ExitStack() as stack:
        system = stack.enter_context(System())
        require(system, policy)
        memory = stack.enter_context(GuestMemory(lib.KB_MEMORY))
        areas = stack.enter_context(GuestMemory(vcpus * lib.KB_IDLE_SIZE, lib.KB_IDLE))
        vm = stack.enter_context(system.create_vm())
        vm.set_tss_addr()
        vm.set_user_memory_region(memory)
        vm.set_user_memory_region(areas)
        memory.write(image.base, image.data)
        eventfds = _eventfd(stack), _eventfd(stack)
        _settings(vm, policy, eventfds)
        cpuid = _cpuid(system, policy)
        made = []
        for index in range(vcpus):
            vcpu = stack.enter_context(vm.create_vcpu(index))
            vcpu.set_cpuid2(cpuid)
            boot(vcpu, "long", index)
            match policy.waits:
                case "inject":
                    event_fd = eventfds[0]
                case "eventfd":
                    event_fd = _eventfd(stack)
                case _:
                    event_fd = vcpu.fd
            made.append(_idle_vcpu(vcpu, areas, index, policy, event_fd))
        messages = {
            name: ffi.new("struct kvm_msi *", {"address_lo": msi.address, "data": msi.data})
            for name, msi in (("irq", IRQ), ("nmi", NMI))
        }
        yield IdleVm(system, vm, memory, policy, image.sha256, made, *eventfds, messages)


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
    # Routes of our own leave out the PIC, which the default routing of these GSIs hits too.
    vm.set_gsi_routing([(GSI_MSI, IRQ), (GSI_IOAPIC, Pin(lib.KVM_IRQCHIP_IOAPIC, GSI_IOAPIC))])
    vm.set_ioapic_entry(GSI_IOAPIC, lib.KB_VECTOR)
    for gsi, eventfd in zip((GSI_MSI, GSI_IOAPIC), eventfds, strict=True):
        vm.irqfd(eventfd, gsi)


def _cpuid(system: System, policy: Policy) -> Any:
    cpuid = system.get_supported_cpuid()
    for entry in cpuid.entries[0 : cpuid.nent]:
        if entry.function == 1:
            # KVM_GET_SUPPORTED_CPUID leaves the deadline timer out: it needs a LAPIC (api.rst).
            entry.ecx |= CPUID_1_ECX["x2apic"] | CPUID_1_ECX["tsc_deadline"]
            if policy.guest == "mwait":
                entry.ecx |= CPUID_1_ECX["monitor"]
    return cpuid


def _idle_vcpu(
    vcpu: Vcpu, areas: GuestMemory, index: int, policy: Policy, event_fd: int
) -> IdleVcpu:
    address = lib.KB_IDLE + index * lib.KB_IDLE_SIZE
    regs = vcpu.get_regs()
    regs.r14, regs.r15 = 0, address
    lapic = _enable_lapic(vcpu) if policy.irqchip else None
    if policy.switched:
        extension.enable(vcpu, getattr(lib, policy.needs), event_fd)
    if policy.run:
        byte, value = policy.run
        extension.write(vcpu, getattr(lib, byte), getattr(lib, value))
    area = areas.struct("kb_idle", address)
    line = areas.address + address - areas.base
    return IdleVcpu(vcpu, area, line, regs, lapic, _tsc_offset(vcpu), event_fd)


def _enable_lapic(vcpu: Vcpu) -> Any:
    """Switch the LAPIC to x2APIC and its timer to TSC deadlines; the state to start from."""
    sregs = vcpu.get_sregs()
    sregs.apic_base |= APIC_BASE_X2APIC
    vcpu.set_sregs(sregs)
    lapic = vcpu.get_lapic()
    registers = ffi.cast("uint32_t *", lapic.regs)
    registers[APIC_SVR // 4] = SVR_ENABLED
    registers[APIC_LVT_TIMER // 4] = LVT_TSC_DEADLINE | lib.KB_VECTOR
    return lapic


def _tsc_offset(vcpu: Vcpu) -> int:
    """Ticks that the guest's TSC is ahead of the host's: 0 where KVM lets us choose."""
    with suppress(IoctlError):  # before Linux 5.16, or a backend that has no offset
        vcpu.set_tsc_offset(0)
    before = floors.tsc()
    guest = vcpu.get_msr(MSR_TSC)
    after = floors.tsc()
    if before <= guest <= after:
        return 0
    return guest - (before + after) // 2
