# SPDX-License-Identifier: MIT
"""The open-loop waker fires every event, never early, and ends when it is told to."""

import os
import signal
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kbench._abi import ffi
from kbench._native import helpers, wake_sources, waker
from kbench._native.vcpu_thread import VcpuThread
from kbench._native.work import WorkQueue

KHZ = 1_000_000


@pytest.fixture
def vcpu_thread() -> Iterator[VcpuThread]:
    run = ffi.new("struct kvm_run *")
    yield VcpuThread(-1, int(ffi.cast("uintptr_t", run)), 64)
    del run


@contextmanager
def echoing(vcpu_thread: VcpuThread, fd: int) -> Iterator[None]:
    thread = threading.Thread(target=helpers.echo, args=(vcpu_thread, fd))
    thread.start()
    try:
        yield
    finally:
        while thread.is_alive():
            vcpu_thread.stop()
            thread.join(0.05)


@pytest.fixture
def eventfd() -> Iterator[int]:
    fd = os.eventfd(0, os.EFD_CLOEXEC)
    yield fd
    os.close(fd)


def fire(
    offsets: list[int],
    source: wake_sources.WakeSource,
    vcpu_thread: VcpuThread,
    *,
    settle: int = 0,
    accounts: bool = False,
) -> waker.WakerLog:
    start = waker.monotonic_ns()
    plan = array("q", [start + offset for offset in offsets])
    log = waker.WakerLog(len(plan), accounts)
    which = bytes(len(plan))
    count = waker.fire_at(plan, which, (source,), vcpu_thread, KHZ, 0, settle, log)
    assert count == len(plan)
    return log


def test_it_fires_every_time_and_never_early(vcpu_thread: VcpuThread, eventfd: int) -> None:
    log = fire([1_000_000, 2_000_000, 3_000_000], wake_sources.eventfd(eventfd), vcpu_thread)
    assert os.eventfd_read(eventfd) == 3
    assert all(at >= due for at, due in zip(log.fired, log.planned, strict=True))
    assert all(after > at for after, at in zip(log.raised, log.fired, strict=True))


def test_it_sleeps_until_the_last_event_has_its_answer(
    vcpu_thread: VcpuThread, eventfd: int
) -> None:
    """The interpreter would delay a vCPU that shares the waker's pCPU."""
    start = waker.monotonic_ns()
    fire([1_000_000], wake_sources.eventfd(eventfd), vcpu_thread, settle=30_000_000)
    assert waker.monotonic_ns() >= start + 31_000_000


def test_the_answering_thread_knows_when_the_waker_had_left(
    vcpu_thread: VcpuThread, eventfd: int
) -> None:
    """From its return to its sleep the waker runs: its CPU clock says until when."""
    vcpu_thread.note_waker(time.pthread_getcpuclockid(threading.get_ident()))
    offsets = [20_000_000, 40_000_000]
    with echoing(vcpu_thread, eventfd):
        source = wake_sources.eventfd(eventfd)
        log = fire(offsets, source, vcpu_thread, settle=30_000_000, accounts=True)
    assert len(vcpu_thread.waker_cpu) == len(vcpu_thread.stamps) == 2
    assert list(vcpu_thread.waker_cpu) == sorted(vcpu_thread.waker_cpu)
    assert 0 < log.epoch[0] < log.epoch[1]


def test_times_that_have_passed_are_not_skipped(vcpu_thread: VcpuThread, eventfd: int) -> None:
    fire([-3, -2, -1], wake_sources.eventfd(eventfd), vcpu_thread)
    assert os.eventfd_read(eventfd) == 3


def test_a_thread_answers(vcpu_thread: VcpuThread, eventfd: int) -> None:
    with echoing(vcpu_thread, eventfd):
        source = wake_sources.eventfd(eventfd)
        fired = fire([20_000_000, 40_000_000], source, vcpu_thread, settle=50_000_000).fired
    stamps = vcpu_thread.stamps
    assert list(waker.answers(fired, stamps)) == [0, 1]


def test_answers_coalesce_and_miss() -> None:
    fired, stamps = array("Q", [10, 11, 20, 30]), array("Q", [15, 25])
    assert list(waker.answers(fired, stamps)) == [0, 0, 1, -1]


def test_it_ends_with_its_vcpu_thread(vcpu_thread: VcpuThread, eventfd: int) -> None:
    with echoing(vcpu_thread, eventfd):
        pass
    plan = array("q", [waker.monotonic_ns() + 10**12])
    log, source = waker.WakerLog(1), wake_sources.eventfd(eventfd)
    assert waker.fire_at(plan, b"\0", (source,), vcpu_thread, KHZ, 0, 0, log) == 0
    waker.sleep_until(waker.monotonic_ns() + 10**12, vcpu_thread)


def test_a_signal_handler_ends_it(vcpu_thread: VcpuThread, eventfd: int) -> None:
    def interrupt(*_: object) -> None:
        raise InterruptedError

    old = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        with pytest.raises(InterruptedError):
            fire([10**12], wake_sources.eventfd(eventfd), vcpu_thread)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def test_buffers_must_be_as_long_as_the_plan(vcpu_thread: VcpuThread, eventfd: int) -> None:
    """A shorter one would be written past its end."""
    plan = array("q", [0, 0])
    source = (wake_sources.eventfd(eventfd),)
    for which, length in ((b"\0", 2), (b"\0\0", 1)):
        with pytest.raises(ValueError, match="differ in length"):
            waker.fire_at(plan, which, source, vcpu_thread, KHZ, 0, 0, waker.WakerLog(length))


def test_a_hunt_has_its_limit(vcpu_thread: VcpuThread) -> None:
    wake_sources.hunt(WorkQueue(1, 1), [vcpu_thread] * 64)
    with pytest.raises(ValueError, match="up to 64 vCPUs, not 65"):
        wake_sources.hunt(WorkQueue(1, 1), [vcpu_thread] * 65)


def test_a_source_that_fails_says_so(vcpu_thread: VcpuThread) -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        fire([0], wake_sources.eventfd(-1), vcpu_thread)
