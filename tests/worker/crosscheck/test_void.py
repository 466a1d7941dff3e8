# SPDX-License-Identifier: MIT
"""When a run is void: fabricated readings, one fault at a time."""

import os
from dataclasses import replace
from typing import Any

import pytest

from kbench.catalogue import Batch, RoundTrip
from kbench.catalogue.policies import policy
from kbench.worker.crosscheck import void
from kbench.worker.crosscheck.counters import TICK, Counters
from kbench.worker.crosscheck.delta import Delta
from kbench.worker.crosscheck.void import contradicted, disturbed, miscounted

ROW = RoundTrip(name="exit.pio_out", title="PIO", expect="KVM_EXIT_IO", guest="pio_out")
MMIO = replace(ROW, expect="KVM_EXIT_MMIO")
KHZ = 2_000_000
MS = 1_000_000
START = Counters(
    wall=100_000 * MS, tsc=0, cpu=(500 * MS,), helpers=(), sched=500 * MS, waited=0,
    switches=(1, 2), kvm={"exits": 5, "mmio_exits": 0, "halt_exits": 0}, steal=(7, 9),
    energy=(), pcpu=1, tallies={"work": 1},
)  # fmt: skip
# One second later, after 10,000 exits.
END = replace(
    START, wall=101_000 * MS, tsc=KHZ * 1000, cpu=(1400 * MS,), sched=1400 * MS,
    kvm={**START.kvm, "exits": 10_005}, switches=(4, 8),
)  # fmt: skip
COUNT = 10_000


def disturbance(**changed: Any) -> str:
    return disturbed(Delta(START, replace(END, **changed)), KHZ)


def miscount(kvm: dict[str, int], row: RoundTrip | Batch = ROW, count: int = COUNT) -> str:
    return miscounted(Delta(START, replace(END, kvm=kvm)), row, count)


def exits(count: int, **others: int) -> dict[str, int]:
    return {**START.kvm, "exits": 5 + count, **others}


def test_a_good_run() -> None:
    assert disturbance() == miscount(END.kvm) == ""


@pytest.mark.parametrize(
    ("seen", "good"), [(9_900, True), (9_899, False), (10_200, True), (10_201, False)]
)
def test_exits_must_agree(seen: int, good: bool) -> None:
    reason = miscount(exits(seen))
    assert reason == ("" if good else f"the loop counted 10000 exits, KVM's exits {seen}")


def test_a_short_run_may_see_the_hosts_own_exits() -> None:
    assert miscount(exits(10 + 64), count=10) == ""
    assert miscount(exits(10 + 65), count=10).endswith("KVM's exits 75")


def test_the_counter_of_the_exit_reason() -> None:
    assert miscount(exits(COUNT, mmio_exits=COUNT), MMIO) == ""
    assert miscount(exits(COUNT, mmio_exits=COUNT // 2), MMIO).endswith("KVM's mmio_exits 5000")


def test_a_backend_that_does_not_count_contradicts_nothing() -> None:
    assert miscount(exits(COUNT, mmio_exits=0), MMIO) == ""
    assert miscount({}) == ""


def test_floors_make_no_exits() -> None:
    assert miscount(exits(3), replace(ROW, loop="syscall", expect="")) == ""


def test_a_batch_makes_its_subjects_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Batch(name="test.a", title="", guest="cpuid", size=10, exits_each=1)
    monkeypatch.setattr(void, "detect", lambda: "svm")
    assert miscount(exits(120), row, count=10) == miscount(exits(10_000), row, count=10) == ""
    assert miscount(exits(100), row, count=10).startswith("the loop counted 120 exits")
    monkeypatch.setattr(void, "detect", lambda: "pvm")
    assert miscount(exits(20), row, count=10) == ""


def test_the_tsc_must_agree_with_the_clock() -> None:
    assert disturbance(tsc=int(KHZ * 1000 * 1.0009)) == ""
    assert "the TSC counted 1.002000 s" in disturbance(tsc=int(KHZ * 1000 * 1.002))


def test_the_cpu_clock_must_agree_with_schedstat() -> None:
    assert disturbance(sched=1390 * MS) == ""
    assert "schedstat 300000000 ns" in disturbance(sched=800 * MS)


def test_a_pinned_thread_must_not_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    assert disturbance(pcpu=0) == ""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1})
    assert disturbance(pcpu=0) == "the pinned thread moved from CPU 1 to CPU 0"


def test_steal() -> None:
    tenth = round(0.1 / TICK)
    assert disturbance(steal=(7, 9 + tenth)) == ""
    assert "were stolen by the hypervisor" in disturbance(steal=(7, 10 + tenth))
    elsewhere = (7 + 10 * tenth, 9)
    assert disturbance(steal=elsewhere) == "", "another CPU's steal is not this thread's"


@pytest.mark.parametrize(
    ("name", "kvm", "reason"),
    [
        ("hlt", {"halt_exits": 100}, ""),
        ("hlt", {"halt_exits": 10}, "KVM counted 10 HLT exits for 100 wake-ups"),
        ("hlt", {"halt_exits": 100, "halt_poll_fail_ns": 9}, "KVM polled for 9 ns"),
        ("hlt-poll-50us", {"halt_exits": 100, "halt_poll_success_ns": 9}, ""),
        ("hlt-poll-50us", {"halt_exits": 100}, "KVM did not poll"),
        ("mwait-nop", {"exits": 5000}, ""),
        ("mwait-nop", {"halt_exits": 1}, "KVM still takes HLT exits"),
        ("guest-haltpoll", {"halt_exits": 3}, ""),
    ],
)
def test_kvm_must_agree_with_the_policy(name: str, kvm: dict[str, int], reason: str) -> None:
    text = contradiction(name, {"exits": 1, **kvm})
    assert reason in text and bool(text) == bool(reason)


def test_polling_is_not_asked_for_where_idle_periods_are_long() -> None:
    assert not contradiction("hlt-poll-50us", {"halt_exits": 100}, polls=False)


def test_without_stats_nothing_is_contradicted() -> None:
    assert not contradiction("hlt", {})


def contradiction(name: str, kvm: dict[str, int], polls: bool = True) -> str:
    delta = Delta(replace(START, kvm={"exits": 0}), replace(END, kvm=kvm))
    return contradicted(delta, policy(name), 100, polls=polls)
