# SPDX-License-Identifier: MIT
"""mwait_step: MWAIT executed by the CPU under single-step."""

from selftests.machine import MWAIT, Machine, expect, run

from kbench._abi import lib
from kbench.kvm.backend import vendor_module

ON = lib.KVM_KBENCH_MWAIT_STEP
TRAP = 0x100  # EFLAGS.TF


def test_steps_and_goes_on() -> dict[str, int]:
    with Machine() as machine:
        machine.enable(ON)
        machine.mwait(lib.KVM_KBENCH_MWAIT_AS_STEP)
        machine.start()
        machine.plan(MWAIT, timer=50_000)
        with machine.vcpu.get_stats_fd() as stats:
            before = stats.read()["exits"]
            expect(run(machine.vcpu), lib.KVM_EXIT_IO)
            after = stats.read()["exits"]
        # VM entry clears the range that MONITOR armed: on VMX a stepped MWAIT does not wait.
        expect(machine.interrupts, 0 if vendor_module() == "kvm_intel" else 1, "interrupts")
        expect(machine.vcpu.get_regs().rflags & TRAP, 0, "EFLAGS.TF")
        return {"exits": int(after - before)}


def test_guest_that_steps_itself_is_left_alone() -> None:
    """EFLAGS.TF of the guest: its #DB is its own, so MWAIT stays emulated."""
    with Machine() as machine:
        machine.enable(ON)
        machine.mwait(lib.KVM_KBENCH_MWAIT_AS_STEP)
        machine.start()
        machine.plan(MWAIT)
        machine.vcpu.set_guest_debug(lib.KVM_GUESTDBG_ENABLE | lib.KVM_GUESTDBG_SINGLESTEP)
        for _ in range(40):
            reason = run(machine.vcpu)
            if reason == lib.KVM_EXIT_IO:
                break
            expect(reason, lib.KVM_EXIT_DEBUG)
        expect(reason, lib.KVM_EXIT_IO)
