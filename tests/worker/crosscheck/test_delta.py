# SPDX-License-Identifier: MIT
"""The difference of two readings of the kernel's counters, and the readings themselves."""

import os
import threading
import time
from dataclasses import replace

import pytest

from kbench.worker.crosscheck.counters import TICK, Counters, read, read_own, steal_ticks
from kbench.worker.crosscheck.delta import Delta

START = Counters(
    wall=0, tsc=0, cpu=(10,), helpers=(20, 30), sched=10, waited=5, switches=(1, 2),
    kvm={"exits": 5, "blocking": 1}, steal=(7, 9), energy=(), pcpu=1, tallies={"work": 1},
)  # fmt: skip


def test_counters() -> None:
    end = replace(
        START, wall=10**9, cpu=(9 * 10**8 + 10,), waited=10**8 + 5, switches=(4, 8),
        kvm={"exits": 10_005, "blocking": 0},
    )  # fmt: skip
    assert Delta(START, end).counters() == {
        "wall_s": 1.0,
        "cpu_s": 0.9,
        "waited_s": 0.1,
        "steal_s": 0,
        "nvcsw": 3,
        "nivcsw": 6,
        "kvm_exits": 10_000,  # and no kvm_blocking: a gauge that fell is no count
    }


def test_helpers_are_counted_by_thread() -> None:
    assert Delta(START, replace(START, helpers=(25, 37))).helpers == [5, 7]
    assert Delta(START, replace(START, tallies={"work": 4})).tally("work") == 3


@pytest.mark.parametrize(
    ("before", "after", "ticks"),
    [(1, 1, 3), (1, 0, 5), (None, None, 3)],
    ids=["of its pCPU", "of all where it moved", "of the one that lost most"],
)
def test_steal(before: int | None, after: int | None, ticks: int) -> None:
    start, end = replace(START, pcpu=before), replace(START, pcpu=after, steal=(9, 12))
    assert Delta(start, end).steal == pytest.approx(ticks * TICK)


def test_steal_is_read_by_cpu() -> None:
    assert len(steal_ticks()) >= len(os.sched_getaffinity(0))


def test_a_thread_reads_its_own_counters() -> None:
    start = read_own([], closing=False)
    while time.thread_time_ns() < start.cpu[0] + 5_000_000:
        pass
    delta = Delta(start, read_own([], closing=True))
    assert start.pcpu is not None
    assert 5_000_000 <= delta.cpu[0] <= delta.wall + 1_000_000


def test_another_thread_s_pcpu_is_not_known() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        clock = time.pthread_getcpuclockid(thread.ident or 0)
        assert read([thread.native_id or 0], [clock], [], closing=False).pcpu is None
    finally:
        done.set()
        thread.join()
