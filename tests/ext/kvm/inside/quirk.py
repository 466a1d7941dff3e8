# SPDX-License-Identifier: MIT
"""Stock KVM: which KVM_RUN updates mp_state.

Paolo Bonzini, 2023-09-23: "kvm_run->immediate_exit is processed before
kvm_vcpu_block(), but TIF_SIGPENDING is processed afterwards. This means that you
can force an mpstate update with pthread_kill + KVM_RUN. [...] it's worth writing
a selftest for it."
"""

import signal
import threading

from selftests.machine import HLT, INTERRUPTED, Machine, expect, run, run_with_pending_signal

from kbench._abi import lib


def halted(machine: Machine) -> None:
    """Leave the vCPU outside KVM_RUN, halted: a signal ends its block."""
    machine.start()
    machine.plan(HLT)
    thread = threading.get_ident()
    kicker = threading.Timer(0.002, signal.pthread_kill, (thread, signal.SIGUSR1))
    kicker.start()
    expect(run(machine.vcpu), INTERRUPTED)
    kicker.join()
    expect(machine.vcpu.get_mp_state(), lib.KVM_MP_STATE_HALTED, "mp_state after the signal")


def test_interrupt_alone_leaves_halted() -> None:
    with Machine() as machine:
        halted(machine)
        machine.interrupt()
        expect(machine.vcpu.get_mp_state(), lib.KVM_MP_STATE_HALTED, "mp_state")


def test_immediate_exit_leaves_halted() -> None:
    with Machine() as machine:
        halted(machine)
        machine.interrupt()
        machine.vcpu.run.immediate_exit = 1
        expect(run(machine.vcpu), INTERRUPTED)
        expect(machine.vcpu.get_mp_state(), lib.KVM_MP_STATE_HALTED, "mp_state")


def test_pending_signal_updates() -> None:
    """A signal that is pending when KVM_RUN begins: blocked outside, let in by its mask."""
    with Machine() as machine:
        halted(machine)
        machine.interrupt()
        before = machine.interrupts
        expect(run_with_pending_signal(machine.vcpu), INTERRUPTED)
        expect(machine.interrupts, before, "the guest has not run")
        expect(machine.vcpu.get_mp_state(), lib.KVM_MP_STATE_RUNNABLE, "mp_state")
