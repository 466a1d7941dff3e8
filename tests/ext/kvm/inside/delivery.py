# SPDX-License-Identifier: MIT
"""On a KVM that pretends to deliver interrupts without an exit, as AVIC does (../pretend.py)."""

from selftests.machine import MWAIT, Machine, expect, run

from kbench._abi import lib

TRAP = 0x100  # EFLAGS.TF


def test_no_step() -> dict[str, int]:
    """MWAIT is emulated: one intercept, no #DB after it."""
    with Machine() as machine:
        machine.enable(lib.KVM_KBENCH_MWAIT_STEP)
        machine.mwait(lib.KVM_KBENCH_MWAIT_AS_STEP)
        machine.start()
        machine.plan(MWAIT)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)  # finds out
        exits = min(exits_of_a_round(machine) for _ in range(5))  # the host's tick is one more
        expect(exits, 3, "exits: MONITOR, MWAIT, OUT")
        expect(machine.vcpu.get_regs().rflags & TRAP, 0, "EFLAGS.TF")
        return {"exits": exits}


def exits_of_a_round(machine: Machine) -> int:
    with machine.vcpu.get_stats_fd() as stats:
        machine.plan(MWAIT)
        before = stats.read()["exits"]
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        return int(stats.read()["exits"] - before)
