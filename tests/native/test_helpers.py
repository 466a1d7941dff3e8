# SPDX-License-Identifier: MIT
"""Helper threads: each item of work is taken once, in order, and every thread ends."""

import os
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kbench._abi import ffi
from kbench._native import helpers, wake_sources, waker
from kbench._native.vcpu_thread import VcpuThread
from kbench._native.work import WorkQueue


@pytest.fixture
def vcpu_thread() -> Iterator[VcpuThread]:
    run = ffi.new("struct kvm_run *")
    yield VcpuThread(-1, int(ffi.cast("uintptr_t", run)), 4)
    del run


@contextmanager
def running(vcpu_thread: VcpuThread, job: Callable[[], None]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=job)
    thread.start()
    yield thread
    vcpu_thread.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_an_endless_queue_ends_with_its_vcpu_thread(vcpu_thread: VcpuThread) -> None:
    queue = WorkQueue(4, 10)
    queue.reset(endless=True)
    with running(vcpu_thread, lambda: helpers.work(queue, -1, vcpu_thread)) as thread:
        while not queue.done:
            thread.join(0.01)
    assert queue.done >= len(queue.starts) == 4
    assert list(queue.starts) == sorted(queue.starts)
    queue.reset()
    assert queue.done == 0 and not queue.starts


def test_a_competitor_uses_its_cpu_until_the_end(vcpu_thread: VcpuThread) -> None:
    before = time.process_time_ns()
    with running(vcpu_thread, lambda: helpers.spin(vcpu_thread)) as thread:
        while time.process_time_ns() - before < 5_000_000:
            thread.join(0.001)
        assert thread.is_alive()


def test_work_is_taken_in_order_by_a_thread_that_waits(vcpu_thread: VcpuThread) -> None:
    queue, eventfd = WorkQueue(8, 1), os.eventfd(0, os.EFD_CLOEXEC)
    queue.reset()
    start = waker.monotonic_ns()
    plan = array("q", [start + offset for offset in (1_000_000, 2_000_000, 3_000_000)])
    log = waker.WakerLog(3)
    source = (wake_sources.enqueue(queue, eventfd),)
    with running(vcpu_thread, lambda: helpers.work(queue, eventfd, vcpu_thread)) as thread:
        waker.fire_at(plan, bytes(3), source, vcpu_thread, 1_000_000, 0, 0, log)
        while queue.done < 3 and thread.is_alive():
            waker.sleep_until(waker.monotonic_ns() + 1_000_000, vcpu_thread)
        vcpu_thread.stop()
        os.eventfd_write(eventfd, 1)
    os.close(eventfd)
    assert len(queue.starts) == 3
    assert all(at >= due for at, due in zip(queue.starts, log.planned, strict=True))


def test_timer_slack_is_given_back() -> None:
    old = helpers.set_timer_slack(1)
    assert helpers.set_timer_slack(old) == 1
