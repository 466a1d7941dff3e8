# SPDX-License-Identifier: MIT
"""A vCPU in its idle loop: its set-up, its restart, and its stamps."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kbench._abi import ffi, lib
from kbench._native import floors
from kbench.catalogue.policies import Policy
from kbench.kvm import GuestMemory, IoctlError, Vcpu, extension

MSR_TSC, MSR_TSC_DEADLINE = 0x10, 0x6E0
TSC_MASK = (1 << 64) - 1  # a TSC that is reset, or whose offset is wrong, wraps as the CPU's does
APIC_BASE_X2APIC = 0xC00  # IA32_APIC_BASE: EN and EXTD
APIC_SVR, APIC_LVT_TIMER = 0xF0, 0x320  # offsets in struct kvm_lapic_state
SVR_ENABLED, LVT_TSC_DEADLINE = 0x1FF, 0x40000


@dataclass
class IdleVcpu:
    """A vCPU, its struct kb_idle, and the state that every window starts from.

    `event_fd` is what the VMM waits for while the vCPU is halted, or -1. `regs.r13` is the line
    that it monitors or, of a sibling that stores, the line that it stores to.
    """

    vcpu: Vcpu
    area: Any
    line_address: int
    regs: Any
    lapic: Any | None
    tsc_offset: int
    event_fd: int

    def restart(self, flags: int, peer: int = 0, spin: int = 0) -> None:
        """Reset it to its first instruction, with nothing pending."""
        area = self.area
        area.line = area.events = area.rounds = 0
        area.flags, area.peer, area.spin = flags, peer, spin
        area.timer_msr = MSR_TSC_DEADLINE
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
        """Let the guest's timer fire at each of these host TSC values in turn."""
        plan = [(tick + self.tsc_offset) & TSC_MASK for tick in deadlines]
        self.plan(MSR_TSC_DEADLINE, plan)
        self.vcpu.set_msrs({MSR_TSC_DEADLINE: plan[0]})

    def plan(self, msr: int, times: Sequence[int]) -> None:
        """Let the guest write to `msr`, at its event number n, the number n of `times`."""
        self.area.timer_msr = msr
        ffi.memmove(self.area.plan, ffi.new("uint64_t[]", [*times, 0]), 8 * len(times) + 8)

    def stamps(self) -> list[int]:
        """When its events began, in ticks of the host's TSC; the ring keeps the newest."""
        total, room = int(self.area.events), lib.KB_IDLE_STAMPS_MAX
        ring = ffi.unpack(self.area.stamps, min(total, room))
        oldest = total % room if total > room else 0
        return [self.host_tick(tick) for tick in ring[oldest:] + ring[:oldest]]

    def host_tick(self, tick: int) -> int:
        """The host's TSC when the guest's had this value."""
        return (tick - self.tsc_offset) & TSC_MASK


def prepare(vcpu: Vcpu, areas: GuestMemory, index: int, policy: Policy, event_fd: int) -> IdleVcpu:
    """Put the booted `vcpu` under `policy`; `areas` holds the kb_idle number `index`."""
    address = lib.KB_IDLE + index * lib.KB_IDLE_SIZE
    regs = vcpu.get_regs()
    regs.r13, regs.r14, regs.r15 = address + lib.KB_IDLE_LINE, 0, address
    lapic = _enable_lapic(vcpu) if policy.irqchip else None
    if policy.switched:
        extension.enable(vcpu, extension.bits(policy.switched), event_fd)
    if policy.needs == "KVM_KBENCH_ENTRY_INTERCEPTS":
        # It starts as the VM: PAUSE is not intercepted where the CPU has no pause filter.
        extension.write(vcpu, lib.KVM_RUN_KBENCH_NATIVE, 0)
    if policy.run:
        byte, value = policy.run
        extension.write(vcpu, getattr(lib, byte), getattr(lib, value))
    area = areas.struct("kb_idle", address)
    line = areas.address + address - areas.base
    return IdleVcpu(vcpu, area, line, regs, lapic, tsc_offset(vcpu), event_fd)


def _enable_lapic(vcpu: Vcpu) -> Any:
    """Switch the LAPIC to x2APIC and its timer to TSC-deadline mode; the state to start from."""
    sregs = vcpu.get_sregs()
    sregs.apic_base |= APIC_BASE_X2APIC
    vcpu.set_sregs(sregs)
    lapic = vcpu.get_lapic()
    registers = ffi.cast("uint32_t *", lapic.regs)
    registers[APIC_SVR // 4] = SVR_ENABLED
    registers[APIC_LVT_TIMER // 4] = LVT_TSC_DEADLINE | lib.KB_VECTOR
    return lapic


def tsc_offset(vcpu: Vcpu) -> int:
    """Ticks that the guest's TSC is ahead of the host's; set to 0 where KVM can."""
    with suppress(IoctlError):  # before Linux 5.16, or a backend that has no offset
        vcpu.set_tsc_offset(0)
    before = floors.tsc()
    guest = vcpu.get_msr(MSR_TSC)
    after = floors.tsc()
    if before <= guest <= after:
        return 0
    return guest - (before + after) // 2
