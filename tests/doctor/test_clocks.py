# SPDX-License-Identifier: MIT
"""Clocks that disagree are told, and a run whose stamps are out of order is void."""

import os
from array import array
from types import SimpleNamespace
from typing import cast

import pytest

from kbench._abi import ffi
from kbench._native import floors
from kbench.doctor import clocks as module
from kbench.doctor.clocks import Clocks, bound, clocks, distance
from kbench.kvm import Vcpu
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.vm.idle_vcpu import IdleVcpu


def test_this_machine() -> None:
    found = clocks()
    assert found.cpus == len(os.sched_getaffinity(0)) and found.within >= 0
    assert bool(found) and str(found)


def test_a_range_around_0_is_no_distance() -> None:
    assert [distance(*pair) for pair in ((-3, 5), (2, 5), (-9, -4))] == [0, 2, 4]


def test_a_tsc_that_is_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPU 1 is 1,000 ticks ahead; a way there or back takes 100."""
    stamps = iter([0, 1_100, 200, 1_000, 2_150, 1_300])
    monkeypatch.setattr(floors, "tsc", lambda: next(stamps))
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cpus: None)
    low, high = bound(0, 1, tries=2)
    assert low <= 1_000 <= high and high - low <= 250
    told = Clocks(2, distance(low, high), high - low, "")
    assert not told.agree and str(told).startswith("the TSCs of 2 CPUs differ by 9")


@pytest.mark.kvm
def test_a_guest_whose_tsc_runs_away(monkeypatch: pytest.MonkeyPatch) -> None:
    assert module.guest() == ""
    read = Vcpu.get_msr
    moved = iter((0, 1 << 40))
    monkeypatch.setattr(Vcpu, "get_msr", lambda vcpu, msr: read(vcpu, msr) + next(moved))
    assert module.guest().startswith("a guest's TSC moves by 1,0")


def test_stamps_before_the_offset_are_no_crash() -> None:
    """As of a guest whose TSC was reset: they wrap, and so are out of order."""
    area = SimpleNamespace(events=1, stamps=ffi.new("uint64_t[]", [5]))
    vcpu = IdleVcpu(cast(Vcpu, None), area, 0, None, None, 100, 0)
    assert list(array("Q", vcpu.stamps())) == [5 - 100 + (1 << 64)]


def test_stamps_out_of_order_void_the_run() -> None:
    run = cast(WindowedMeasurement, SimpleNamespace(_void=""))
    assert list(WindowedMeasurement._durations(run, [5, -3, 7])) == [5, 0, 7]
    assert run._void.startswith("stamps are out of order, one by 3 ticks: ")
