# SPDX-License-Identifier: MIT
"""vcpu_poll: poll() on the vCPU fd and the eventfd form."""

import os
import re
import select
import threading
import time
from pathlib import Path

from selftests import scale
from selftests.machine import HLT, NOTHING, Machine, delays, expect, run

from kbench._abi import lib

ON = lib.KVM_KBENCH_VCPU_POLL
EVENTFD = lib.KVM_KBENCH_VCPU_EVENTFD
LOST = 1e3 * scale.LOST  # ms


def ready(fd: int, events: int, milliseconds: float) -> int:
    poller = select.poll()
    poller.register(fd, events)
    found = poller.poll(milliseconds)
    return found[0][1] if found else 0


def test_off_is_stock() -> None:
    with Machine() as machine:
        expect(ready(machine.vcpu.fd, select.POLLIN, 0), select.POLLIN, "poll")


def test_needs_the_lapic() -> None:
    with Machine(irqchip=False) as machine:
        try:
            machine.enable(ON)
        except Exception as error:
            expect(getattr(error, "errno", None), 22, "errno")
        else:
            raise AssertionError("VCPU_POLL without an in-kernel LAPIC was accepted")


def test_halted_vcpu_becomes_ready() -> None:
    with Machine() as machine:
        machine.enable(ON)
        machine.start()
        expect(ready(machine.vcpu.fd, select.POLLIN, 0), select.POLLIN, "runnable vCPU")
        machine.plan(HLT)
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
        expect(ready(machine.vcpu.fd, select.POLLIN | select.POLLPRI, 0), 0, "halted vCPU")
        machine.interrupt()
        wanted = select.POLLIN | select.POLLPRI
        expect(ready(machine.vcpu.fd, wanted, 0), wanted, "after the interrupt")
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
        expect(machine.interrupts, 1, "interrupts")


def test_masked_interrupt_is_quiet() -> None:
    """HLT with interrupts off: what is pending must not make poll() spin."""
    with Machine() as machine:
        machine.enable(ON)
        machine.start()
        machine.plan(HLT)
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
        regs = machine.vcpu.get_regs()
        regs.rflags &= ~0x200
        machine.vcpu.set_regs(regs)
        machine.interrupt()
        expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
        expect(ready(machine.vcpu.fd, select.POLLIN | select.POLLPRI, 0), 0, "poll")
        machine.vcpu.nmi()
        assert ready(machine.vcpu.fd, select.POLLIN, 0), "an NMI ends the halt"


def test_exits_wake_no_waiter_for_events() -> None:
    """A KVM_RUN that ends without an event leaves a waiter for POLLPRI asleep."""
    with Machine() as machine:
        machine.enable(ON)
        machine.start()
        waiter = threading.Thread(target=ready, args=(machine.vcpu.fd, select.POLLPRI, 1000))
        waiter.start()
        time.sleep(0.01)
        before = sleeps(waiter)
        for _ in range(20):
            machine.plan(NOTHING)
            expect(run(machine.vcpu), lib.KVM_EXIT_IO)
            time.sleep(0.001)
        expect(sleeps(waiter), before, "how often the waiter went to sleep")
        machine.interrupt()
        waiter.join(LOST / 1e3)
        expect(waiter.is_alive(), False, "the waiter waits after an interrupt")


def sleeps(thread: threading.Thread) -> int:
    """Its voluntary context switches."""
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    return int(re.findall(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.M)[0])


def test_race_poll_with_the_timer() -> dict[str, int]:
    """The timer's interrupt is in no IRR until the vCPU runs; poll() must see it all the same."""
    halts = 0
    with Machine() as machine:
        machine.enable(ON)
        machine.start()
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        for number, delay in enumerate(delays(3), start=1):
            machine.plan(HLT, timer=delay)
            while (reason := run(machine.vcpu)) == lib.KVM_EXIT_HLT:
                halts += 1
                assert ready(machine.vcpu.fd, select.POLLIN, LOST), f"round {number}: lost"
            expect(reason, lib.KVM_EXIT_IO)
            expect(machine.interrupts, number, "interrupts")
    assert halts
    return {"halts": halts}


def test_race_epoll_with_irqfd() -> dict[str, int]:
    """An interrupt from an irqfd, through epoll."""
    halts = 0
    with Machine() as machine, select.epoll() as epoll:
        machine.enable(ON)
        epoll.register(machine.vcpu.fd, select.EPOLLIN)
        machine.start()
        machine.exits(lib.KVM_KBENCH_EXIT_HLT)
        for number, _ in enumerate(delays(4), start=1):
            machine.plan(HLT)
            expect(run(machine.vcpu), lib.KVM_EXIT_HLT)
            halts += 1
            expect(epoll.poll(0), [], "epoll before the interrupt")
            machine.interrupt()
            expect(len(epoll.poll(LOST / 1e3)), 1, "epoll after the interrupt")
            expect(run(machine.vcpu), lib.KVM_EXIT_IO)
            expect(machine.interrupts, number, "interrupts")
    return {"halts": halts}


def test_race_eventfd_with_the_timer() -> dict[str, int]:
    halts = 0
    eventfd = os.eventfd(0, os.EFD_NONBLOCK)
    try:
        with Machine() as machine:
            machine.enable(EVENTFD, eventfd)
            machine.start()
            machine.exits(lib.KVM_KBENCH_EXIT_HLT)
            for number, delay in enumerate(delays(5), start=1):
                machine.plan(HLT, timer=delay)
                while (reason := run(machine.vcpu)) == lib.KVM_EXIT_HLT:
                    halts += 1
                    assert ready(eventfd, select.POLLIN, LOST), f"round {number}: lost"
                    os.eventfd_read(eventfd)
                expect(reason, lib.KVM_EXIT_IO)
                expect(machine.interrupts, number, "interrupts")
    finally:
        os.close(eventfd)
    assert halts
    return {"halts": halts}


def test_eventfd_tells_of_what_came_before() -> None:
    """An interrupt that is pending when the eventfd is set has nobody else to tell of it."""
    told = os.eventfd(0, os.EFD_NONBLOCK)
    try:
        with Machine() as machine:
            machine.start()
            machine.enable(EVENTFD, told)
            expect(ready(told, select.POLLIN, 0), 0, "eventfd without an interrupt")
            machine.enable(0)
            machine.interrupt()
            machine.enable(EVENTFD, told)
            assert ready(told, select.POLLIN, 0), "the eventfd was not signalled"
    finally:
        os.close(told)


def test_eventfd_for_a_paused_vcpu() -> None:
    """VTLs as vCPUs: not halted, not run, and told of its interrupt; from an irqfd too."""
    told, irq = os.eventfd(0, os.EFD_NONBLOCK), os.eventfd(0, os.EFD_NONBLOCK)
    try:
        with Machine() as machine:
            machine.enable(ON | EVENTFD, told)
            machine.vm.set_gsi_routing([(24, _vector())])
            machine.vm.irqfd(irq, 24)
            machine.start()
            expect(ready(told, select.POLLIN, 0), 0, "eventfd before")
            os.eventfd_write(irq, 1)
            assert ready(told, select.POLLIN, LOST), "the eventfd was not signalled"
            assert ready(machine.vcpu.fd, select.POLLPRI, 0), "no POLLPRI"
            machine.plan(NOTHING)
            machine.vm.irqfd(irq, 24, assign=False)
    finally:
        os.close(told)
        os.close(irq)


def _vector() -> object:
    from selftests.machine import VECTOR

    return VECTOR
