# SPDX-License-Identifier: MIT
"""On a KVM that pretends to post interrupts and to encrypt the guest (../pretend.py)."""

import errno

from selftests.machine import MWAIT, Machine, expect, run

from kbench._abi import lib
from kbench.errors import Unavailable
from kbench.kvm import extension
from kbench.kvm.errors import IoctlError


def test_posted_interrupts_refuse_those_that_tell_of_events() -> None:
    with Machine() as machine:
        for bit in (lib.KVM_KBENCH_VCPU_POLL, lib.KVM_KBENCH_RUN_MP_STATE):
            expect(refusal(machine, bit), errno.EOPNOTSUPP, f"bit {bit:#x}: errno")
        try:
            extension.enable(machine.vcpu, lib.KVM_KBENCH_RUN_MP_STATE)
        except Unavailable as error:
            expect("posted without KVM" in str(error), True, f"the reason in {str(error)!r}")
        else:
            raise AssertionError("run_mp_state was accepted")


def test_encrypted_guests_refuse_monitor() -> None:
    with Machine() as machine:
        expect(refusal(machine, lib.KVM_KBENCH_MWAIT_MONITOR), errno.EOPNOTSUPP, "errno")


def test_the_others_work() -> None:
    with Machine() as machine:
        machine.enable(lib.KVM_KBENCH_IDLE_FLAG)
        machine.start()
        machine.exits(lib.KVM_KBENCH_EXIT_MWAIT)
        machine.plan(MWAIT)
        expect(run(machine.vcpu), lib.KVM_EXIT_KBENCH_MWAIT)


def refusal(machine: Machine, bit: int) -> int:
    try:
        machine.vcpu.enable_cap("KVM_CAP_KBENCH", bit, 0)
    except IoctlError as error:
        return error.errno
    return 0
