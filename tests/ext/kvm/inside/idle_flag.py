# SPDX-License-Identifier: MIT
"""idle_flag: the state in kvm_run.flags, and the hunt for an idle vCPU."""

import random
import time

from selftests.machine import HLT, INTERRUPTED, MWAIT, Machine, expect
from selftests.runner import FIRST, Runner, realtime
from selftests.scale import LOST, ROUNDS

from kbench._abi import lib
from kbench.kvm import extension

ON = lib.KVM_KBENCH_IDLE_FLAG


def test_states() -> None:
    with Machine() as machine, Runner(machine.vcpu) as runner:
        expect(extension.idle(machine.vcpu), lib.KVM_KBENCH_IDLE_OUTSIDE, "off")
        machine.enable(ON)
        runner.go()
        assert runner.stopped(FIRST)
        expect(extension.idle(machine.vcpu), lib.KVM_KBENCH_IDLE_OUTSIDE, "outside KVM_RUN")
        machine.plan(HLT)
        runner.go()
        time.sleep(0.003)
        expect(extension.idle(machine.vcpu), lib.KVM_KBENCH_IDLE_HLT, "blocked")
        runner.kick()
        assert runner.stopped()
        expect(runner.reason, INTERRUPTED)
        expect(extension.idle(machine.vcpu), lib.KVM_KBENCH_IDLE_OUTSIDE, "after the signal")


def hunt(op: int, bit: int, state: int, exit_reason: int, mode: int) -> dict[str, int]:
    """The thread's protocol: bit, barrier, state; signal only an idle vCPU. None is lost."""
    generator = random.Random(9)
    signals = 0
    with Machine() as machine, Runner(machine.vcpu) as first:
        machine.enable(ON)
        machine.mwait(mode, 11)  # for 1 ms at most
        first.go()
        assert first.stopped(FIRST)
        machine.plan(op)
        with Runner(machine.vcpu, through=lib.KVM_EXIT_IO) as runner, realtime():
            for number in range(ROUNDS):
                machine.exits(0)
                machine.interrupt()
                runner.go()
                time.sleep(generator.randint(1, 100) / 1e6)
                machine.exits(bit)
                if extension.idle(machine.vcpu) == state:
                    runner.kick()
                    signals += 1
                assert runner.stopped(FIRST if number == 0 else LOST), f"round {number}: lost"
                assert runner.reason in (exit_reason, INTERRUPTED), f"exit {runner.reason}"
    assert 0 < signals < ROUNDS, f"signals: {signals} of {ROUNDS}"
    return {"signals": signals}


def test_race_hunt_hlt() -> dict[str, int]:
    return hunt(HLT, lib.KVM_KBENCH_EXIT_HLT, lib.KVM_KBENCH_IDLE_HLT, lib.KVM_EXIT_HLT, 0)


def test_race_hunt_mwait() -> dict[str, int]:
    return hunt(
        MWAIT,
        lib.KVM_KBENCH_EXIT_MWAIT,
        lib.KVM_KBENCH_IDLE_MWAIT,
        lib.KVM_EXIT_KBENCH_MWAIT,
        lib.KVM_KBENCH_MWAIT_AS_TIMEOUT,
    )
