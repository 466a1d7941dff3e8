# SPDX-License-Identifier: MIT
"""Where the events of a row come from, whose CPU time is on its account, and at which rate."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kbench.catalogue import find
from kbench.catalogue.patterns import pattern
from kbench.catalogue.policies import policy
from kbench.errors import Unavailable
from kbench.record.recording import Recording
from kbench.worker.crosscheck import pcpu
from kbench.worker.crosscheck.void import off_rate
from kbench.worker.idle.accounted import source
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.idle.work import slice_
from kbench.worker.measure import prepare


@pytest.mark.parametrize(
    ("events", "idling", "expected"),
    [
        ("tick250", "hlt", "lapic-timer"),
        ("tick250", "hlt-user", "vmm-timer"),
        ("poisson", "hlt", "waker-irqfd"),
        ("poisson", "hlt-user", "waker-eventfd"),
        ("pingpong", "hlt", "guest-ipi"),
    ],
)
def test_where_events_come_from(events: str, idling: str, expected: str) -> None:
    assert source(pattern(events), policy(idling)) == expected


@pytest.mark.parametrize(
    ("events", "planned", "void"),
    [(99, 100, ""), (97, 100, "97.0 events"), (103, 100, "plans 100.0"), (3, 0, "")],
)
def test_a_rate_is_the_measured_one(events: int, planned: float, void: str) -> None:
    reason = off_rate(events, 1.0, planned)
    assert void in reason and bool(void) == bool(reason)


def measure(name: str, loops: int) -> Recording:
    try:
        with prepare(find(name)) as measurement:
            assert isinstance(measurement, WindowedMeasurement)
            measurement.run(loops)
            return measurement.recording()
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.kvm
@pytest.mark.parametrize("events", ["tick250", "poisson", "burst", "storage"])
def test_the_accounted_time_is_event_time(events: str) -> None:
    recording = measure(f"idle.{events}@hlt", 5)
    counters = recording.counters
    planned = pattern(events).per_second
    assert recording.void or counters["events_per_s"] == pytest.approx(planned, rel=0.02)


@pytest.mark.kvm
def test_all_counters_cover_the_same_window() -> None:
    """Each idle round of this policy is one exit to userspace.

    The two are not read at one instant: events may pass between, of a reader that is preempted.
    """
    counters = measure("idle.poisson@hlt-user", 10).counters
    assert counters["guest_rounds"] > 20
    assert abs(counters["guest_rounds"] - counters["userspace_idle_exits"]) <= 20


@pytest.mark.kvm
def test_a_timer_that_the_vmm_emulates_is_on_the_account() -> None:
    recording = measure("idle.tick250@hlt-user", 5)
    counters, marks = recording.counters, recording.marks
    assert marks["event_source"] == "vmm-timer" and marks["cpu_account"] == "vcpu+vmm-timer"
    assert 0 < counters["timer_cpu_s"] < counters["cpu_s"]
    assert recording.figures["cpu_per_event"] == pytest.approx(
        counters["cpu_s"] * 1e9 / counters["events_handled"]
    )


@pytest.mark.kvm
def test_the_whole_pcpu_costs_more_than_the_vcpu_thread() -> None:
    recording = measure("idle.poisson@hlt", 10)
    if recording.marks["pcpu_account"].startswith("none"):
        pytest.skip(recording.marks["pcpu_account"])
    cpu = recording.counters["cpu_s"] / recording.counters["wall_s"]
    assert recording.counters["pcpu_busy"] > 0.9 * cpu


@pytest.fixture
def one_pcpu() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.kvm
@pytest.mark.usefixtures("one_pcpu")
def test_what_means_nothing_on_one_pcpu_says_so() -> None:
    with (
        pytest.raises(Unavailable, match="halt polling takes two pCPUs"),
        prepare(find("idle.tick250@hlt-poll-50us")),
    ):
        pass
    spinning, ticking = measure("idle.poisson@spin", 2), measure("idle.tick250@spin", 2)
    assert "preemption takes a vCPU that spins out" in spinning.marks["no_latency"]
    assert "no_latency" not in ticking.marks
    assert spinning.marks["waker_pcpu"] == ticking.marks["waker_pcpu"] == "shared"


@pytest.mark.parametrize(
    ("text", "items_and_ticks"), [("1", (1, 0)), ("8", (8, 0)), ("50us", (0, 100_000))]
)
def test_a_slice_is_items_or_time(text: str, items_and_ticks: tuple[int, int]) -> None:
    assert slice_(text, 2_000_000) == items_and_ticks


@pytest.mark.kvm
@pytest.mark.parametrize(("name", "events"), [("floor.waker", 50), ("floor.pcpu", 1)])
def test_a_control_has_no_vcpu(name: str, events: int) -> None:
    recording = measure(name, 5)
    assert recording.count == recording.counters["events_handled"] == events
    assert recording.counters["cpu_s"] == recording.counters["guest_rounds"] == 0
    assert 0 <= recording.counters["pcpu_busy"] <= 1 and recording.value is not None


def test_a_control_is_skipped_where_idle_time_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pcpu, "TIMER_LIST", tmp_path / "missing")
    with pytest.raises(Unavailable, match="readable by root only"), prepare(find("floor.waker")):
        pass
    assert pcpu.idle_ns(min(os.sched_getaffinity(0))) is None


def test_idle_time_is_read_by_pcpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    listing = (
        "cpu: 0\n  .idle_sleeptime : 7 nsecs\n\ncpu: 1\n clock 0:\n  .idle_sleeptime : 9 nsecs\n"
    )
    (tmp_path / "timer_list").write_text(listing)
    monkeypatch.setattr(pcpu, "TIMER_LIST", tmp_path / "timer_list")
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cpus: None)
    assert (pcpu.idle_ns(0), pcpu.idle_ns(1), pcpu.idle_ns(2)) == (7, 9, None)
