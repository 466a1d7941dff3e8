# SPDX-License-Identifier: MIT
"""mwait_lowprio: the lowest priority while on MWAIT, bounded and restored."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from selftests.machine import MWAIT, Machine, delays, expect, run

from kbench._abi import lib

ON = lib.KVM_KBENCH_MWAIT_LOWPRIO
MODE = lib.KVM_KBENCH_MWAIT_LOWPRIO_BIT | lib.KVM_KBENCH_MWAIT_AS_YIELD
FOUR_MS = 13  # 2^12 us


@contextmanager
def neighbour() -> Iterator[None]:
    """A process that wants the pCPU as much as we do."""
    child = os.fork()
    if not child:
        while True:
            pass
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_gives_way_for_the_bound() -> dict[str, float]:
    with Machine() as machine:
        machine.enable(ON)
        machine.mwait(MODE, FOUR_MS)
        machine.start()
        machine.plan(MWAIT)
        with neighbour():
            start = time.monotonic()
            expect(run(machine.vcpu), lib.KVM_EXIT_IO)
            passed = time.monotonic() - start
        expect(nice(), 0, "nice")
        assert passed >= 0.004, f"expected at least 4 ms for the neighbour, got {passed * 1e3} ms"
    return {"milliseconds": passed * 1e3}


def test_alone_goes_on_at_once() -> None:
    with Machine() as machine:
        machine.enable(ON)
        machine.mwait(MODE, FOUR_MS)
        machine.start()
        machine.plan(MWAIT)
        start = time.monotonic()
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        passed = time.monotonic() - start
        assert passed < 0.001, f"{passed * 1e3} ms"
        expect(nice(), 0, "nice")


def test_realtime_is_left_alone() -> None:
    with Machine() as machine:
        machine.enable(ON)
        machine.mwait(MODE, FOUR_MS)
        machine.start()
        machine.plan(MWAIT)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        try:
            expect(run(machine.vcpu), lib.KVM_EXIT_IO)
            expect(os.sched_getscheduler(0), os.SCHED_FIFO, "policy")
        finally:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def test_an_administrators_nice_stays() -> None:
    """Set from another process while the priority is low: nothing takes it back."""
    with Machine() as machine, neighbour():
        machine.enable(ON)
        machine.mwait(MODE, 15)  # 16 ms
        machine.start()
        machine.plan(MWAIT)
        for value in (19, 7):
            os.setpriority(os.PRIO_PROCESS, 0, 0)
            renice = threading.Timer(0.004, os.setpriority, (os.PRIO_PROCESS, os.getpid(), value))
            renice.start()
            expect(run(machine.vcpu), lib.KVM_EXIT_IO)
            renice.join()
            expect(nice(), value, "nice")
            machine.plan(MWAIT)
        os.setpriority(os.PRIO_PROCESS, 0, 0)


def test_race_with_timer_and_signals() -> None:
    """Whatever comes first restores the priority; it never outlives KVM_RUN."""
    generator = random.Random(11)
    with Machine() as machine:
        machine.enable(ON)
        machine.start()
        with neighbour():
            for number, delay in enumerate(delays(11), start=1):
                machine.mwait(MODE, generator.randint(1, 8))
                machine.plan(MWAIT, timer=delay)
                while machine.interrupts < number:
                    signal.setitimer(signal.ITIMER_REAL, generator.randint(1, 60) / 1e6)
                    reason = run(machine.vcpu)
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    expect(nice(), 0, f"round {number}: nice")
                    if reason == lib.KVM_EXIT_IO:
                        machine.plan(MWAIT)
                while reason != lib.KVM_EXIT_IO:
                    reason = run(machine.vcpu)
