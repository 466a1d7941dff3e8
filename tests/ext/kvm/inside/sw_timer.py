# SPDX-License-Identifier: MIT
"""On a KVM that pretends to have a hypervisor timer, which stands still (../pretend.py)."""

import select

from selftests.event_table import ready
from selftests.machine import HLT, INTERRUPTED, MWAIT, Machine, expect, run
from selftests.sources import DEADLINE, DUE, LVT_TIMER, TSC, TSC_DEADLINE, Target

from kbench._abi import lib
from kbench.kvm import extension

SOON = 20_000  # ns
LOST = 50  # ms


def test_deadline_set_outside_is_told() -> None:
    """The VMM restores a deadline by KVM_SET_MSRS, and waits for the vCPU by poll()."""
    with Target() as target:
        extension.enable(target.one, lib.KVM_KBENCH_VCPU_POLL)
        target.plan(HLT, number=1)
        expect(target.enter(), INTERRUPTED, "the guest's HLT")
        due = target.one.get_msr(TSC) + DUE * target.one.get_tsc_khz() // 1_000_000
        expect(target.one.set_msrs({LVT_TIMER: DEADLINE, TSC_DEADLINE: due}), 2, "MSRs set")
        expect(ready(target.one.fd, select.POLLIN), False, "poll before the deadline")
        expect(ready(target.one.fd, select.POLLIN, LOST), True, "poll after the deadline")


def test_timer_ends_a_native_mwait() -> None:
    for bit in (lib.KVM_KBENCH_ENTRY_INTERCEPTS, lib.KVM_KBENCH_MWAIT_STEP):
        with Machine() as machine:
            machine.enable(bit)
            if bit == lib.KVM_KBENCH_ENTRY_INTERCEPTS:
                native = lib.KVM_KBENCH_NATIVE_MWAIT
                extension.write(machine.vcpu, lib.KVM_RUN_KBENCH_NATIVE, native)
            else:
                machine.mwait(lib.KVM_KBENCH_MWAIT_AS_STEP)
            machine.start()
            for _ in range(20):
                machine.plan(MWAIT, timer=SOON)
                expect(run(machine.vcpu), lib.KVM_EXIT_IO)
            assert machine.interrupts, "the timer has not fired"
