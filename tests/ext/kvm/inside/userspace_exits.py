# SPDX-License-Identifier: MIT
"""userspace_exits: exits on HLT, MWAIT and PAUSE."""

import select
import time

from selftests.event_table import ready
from selftests.machine import HLT, MWAIT, Machine, Skip, delays, expect, run

from kbench._abi import lib
from kbench.kvm import extension

X2APIC_LVT_TIMER, MASKED = 0x832, 1 << 16


def test_hlt() -> None:
    """KVM_EXIT_HLT with the in-kernel LAPIC, RIP past the HLT, the vCPU halted."""
    with Machine() as machine:
        machine.start()
        machine.plan(HLT)
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
        expect(machine.vcpu.get_mp_state(), lib.KVM_MP_STATE_HALTED, "mp_state")
        # jmp round (EB xx) follows the HLT (F4).
        rip = machine.vcpu.get_regs().rip
        expect(machine.memory.read(rip - 1, 1), b"\xf4", "the instruction before RIP")


def test_halted_reentry_exits_again() -> None:
    """The RFC blocked in the kernel here."""
    with Machine() as machine:
        machine.start()
        machine.plan(HLT)
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        for _ in range(3):
            expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
        machine.interrupt()
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(machine.interrupts, 1, "interrupts")


def test_no_exit_when_an_event_is_pending() -> None:
    with Machine() as machine:
        machine.start()
        machine.plan(HLT)
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        machine.interrupt()
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(machine.interrupts, 1, "interrupts")


def test_mwait() -> None:
    with Machine() as machine:
        machine.start()
        machine.plan(MWAIT)
        machine.exits(lib.KVM_KBENCH_EXIT_MWAIT)
        expect(run(machine.vcpu), lib.KVM_EXIT_KBENCH_MWAIT)
        expect(machine.vcpu.get_mp_state(), lib.KVM_MP_STATE_RUNNABLE, "mp_state")
        rip = machine.vcpu.get_regs().rip
        expect(machine.memory.read(rip - 3, 3), b"\x0f\x01\xc9", "the instruction before RIP")
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)


def test_race_with_the_timer() -> dict[str, int]:
    """The guest's timer fires at any instruction around the exit and the re-entry."""
    halts = 0
    with Machine() as machine:
        machine.start()
        for number, delay in enumerate(delays(1), start=1):
            machine.plan(HLT, timer=delay)
            machine.exits(lib.KVM_KBENCH_EXIT_HLT)
            reason = run(machine.vcpu)
            if reason == lib.KVM_EXIT_HLT:
                halts += 1
                machine.exits(0)
                reason = run(machine.vcpu)
            expect(reason, lib.KVM_EXIT_IO)
            expect(machine.interrupts, number, "interrupts")
    return {"halts": halts}


def test_masked_timer_is_no_livelock() -> dict[str, int]:
    """A guest arms its timer, masks it and halts: what stays of it ends no halt.

    A VMM that enters again whenever it is told would never stop.
    """
    told = lib.KVM_KBENCH_VCPU_POLL | lib.KVM_KBENCH_RUN_MP_STATE
    rounds = 0
    with Machine() as machine:
        if told & ~extension.mechanisms(machine.system):
            raise Skip("it needs vcpu_poll and run_mp_state")
        machine.enable(told)
        machine.start()
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        machine.plan(HLT, timer=20_000)
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
        lvt = machine.vcpu.get_msr(X2APIC_LVT_TIMER)
        machine.vcpu.set_msrs({X2APIC_LVT_TIMER: lvt | MASKED})
        time.sleep(0.001)
        while rounds < 100 and ready(machine.vcpu.fd, select.POLLIN, 50):
            expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
            rounds += 1
        assert rounds <= 1, f"{rounds} rounds for a timer that is masked"
        halted = lib.KVM_KBENCH_MP_STATE_VALID | lib.KVM_MP_STATE_HALTED
        found = extension.read(machine.vcpu, lib.KVM_RUN_KBENCH_MP_STATE)
        expect(found, halted, "KVM_RUN_KBENCH_MP_STATE")
    return {"rounds": rounds}
