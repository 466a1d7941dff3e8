# SPDX-License-Identifier: MIT
"""M1: exits on HLT, MWAIT and PAUSE."""

import random
import signal

from selftests.machine import (
    HLT,
    INTERRUPTED,
    MWAIT,
    Machine,
    delays,
    expect,
    fault_vector,
    run,
)

from kbench._abi import lib

QUIRK_MWAIT = 1 << 6  # KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS
INVALID_OPCODE = 6


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


def test_mwait_that_faults_does_not_exit() -> None:
    """The RFC reported an MWAIT and had queued a #UD."""
    with Machine(caps={"KVM_CAP_DISABLE_QUIRKS2": QUIRK_MWAIT}) as machine:
        machine.start()
        machine.plan(MWAIT)
        machine.exits(lib.KVM_KBENCH_EXIT_MWAIT)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(fault_vector(machine), INVALID_OPCODE, "exception in the guest")


def test_userspace_irqchip() -> None:
    with Machine(irqchip=False) as machine:
        machine.exits(lib.KVM_KBENCH_EXIT_MWAIT)
        machine.vcpu.get_regs()
        # Without a LAPIC the guest's first WRMSR faults: its exit shows that it ran.
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)


def test_disabled_hlt_exits_win() -> None:
    """KVM_CAP_X86_DISABLE_EXITS: there is no exit that the bit could redirect."""
    with Machine(caps={"KVM_CAP_X86_DISABLE_EXITS": lib.KVM_X86_DISABLE_EXITS_HLT}) as machine:
        machine.start()
        machine.plan(HLT, timer=20_000)
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(machine.interrupts, 1, "interrupts")


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


def test_race_with_signals_and_bits() -> dict[str, int]:
    """A signal and the timer at random times; the bits change between entries."""
    generator = random.Random(2)
    reasons: dict[int, int] = {}
    with Machine() as machine:
        machine.start()
        for number, delay in enumerate(delays(2), start=1):
            machine.plan(generator.choice((HLT, MWAIT)), timer=delay)
            while machine.interrupts < number:
                machine.exits(generator.randrange(4))
                signal.setitimer(signal.ITIMER_REAL, generator.randint(1, 60) / 1e6)
                reason = run(machine.vcpu)
                signal.setitimer(signal.ITIMER_REAL, 0)
                reasons[reason] = reasons.get(reason, 0) + 1
            machine.exits(0)
            while reason != lib.KVM_EXIT_IO:
                reason = run(machine.vcpu)
    assert reasons[INTERRUPTED] and reasons[lib.KVM_EXIT_HLT], reasons
    return {str(reason): count for reason, count in reasons.items()}
