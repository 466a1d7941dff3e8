# SPDX-License-Identifier: MIT
"""The RFC as posted: what it does, its defects included."""

import signal
import threading

from selftests.machine import HLT, INTERRUPTED, MWAIT, Machine, expect, run
from selftests.uses import QUIRK_MWAIT

from kbench._abi import lib


def test_hlt_and_mwait() -> None:
    with Machine() as machine:
        machine.start()
        machine.exits(lib.KVM_KBENCH_EXIT_HLT | lib.KVM_KBENCH_EXIT_MWAIT)
        machine.plan(MWAIT)
        expect(run(machine.vcpu), lib.KVM_EXIT_KBENCH_MWAIT)
        machine.start()
        machine.plan(HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
        expect(machine.vcpu.get_mp_state(), lib.KVM_MP_STATE_HALTED, "mp_state")


def test_defect_halted_reentry_blocks() -> None:
    with Machine() as machine:
        machine.start()
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        machine.plan(HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
        thread = threading.get_ident()
        kicker = threading.Timer(0.005, signal.pthread_kill, (thread, signal.SIGUSR1))
        kicker.start()
        expect(run(machine.vcpu), INTERRUPTED)
        kicker.join()


def test_defect_exit_after_invalid_opcode() -> None:
    """It queues the #UD and reports an MWAIT that was not executed."""
    with Machine(caps={"KVM_CAP_DISABLE_QUIRKS2": QUIRK_MWAIT}) as machine:
        machine.start()
        machine.exits(lib.KVM_KBENCH_EXIT_MWAIT)
        # MONITOR faults first with this quirk off.
        machine.start_at_mwait()
        mwait = machine.vcpu.get_regs().rip
        expect(run(machine.vcpu), lib.KVM_EXIT_KBENCH_MWAIT)
        expect(machine.vcpu.get_regs().rip, mwait, "RIP")
