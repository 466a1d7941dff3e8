# SPDX-License-Identifier: MIT
"""The open-loop waker fires every event, never early, and ends when it is told to."""

import os
import signal
import threading
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
    offsets: list[int], source: wake_sources.WakeSource, vcpu_thread: VcpuThread
) -> "tuple[array[int], array[int]]":
    start = waker.monotonic_ns()
    plan = array("q", [start + offset for offset in offsets])
    planned, fired = array("Q", bytes(8 * len(plan))), array("Q", bytes(8 * len(plan)))
    count = waker.fire_at(plan, bytes(len(plan)), (source,), vcpu_thread, KHZ, 0, planned, fired)
    assert count == len(plan)
    return planned, fired


def test_it_fires_every_time_and_never_early(vcpu_thread: VcpuThread, eventfd: int) -> None:
    planned, fired = fire(
        [1_000_000, 2_000_000, 3_000_000], wake_sources.eventfd(eventfd), vcpu_thread
    )
    assert os.eventfd_read(eventfd) == 3
    assert all(at >= due for at, due in zip(fired, planned, strict=True))


def test_times_that_have_passed_are_not_skipped(vcpu_thread: VcpuThread, eventfd: int) -> None:
    fire([-3, -2, -1], wake_sources.eventfd(eventfd), vcpu_thread)
    assert os.eventfd_read(eventfd) == 3


def test_a_thread_answers(vcpu_thread: VcpuThread, eventfd: int) -> None:
    with echoing(vcpu_thread, eventfd):
        _, fired = fire([20_000_000, 40_000_000], wake_sources.eventfd(eventfd), vcpu_thread)
        waker.sleep_until(waker.monotonic_ns() + 50_000_000, vcpu_thread)
    stamps = vcpu_thread.stamps
    assert list(waker.answers(fired, stamps)) == [0, 1]


def test_answers_coalesce_and_miss() -> None:
    fired, stamps = array("Q", [10, 11, 20, 30]), array("Q", [15, 25])
    assert list(waker.answers(fired, stamps)) == [0, 0, 1, -1]


def test_it_ends_with_its_vcpu_thread(vcpu_thread: VcpuThread, eventfd: int) -> None:
    with echoing(vcpu_thread, eventfd):
        pass
    plan = array("q", [waker.monotonic_ns() + 10**12])
    stamps = array("Q", [0])
    source = wake_sources.eventfd(eventfd)
    assert waker.fire_at(plan, b"\0", (source,), vcpu_thread, KHZ, 0, stamps, stamps) == 0
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
    plan, stamps, short = array("q", [0, 0]), array("Q", [0, 0]), array("Q", [0])
    source = (wake_sources.eventfd(eventfd),)
    for which, planned, fired in (
        (b"\0", stamps, stamps),
        (b"\0\0", short, stamps),
        (b"\0\0", stamps, short),
    ):
        with pytest.raises(ValueError, match="differ in length"):
            waker.fire_at(plan, which, source, vcpu_thread, KHZ, 0, planned, fired)


def test_a_hunt_has_its_limit(vcpu_thread: VcpuThread) -> None:
    wake_sources.hunt(WorkQueue(1, 1), [vcpu_thread] * 64)
    with pytest.raises(ValueError, match="up to 64 vCPUs, not 65"):
        wake_sources.hunt(WorkQueue(1, 1), [vcpu_thread] * 65)


def test_a_source_that_fails_says_so(vcpu_thread: VcpuThread) -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        fire([0], wake_sources.eventfd(-1), vcpu_thread)
