# SPDX-License-Identifier: MIT
"""Threads are placed, and end on every path."""

import os
import threading
from functools import partial

import pytest
from support.cli import wait_for

from kbench.errors import KbenchError
from kbench.worker import threads


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> "list[int]":
    cpus: list[int] = [0, 1, 2]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(cpus))
    return cpus


def test_a_vcpu_and_the_waker_have_a_cpu_each(allowed: "list[int]") -> None:
    where = threads.places(2)
    assert where.own_pcpu
    assert [place.cpus for place in where.vcpus] == [{0}, {1}]
    assert where.waker.cpus == {2}
    assert where.helper.cpus == {0}


def test_more_vcpus_than_cpus_share_them(allowed: "list[int]") -> None:
    where = threads.places(3)
    assert not where.own_pcpu
    assert {place.cpus for place in where.vcpus} == {frozenset({0, 1})}


def test_on_one_cpu_all_share_it_below_the_waker(allowed: "list[int]") -> None:
    del allowed[1:]
    where = threads.places(1)
    assert not where.own_pcpu
    assert where.vcpus[0].cpus == where.waker.cpus == where.helper.cpus == {0}
    assert where.vcpus[0].fifo < where.waker.fifo


def wait(event: threading.Event) -> None:
    event.wait()


def test_the_caller_is_put_back_and_the_threads_end() -> None:
    before = os.sched_getaffinity(0), os.sched_getscheduler(0), threading.active_count()
    stop = threading.Event()
    where = threads.places(1)
    with (
        pytest.raises(RuntimeError, match="on purpose"),
        threads.running(where.waker, [(where.vcpus[0], partial(wait, stop))], stop.set) as team,
    ):
        assert len(team.tids) == len(team.clocks) == 1
        raise RuntimeError("on purpose")
    assert before == (os.sched_getaffinity(0), os.sched_getscheduler(0), threading.active_count())


def test_a_thread_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "END_SECONDS", 0.1)
    release, before = threading.Event(), threading.active_count()
    where = threads.places(1)
    with (
        pytest.raises(KbenchError, match="did not end within"),
        threads.running(where.waker, [(where.vcpus[0], partial(wait, release))], lambda: None),
    ):
        pass
    release.set()
    wait_for(lambda: threading.active_count() == before, "the thread's end")
