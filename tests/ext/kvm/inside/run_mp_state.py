# SPDX-License-Identifier: MIT
"""run_mp_state: the byte that says whether KVM_RUN would run the guest."""

import time

from selftests.machine import HLT, INTERRUPTED, Machine, delays, expect, run
from selftests.scale import LOST
from selftests.sources import FIXED, INIT, SIPI, TO_ONE, Target

from kbench._abi import lib
from kbench.kvm import extension
from kbench.kvm.vm import Msi

ON = lib.KVM_KBENCH_RUN_MP_STATE


def state(machine: Machine) -> int:
    return extension.read(machine.vcpu, lib.KVM_RUN_KBENCH_MP_STATE)


VALID = lib.KVM_KBENCH_MP_STATE_VALID
HALTED, RUNNABLE = VALID | lib.KVM_MP_STATE_HALTED, VALID | lib.KVM_MP_STATE_RUNNABLE


def test_interrupt_updates_without_run() -> None:
    with Machine() as machine:
        expect(state(machine), 0, "off")
        machine.enable(ON)
        machine.start()
        expect(state(machine), RUNNABLE, "running guest")
        machine.plan(HLT)
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
        expect(state(machine), HALTED, "halted")
        machine.interrupt()
        expect(state(machine), RUNNABLE, "after the interrupt")
        expect(machine.vcpu.get_mp_state(), lib.KVM_MP_STATE_HALTED, "KVM_GET_MP_STATE")
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        machine.enable(0)
        expect(state(machine), 0, "off again")


def test_migration_restores_it() -> None:
    """KVM_SET_MP_STATE is how a VMM restores a saved vCPU."""
    with Machine() as machine:
        machine.enable(ON)
        machine.start()
        machine.vcpu.set_mp_state(lib.KVM_MP_STATE_HALTED)
        expect(state(machine), HALTED, "after SET_MP_STATE(HALTED)")
        machine.vcpu.set_mp_state(lib.KVM_MP_STATE_RUNNABLE)
        expect(state(machine), RUNNABLE, "after SET_MP_STATE(RUNNABLE)")


def test_race_with_the_timer() -> dict[str, int]:
    """User space polls the byte alone; the timer fires at any instruction."""
    halts = 0
    with Machine() as machine:
        machine.enable(ON)
        machine.start()
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        for number, delay in enumerate(delays(6), start=1):
            machine.plan(HLT, timer=delay)
            while (reason := run(machine.vcpu)) == lib.KVM_EXIT_HLT:
                halts += 1
                end = time.monotonic() + LOST
                while state(machine) == HALTED:
                    assert time.monotonic() < end, f"round {number}: lost"
            expect(reason, lib.KVM_EXIT_IO)
            expect(machine.interrupts, number, "interrupts")
    assert halts
    return {"halts": halts}


def test_init_and_sipi_of_a_halted_processor() -> None:
    """INIT leaves it waiting for its SIPI, which KVM_RUN would block for; the SIPI starts it."""
    with Target() as target:
        extension.enable(target.one, ON)
        target.plan(HLT, number=1)
        expect(target.enter(), INTERRUPTED, "the guest's HLT")
        expect(one(target), HALTED, "halted")
        target.vm.signal_msi(Msi(INIT, TO_ONE))
        expect(one(target), VALID | lib.KVM_MP_STATE_INIT_RECEIVED, "after INIT")
        target.vm.signal_msi(Msi(FIXED, TO_ONE))
        expect(one(target), VALID | lib.KVM_MP_STATE_INIT_RECEIVED, "after an interrupt")
        target.vm.signal_msi(Msi(SIPI, TO_ONE))
        expect(one(target), RUNNABLE, "after SIPI")
        expect(target.one.get_mp_state(), lib.KVM_MP_STATE_RUNNABLE, "KVM_GET_MP_STATE")


def one(target: Target) -> int:
    return extension.read(target.one, lib.KVM_RUN_KBENCH_MP_STATE)
