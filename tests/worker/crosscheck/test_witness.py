# SPDX-License-Identifier: MIT
"""When a run is void: fabricated samples, one fault at a time."""

import os
from dataclasses import replace

import pytest

from kbench.catalogue import Benchmark
from kbench.worker.crosscheck.witness import TICK, Evidence, Sample, steal_ticks

ROW = Benchmark(name="exit.pio_out", title="PIO", expect="KVM_EXIT_IO", guest="pio_out")
MMIO = replace(ROW, expect="KVM_EXIT_MMIO")
KHZ = 2_000_000
START = Sample(
    kvm={"exits": 5, "mmio_exits": 0, "halt_exits": 0},
    cpu=1, steal=(7, 9), switches=(1, 2), cpu_time=0.5, raw=100.0, tsc=0,
)  # fmt: skip
# One second later, after 10,000 exits.
END = replace(
    START, kvm={**START.kvm, "exits": 10_005}, cpu_time=1.4, raw=101.0, tsc=KHZ * 1000,
    switches=(4, 8),
)  # fmt: skip
COUNT = 10_000


def void(end: Sample, row: Benchmark = ROW, count: int = COUNT) -> str:
    return Evidence(START, end, KHZ).void(row, count)


def exits(count: int, **others: int) -> Sample:
    return replace(END, kvm={**START.kvm, "exits": 5 + count, **others})


def test_a_good_run() -> None:
    assert void(END) == ""


@pytest.mark.parametrize(
    ("seen", "good"), [(9_900, True), (9_899, False), (10_200, True), (10_201, False)]
)
def test_exits_must_agree(seen: int, good: bool) -> None:
    reason = void(exits(seen))
    assert reason == ("" if good else f"the loop counted 10000 exits, KVM's exits {seen}")


def test_a_short_run_may_see_the_hosts_own_exits() -> None:
    assert void(exits(10 + 64), count=10) == ""
    assert void(exits(10 + 65), count=10).endswith("KVM's exits 75")


def test_the_witness_of_the_reason() -> None:
    assert void(exits(COUNT, mmio_exits=COUNT), MMIO) == ""
    assert void(exits(COUNT, mmio_exits=COUNT // 2), MMIO).endswith("KVM's mmio_exits 5000")


def test_a_backend_that_does_not_count_is_no_witness() -> None:
    assert void(exits(COUNT, mmio_exits=0), MMIO) == ""
    assert void(replace(END, kvm={})) == ""


def test_floors_make_no_exits() -> None:
    assert void(exits(3), replace(ROW, loop="syscall", expect="")) == ""


def test_the_clock_must_agree() -> None:
    assert void(replace(END, tsc=int(KHZ * 1000 * 1.0009))) == ""
    assert "the TSC counted 1.002000 s" in void(replace(END, tsc=int(KHZ * 1000 * 1.002)))


def test_a_pinned_thread_must_not_move(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = replace(END, cpu=0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    assert void(moved) == ""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1})
    assert void(moved) == "the pinned thread moved from CPU 1 to CPU 0"


def test_steal() -> None:
    tenth = round(0.1 / TICK)
    assert void(replace(END, steal=(7, 9 + tenth))) == ""
    assert "were stolen by the hypervisor" in void(replace(END, steal=(7, 10 + tenth)))
    elsewhere = replace(END, steal=(7 + 10 * tenth, 9))
    assert void(elsewhere) == "", "another CPU's steal is not this thread's"


def test_steal_of_a_thread_that_moved_is_that_of_all_cpus() -> None:
    moved = replace(END, cpu=0, steal=(9, 12))
    assert Evidence(START, moved, KHZ).steal == pytest.approx(5 * TICK)


def test_counters() -> None:
    counters = Evidence(START, END, KHZ).counters()
    assert counters == {
        "wall_s": 1.0,
        "cpu_s": 0.9,
        "steal_s": 0.0,
        "nvcsw": 3,
        "nivcsw": 6,
        "kvm_exits": 10_000,
    }


def test_steal_is_read_by_cpu() -> None:
    assert len(steal_ticks()) >= len(os.sched_getaffinity(0))
