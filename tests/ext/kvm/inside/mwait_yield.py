# SPDX-License-Identifier: MIT
"""mwait_yield: yield(), cond_resched() and a short sleep on MWAIT."""

import time

from selftests.machine import MWAIT, Machine, delays, expect, run
from selftests.scale import LATE

from kbench._abi import lib

MODES = (
    lib.KVM_KBENCH_MWAIT_AS_NOP,
    lib.KVM_KBENCH_MWAIT_AS_YIELD,
    lib.KVM_KBENCH_MWAIT_AS_RESCHED,
    lib.KVM_KBENCH_MWAIT_AS_TIMEOUT,
)
SIXTEEN_MS = 15  # 2^14 us
LONG = 26  # 2^25 us: the bound where only the event should end the sleep


def timed(machine: Machine) -> float:
    """Virtual seconds of one KVM_RUN that must end with the round."""
    start = time.monotonic()
    expect(run(machine.vcpu), lib.KVM_EXIT_IO)
    return time.monotonic() - start


def test_every_mode_resumes_the_guest() -> None:
    with Machine() as machine:
        machine.start()
        for mode in MODES:
            machine.mwait(mode)
            machine.plan(MWAIT)
            expect(run(machine.vcpu), lib.KVM_EXIT_IO, f"mode {mode}")


def test_timeout_lasts_as_long_as_asked() -> None:
    with Machine() as machine:
        machine.start()
        machine.mwait(lib.KVM_KBENCH_MWAIT_AS_TIMEOUT, SIXTEEN_MS)
        machine.plan(MWAIT)
        passed = timed(machine)
        assert 0.016 <= passed < 0.025, f"expected 16 ms, got {passed * 1e3} ms"


def test_race_timeout_with_the_timer() -> None:
    """The guest's interrupt ends the sleep, wherever in its beginning it comes."""
    with Machine() as machine:
        machine.start()
        machine.mwait(lib.KVM_KBENCH_MWAIT_AS_TIMEOUT, LONG)
        for number, delay in enumerate(delays(7), start=1):
            machine.plan(MWAIT, timer=delay)
            passed = timed(machine)
            assert passed < LATE, f"round {number}: {passed * 1e3} ms"
            expect(machine.interrupts, number, "interrupts")
