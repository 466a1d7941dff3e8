# SPDX-License-Identifier: MIT
"""Threads are placed, and end on every path."""

import os
import threading

import pytest
from support.cli import wait_for

from kbench.errors import KbenchError
from kbench.worker.idling import crew


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> "list[int]":
    cpus: list[int] = [0, 1, 2]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(cpus))
    return cpus


def test_a_vcpu_and_the_waker_have_a_cpu_each(allowed: "list[int]") -> None:
    where = crew.places(2, busy=False, fair=False)
    assert where.note == "pinned"
    assert [place.cpus for place in where.vcpus] == [{0}, {1}]
    assert where.waker.cpus == {2}
    assert where.worker.cpus == {0}


def test_more_vcpus_than_cpus_share_them(allowed: "list[int]") -> None:
    where = crew.places(3, busy=False, fair=False)
    assert where.note == "oversubscribed"
    assert {place.cpus for place in where.vcpus} == {frozenset({0, 1})}


def test_more_pinned_vcpus_than_cpus_are_refused(allowed: "list[int]") -> None:
    with pytest.raises(KbenchError, match="at most 2 can be pinned"):
        crew.places(3, busy=False, fair=False, pinned=True)


@pytest.mark.parametrize(
    ("busy", "fair", "above"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_on_one_cpu_a_vcpu_that_blocks_stands_above_the_waker(
    allowed: "list[int]", busy: bool, fair: bool, above: bool
) -> None:
    del allowed[1:]
    where = crew.places(1, busy=busy, fair=fair)
    assert (where.vcpus[0].fifo > where.waker.fifo) == above


def test_the_caller_is_put_back_and_the_threads_end() -> None:
    before = os.sched_getaffinity(0), os.sched_getscheduler(0), threading.active_count()
    stop = threading.Event()
    where = crew.places(1, busy=False, fair=False)
    with (
        pytest.raises(RuntimeError, match="on purpose"),
        crew.running(where.waker, [(where.vcpus[0], lambda: bool(stop.wait()))], stop.set) as team,
    ):
        assert len(team.threads) == len(team.clocks) == 1
        raise RuntimeError("on purpose")
    assert before == (os.sched_getaffinity(0), os.sched_getscheduler(0), threading.active_count())


def test_a_thread_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "END_SECONDS", 0.1)
    release, threads = threading.Event(), threading.active_count()
    where = crew.places(1, busy=False, fair=False)
    with (
        pytest.raises(KbenchError, match="did not end within"),
        crew.running(where.waker, [(where.vcpus[0], lambda: bool(release.wait()))], lambda: None),
    ):
        pass
    release.set()
    wait_for(lambda: threading.active_count() == threads, "the thread's end")
