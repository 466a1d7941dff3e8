# SPDX-License-Identifier: MIT
"""Each mechanism, switched on, beside what else decides about HLT and MWAIT."""

import errno

from selftests.machine import HLT, MWAIT, WRITE, Machine, expect, fault_vector, run
from selftests.quirk import halted
from selftests.uses import EVENTS, QUIRK_MWAIT, Use, eventfd

from kbench._abi import lib
from kbench.kvm import extension
from kbench.kvm.errors import IoctlError

INVALID_OPCODE = 6
SOON = 50_000  # ns until the guest's timer
ALL_NATIVE = (
    lib.KVM_X86_DISABLE_EXITS_HLT
    | lib.KVM_X86_DISABLE_EXITS_MWAIT
    | lib.KVM_X86_DISABLE_EXITS_PAUSE
)


def idle_round(machine: Machine, op: int, use: Use) -> None:
    """One idle that the guest's timer ends, whatever the mechanism makes of it."""
    wanted = machine.interrupts + 1
    machine.plan(op, timer=SOON)
    while (reason := run(machine.vcpu)) != lib.KVM_EXIT_IO or machine.interrupts < wanted:
        # The host's tick ends a native idle, and an MWAIT may always end early.
        if reason == lib.KVM_EXIT_IO:
            machine.plan(WRITE)
        else:
            assert reason in use.may_exit, f"exit {reason}"
    expect(machine.interrupts, wanted, "interrupts")


def check_disabled_exits(use: Use) -> None:
    """KVM_CAP_X86_DISABLE_EXITS: only entry_intercepts reaches an instruction without an exit."""
    with use.machine(caps={"KVM_CAP_X86_DISABLE_EXITS": ALL_NATIVE}) as machine:
        if use.on & lib.KVM_KBENCH_ENTRY_INTERCEPTS:
            found = extension.read(machine.vcpu, lib.KVM_RUN_KBENCH_NATIVE)
            expect(found, ALL_NATIVE, "KVM_RUN_KBENCH_NATIVE")
        else:
            use.most(machine)
        machine.start()
        with machine.vcpu.get_stats_fd() as stats:
            before = stats.read()["halt_exits"]
            for op in (HLT, MWAIT) * 4:
                machine.plan(op, timer=SOON)
                expect(run(machine.vcpu), lib.KVM_EXIT_IO)
            expect(stats.read()["halt_exits"], before, "halt_exits")


def check_mwait_that_faults(use: Use) -> None:
    """KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS off: a refused MWAIT neither idles nor exits."""
    with use.machine(caps={"KVM_CAP_DISABLE_QUIRKS2": QUIRK_MWAIT}) as machine:
        if use.on & lib.KVM_KBENCH_ENTRY_INTERCEPTS:
            extension.write(machine.vcpu, lib.KVM_RUN_KBENCH_NATIVE, 0)
        else:
            use.most(machine)
        machine.start()
        # MONITOR would fault first.
        machine.start_at_mwait()
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(fault_vector(machine), INVALID_OPCODE, "exception in the guest")


def check_userspace_irqchip(use: Use) -> None:
    """Without KVM's LAPIC HLT exits, as ever; those that tell of events have none, and say so."""
    if use.on & EVENTS:
        try:
            with use.machine(irqchip=False):
                raise AssertionError("it was accepted")
        except IoctlError as error:
            expect(error.errno, errno.EINVAL, "errno")
        return
    with use.machine(irqchip=False) as machine:
        use.set(machine, 0, 0, use.mwait[-1], 8)  # mwait_monitor is bounded: no event will come
        # The guest's first steps are about the LAPIC.
        machine.start_at_mwait()
        machine.plan(HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(fault_vector(machine), 0, "exception in the guest")
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT)


def check_halt_polling(use: Use) -> dict[str, int]:
    """A halt that KVM polls through is a halt."""
    with use.machine() as machine:
        machine.vm.set_halt_poll_ns(1_000_000)
        use.set(machine, 0, 0, use.mwait[-1], 0)
        machine.start()
        with machine.vcpu.get_stats_fd() as stats:
            for _ in range(8):
                idle_round(machine, HLT, use)
            polled = stats.read()["halt_successful_poll"]
    assert polled, "no halt was polled through"
    return {"polled": int(polled)}


def check_save_and_restore(use: Use) -> None:
    """As in a migration: the state of a halted vCPU, its interrupt pending, in another VM."""
    for before in (True, False):
        with use.machine() as source, Machine() as target, eventfd() as told:
            halted(source)
            source.interrupt()
            if before:
                use.enable(target, told)
            move(source, target)
            if not before:
                use.enable(target, told)
            use.most(target)
            if use.on & lib.KVM_KBENCH_RUN_MP_STATE:
                state = lib.KVM_KBENCH_MP_STATE_VALID | lib.KVM_MP_STATE_RUNNABLE
                found = extension.read(target.vcpu, lib.KVM_RUN_KBENCH_MP_STATE)
                expect(found, state, "KVM_RUN_KBENCH_MP_STATE")
            expect(target.vcpu.get_mp_state(), lib.KVM_MP_STATE_HALTED, "mp_state")
            while (reason := run(target.vcpu)) in use.may_exit:
                pass
            expect(reason, lib.KVM_EXIT_IO)
            expect(target.interrupts, source.interrupts + 1, "interrupts")
            for op in (HLT, MWAIT):
                idle_round(target, op, use)


def move(source: Machine, target: Machine) -> None:
    """What a VMM carries to another host, in the order in which it may be set."""
    target.memory.write(0, source.memory.read(0, lib.KB_MEMORY))
    old, new = source.vcpu, target.vcpu
    new.set_sregs(old.get_sregs())
    new.set_regs(old.get_regs())
    new.set_lapic(old.get_lapic())
    new.set_vcpu_events(old.get_vcpu_events())
    new.set_mp_state(old.get_mp_state())
