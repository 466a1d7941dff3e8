# SPDX-License-Identifier: MIT
"""A vCPU thread fails with the errno when it has no vCPU; with one, no kick is lost."""

import os
import random
import signal
import threading
import time

import pytest
from support.cli import wait_for
from support.machine import machine

from kbench._abi import ffi
from kbench._native.vcpu_thread import VcpuThread
from kbench._native.work import WorkQueue

KICK = signal.SIGRTMIN + 4  # KB_SIGNAL_VCPU_THREAD
KICKS, REPEATS = 500, 100
LONGEST = 8000  # ns from a report to the next kick
LOST = 5.0  # seconds


def test_a_vcpu_thread_that_cannot_run_says_why() -> None:
    run = ffi.new("struct kvm_run *")
    vcpu_thread = VcpuThread(-1, int(ffi.cast("uintptr_t", run)), 4)
    vcpu_thread.run()
    assert vcpu_thread.ended and vcpu_thread.failure[0] == 9  # EBADF
    vcpu_thread.reset()
    assert not vcpu_thread.ended and vcpu_thread.failure == (0, 0, False)


def test_the_extension_s_byte_is_read_when_it_is_made() -> None:
    run = ffi.new("struct kvm_run *")
    ffi.cast("uint8_t *", run)[2] = 2
    VcpuThread(-1, int(ffi.cast("uintptr_t", run)), 4, waits="block").run()
    assert ffi.cast("uint8_t *", run)[2] == 2


@pytest.mark.kvm
def test_no_kick_is_lost() -> None:
    """Kicks at all instants of: enter, leave KVM_RUN for HLT, wait for the eventfd.

    Where the wait is a plain read(2), some come just before it and end nothing.
    """
    generator = random.Random(1)
    event = os.eventfd(0)
    with machine("hlt") as made:
        vcpu = made.vcpu
        vcpu_thread = VcpuThread(vcpu.fd, vcpu.run_address, KICKS, waits="eventfd", event_fd=event)
        for _ in range(REPEATS):
            vcpu_thread.reset()
            thread = threading.Thread(target=vcpu_thread.run)
            thread.start()
            try:
                kicked(vcpu_thread, thread, generator)
            finally:
                vcpu_thread.stop()
                os.eventfd_write(event, 1)
                thread.join(LOST)
            assert vcpu_thread.failure == (0, 0, False)
    os.close(event)


def kicked(vcpu_thread: VcpuThread, thread: threading.Thread, generator: random.Random) -> None:
    """Kick the thread KICKS times, each time once it has stamped the last kick."""
    while not vcpu_thread.idle_exits:
        time.sleep(0.001)
    for kick in range(1, KICKS + 1):
        until = time.perf_counter_ns() + generator.randrange(LONGEST)
        while time.perf_counter_ns() < until:
            pass
        signal.pthread_kill(thread.ident or 0, KICK)
        end = time.monotonic() + LOST
        while len(vcpu_thread.stamps) < kick:
            assert time.monotonic() < end, f"kick {kick} was lost"


@pytest.mark.kvm
@pytest.mark.parametrize(("items", "ticks", "each"), [(1, 0, 1), (3, 0, 3), (0, 1, 1)])
def test_a_slice_of_work_ends_after_its_items_or_its_time(
    items: int, ticks: int, each: int
) -> None:
    queue = WorkQueue(16, 100)
    queue.reset(endless=True)
    with machine("hlt") as made:
        vcpu = made.vcpu
        vcpu_thread = VcpuThread(vcpu.fd, vcpu.run_address, 16, queue)
        vcpu_thread.work_for(items, ticks)
        vcpu_thread.reset()
        thread = threading.Thread(target=vcpu_thread.run)
        thread.start()
        try:
            wait_for(lambda: vcpu_thread.idle_exits > 20, "twenty idle exits")
        finally:
            vcpu_thread.stop()
            thread.join(LOST)
        exits = vcpu_thread.idle_exits
        assert each * (exits - 1) <= queue.done <= each * exits
