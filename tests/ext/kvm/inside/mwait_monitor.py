# SPDX-License-Identifier: MIT
"""mwait_monitor: MWAIT blocks until the monitored page is written."""

import random
import time
from contextlib import ExitStack

from selftests.machine import (
    HLT,
    INTERRUPTED,
    LINE,
    MWAIT,
    PREFIXED,
    WRITE,
    Machine,
    expect,
    run,
)
from selftests.runner import FIRST, Runner, realtime
from selftests.scale import LOST, ROUNDS
from selftests.vcpu_poll import sleeps

from kbench._abi import lib

ON = lib.KVM_KBENCH_MWAIT_MONITOR
MODE = lib.KVM_KBENCH_MWAIT_AS_MONITOR
LONG = 26  # 2^25 us: the bound where nothing but the event should end the sleep
CLOCK_KICK = 0.2  # KVM's update of kvmclock kicks every vCPU 0.1 s after the first entry of one
SLOT_ROUNDS = 200  # a change of the slot waits for a grace period


def machine_on() -> Machine:
    machine = Machine(vcpus=2)
    machine.enable(ON)
    machine.mwait(MODE, LONG)
    machine.start(machine.vcpus[1])
    return machine


def started(runner: Runner) -> None:
    """vCPU 0 has come to its thread and to its first round."""
    runner.go()
    assert runner.stopped(FIRST)
    expect(runner.reason, lib.KVM_EXIT_IO)


def test_write_wakes() -> None:
    with machine_on() as machine, Runner(machine.vcpu) as runner:
        started(runner)
        machine.plan(MWAIT)
        runner.go()
        assert not runner.stopped(LOST), f"MWAIT did not block: exit {runner.reason}"
        machine.plan(WRITE, number=1)
        expect(run(machine.vcpus[1]), lib.KVM_EXIT_IO)
        assert runner.stopped(), "the write did not wake the vCPU"
        expect(runner.reason, lib.KVM_EXIT_IO)
        expect(machine.word(LINE), 1, "the page")


def test_interrupt_wakes() -> None:
    with machine_on() as machine:
        machine.start()
        machine.plan(MWAIT, timer=2_000_000)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(machine.interrupts, 1, "interrupts")


def test_bound() -> None:
    with machine_on() as machine:
        machine.start()
        machine.mwait(MODE, 12)  # 2^11 us
        machine.plan(MWAIT)
        start = time.monotonic()
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        passed = time.monotonic() - start
        assert 0.002 <= passed < 0.01, f"expected 2 ms, got {passed * 1e3} ms"


def test_bound_of_its_own() -> None:
    """A write by the host is not seen: without a bound in kvm_run the sleep ends after 1 ms."""
    with machine_on() as machine:
        machine.start()
        machine.mwait(MODE, 0)
        machine.plan(MWAIT)
        start = time.monotonic()
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        passed = time.monotonic() - start
        assert 0.001 <= passed < 0.005, f"expected 1 ms, got {passed * 1e3} ms"


def armed(machine: Machine) -> None:
    """vCPU 0 has monitored the page, and no write has come since."""
    machine.mwait(MODE, 1)
    machine.plan(MWAIT)
    expect(run(machine.vcpu), lib.KVM_EXIT_IO)


def test_write_leaves_a_halted_vcpu_alone() -> None:
    """It has monitored the page once; its HLT waits for interrupts alone."""
    with machine_on() as machine, Runner(machine.vcpu) as runner:
        started(runner)
        machine.mwait(MODE, 1)
        machine.plan(MWAIT)
        runner.go()
        assert runner.stopped()
        machine.plan(HLT)
        runner.go()
        assert not runner.stopped(LOST), f"HLT did not block: exit {runner.reason}"
        time.sleep(CLOCK_KICK)
        switches = sleeps(runner)
        machine.plan(WRITE, number=1)
        expect(run(machine.vcpus[1]), lib.KVM_EXIT_IO)
        assert not runner.stopped(LOST), f"exit {runner.reason}"
        expect(sleeps(runner), switches, "how often the vCPU's thread went to sleep")
        machine.interrupt()
        assert runner.stopped(), "the interrupt is lost"


def cost_of_a_write(vcpus: int) -> int:
    """The least instructions of a KVM_RUN in which vCPU 1 writes to the armed page."""
    least = 1 << 30
    with Machine(vcpus=vcpus) as machine:
        machine.enable(ON)
        machine.start()
        machine.start(machine.vcpus[1])
        for _ in range(20):
            armed(machine)
            machine.plan(WRITE, number=1)
            start = time.monotonic_ns()
            expect(run(machine.vcpus[1]), lib.KVM_EXIT_IO)
            least = min(least, time.monotonic_ns() - start)
    return least


def test_write_costs_the_same_beside_more_vcpus() -> dict[str, int]:
    """The fault finds the page's waiter without walking the vCPUs."""
    few, many = cost_of_a_write(2), cost_of_a_write(8)
    assert many - few < 6 * 100, f"{few} instructions beside 1 vCPU, {many} beside 7"
    return {"beside 1": few, "beside 7": many}


def test_prefixed_monitor_is_no_trap() -> None:
    """Which page a segment prefix names is not looked at: nothing is armed, nothing sleeps."""
    with machine_on() as machine:
        machine.start()
        machine.plan(PREFIXED)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)


def test_memslot_goes_while_waiting() -> None:
    """Nobody can write to the page any more: the wait ends."""
    with machine_on() as machine, Runner(machine.vcpu) as runner:
        started(runner)
        machine.plan(MWAIT)
        runner.go()
        assert not runner.stopped(LOST), f"MWAIT did not block: exit {runner.reason}"
        machine.line_slot(there=False)
        assert runner.stopped(), "the vCPU waits for a page that is gone"
        expect(runner.reason, lib.KVM_EXIT_IO)


def test_signal_leaves_and_memslot_goes() -> None:
    """The page stays armed outside KVM_RUN; its slot may go meanwhile, and come back."""
    with machine_on() as machine:
        with Runner(machine.vcpu) as runner:
            started(runner)
            machine.plan(MWAIT)
            runner.go()
            assert not runner.stopped(LOST), f"MWAIT did not block: exit {runner.reason}"
            runner.kick()
            assert runner.stopped()
            expect(runner.reason, INTERRUPTED)
        machine.line_slot(there=False)
        machine.line_slot(there=True)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        # Armed again in the new slot, and switched off while armed.
        machine.plan(MWAIT, timer=50_000)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        machine.mwait(lib.KVM_KBENCH_MWAIT_AS_NOP)
        machine.enable(0)
        machine.plan(WRITE)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(machine.word(LINE), 1, "the page")


def test_hlt_is_as_ever() -> None:
    with machine_on() as machine:
        machine.start()
        machine.plan(HLT, timer=20_000)
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)


def test_race_with_the_write() -> dict[str, int]:
    """The other vCPU writes at any moment around MONITOR, the check and MWAIT."""
    generator = random.Random(12)
    blocked = 0
    with machine_on() as machine, Runner(machine.vcpu) as runner, ExitStack() as stack:
        started(runner)
        stack.enter_context(realtime())
        for number in range(1, ROUNDS + 1):
            machine.plan(MWAIT)
            machine.plan(WRITE, number=1)
            runner.go()
            time.sleep(generator.randint(1, 100) / 1e6)
            early = runner.stopped(0)  # a spurious end, which MWAIT may always have
            blocked += not early
            expect(run(machine.vcpus[1]), lib.KVM_EXIT_IO)
            assert early or runner.stopped(), f"round {number}: lost"
            expect(runner.reason, lib.KVM_EXIT_IO)
            expect(machine.word(LINE), number, "the page")
    return {"blocked": blocked}


def test_race_with_the_memslot() -> None:
    """The page's slot goes and comes back at any moment around MONITOR and MWAIT."""
    generator = random.Random(13)
    with machine_on() as machine, Runner(machine.vcpu) as runner, ExitStack() as stack:
        started(runner)
        stack.enter_context(realtime())
        for number in range(SLOT_ROUNDS):
            machine.plan(MWAIT)
            runner.go()
            time.sleep(generator.randint(1, 60) / 1e6)
            machine.line_slot(there=False)
            machine.line_slot(there=True)
            # Gone before MONITOR, it came back before MWAIT: then only an event ends the wait.
            machine.interrupt()
            assert runner.stopped(), f"round {number}: lost"
            assert runner.reason in (lib.KVM_EXIT_IO, lib.KVM_EXIT_MMIO), runner.reason
