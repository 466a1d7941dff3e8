# SPDX-License-Identifier: MIT
"""Each family measures a real guest, and its counts fit together."""

import os
import threading
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from kbench.catalogue import find
from kbench.errors import KbenchError, Unavailable
from kbench.guests import load
from kbench.record.recording import Recording
from kbench.worker.idle.arrivals import UNCOUNTED
from kbench.worker.idle.player import WindowPlayer
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.measure import prepare
from kbench.worker.vm import idle_vm

pytestmark = pytest.mark.kvm
WINDOWS, EVENTS = 24, 8


def measure(name: str, loops: int) -> "tuple[WindowedMeasurement, Recording, float]":
    try:
        with prepare(find(name)) as measurement:
            assert isinstance(measurement, WindowedMeasurement)
            total = measurement.run(loops)
            return measurement, measurement.recording(), total
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(autouse=True)
def nothing_is_left() -> "object":
    def state() -> "tuple[int, int, set[int]]":
        fds = len(list(Path("/proc/self/fd").iterdir()))
        return threading.active_count(), fds, os.sched_getaffinity(0)

    before = state()
    yield
    assert state() == before


@pytest.mark.parametrize(
    "source", ["irqfd", "irqfd_ioapic", "signal_msi", "ipi", "nmi", "timer", "signal"]
)
def test_a_source_wakes_a_halted_vcpu(source: str) -> None:
    _, recording, total = measure(f"wake.{source}@hlt", 40)
    assert 0 < recording.count <= 40
    assert recording.minimum > 0 and total == pytest.approx(recording.total)
    stages = {
        "irqfd": {"late", "guest", "ack"},
        "timer": {"guest", "ack"},
        "signal": {"late", "ack"},
    }
    # On a pCPU that it shares with the vCPU, the waker has to leave first.
    own = {"raise", "leave"} if len(os.sched_getaffinity(0)) == 1 and source != "timer" else set()
    assert set(recording.stages) == stages.get(source, stages["irqfd"]) | own
    assert all(sum(buckets) == recording.count for buckets in recording.stages.values())


@pytest.fixture
def one_pcpu() -> Iterator[None]:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    yield
    os.sched_setaffinity(0, allowed)


@pytest.mark.usefixtures("one_pcpu")
def test_the_stages_of_a_shared_pcpu_make_up_the_path() -> None:
    """The waker's own part, its way to sleep, is told from what KVM does."""
    _, recording, _ = measure("wake.irqfd@hlt", 20)
    assert set(recording.stages) == {"late", "raise", "leave", "guest", "ack"}
    assert all(sum(buckets) == recording.count for buckets in recording.stages.values())


@pytest.mark.usefixtures("one_pcpu")
@pytest.mark.parametrize("name", ["wake.irqfd@hlt", "wake.ipi@hlt", "hunt.kick@hlt"])
def test_neither_the_first_nor_the_last_event_of_a_window_is_the_slowest(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is not counted; after the last the interpreter is kept out until its answer."""
    windows: list[list[int]] = []
    with prepare(find(name)) as measurement:
        assert isinstance(measurement, WindowedMeasurement)
        monkeypatch.setattr(measurement, "record", lambda late: windows.append(list(late)))
        for _ in range(WINDOWS):
            measurement.run(EVENTS)
    full = [events for events in windows if len(events) == EVENTS]
    assert full
    for place in (0, -1):
        slowest = sum(events[place] == max(events) for events in full)
        # Each event of a window should be the slowest in 1 of EVENTS windows.
        assert slowest <= 2 / 3 * len(full), f"{slowest} of {len(full)} windows: {full}"


@pytest.mark.parametrize("name", ["wake.eventfd@hlt-user", "wake.store@spin", "floor.thread_wake"])
def test_other_wake_ups(name: str) -> None:
    _, recording, _ = measure(name, 20)
    assert 0 < recording.count <= 20 and recording.minimum > 0


def test_halts_are_counted_by_kvm_too() -> None:
    _, recording, _ = measure("wake.irqfd@hlt", 60)
    halts = recording.counters["kvm_halt_exits"]
    assert halts <= recording.counters["events_due"] + UNCOUNTED
    assert recording.void or halts >= 0.5 * recording.count


@pytest.mark.parametrize("pattern", ["silent", "tick1000", "poisson", "burst"])
def test_an_idle_vcpu_costs_less_than_a_pcpu(pattern: str) -> None:
    _, recording, total = measure(f"idle.{pattern}@hlt", 5)
    assert recording.value is not None and 1 <= recording.value < 1.05e9
    assert total == pytest.approx(5 * recording.value, rel=1e-6)
    assert 0 < recording.count <= recording.counters["events_due"]
    assert 0 < recording.counters["progress"] <= 1


def test_two_vcpus_answer_each_other() -> None:
    _, recording, _ = measure("idle.pingpong@hlt", 5)
    assert recording.counters["vcpus"] == 2
    assert abs(recording.counters["events_handled"] - 2 * recording.count) <= 3


@pytest.mark.parametrize("name", ["work.batch@hlt", "work.nice19@hlt", "work.batch@hlt-user"])
def test_work_gets_done_beside_an_idle_vcpu(name: str) -> None:
    _, recording, total = measure(name, 5)
    assert recording.counters["work_items"] > 0
    assert recording.value == pytest.approx(total / 5)


@pytest.mark.parametrize("kind", ["competitor", "competitor19"])
@pytest.mark.parametrize("policy", ["hlt", "hlt-user"])
def test_a_competitor_gets_its_share(kind: str, policy: str) -> None:
    _, recording, _ = measure(f"work.{kind}@{policy}", 10)
    assert recording.counters["work_items"] > 0
    assert 0 <= recording.counters["competitor_share"] <= 1.05
    assert ("worker_share" in recording.counters) == (policy == "hlt")


def test_urgent_work_is_delayed_and_done() -> None:
    _, recording, _ = measure("work.urgent@hlt", 10)
    assert 0 < recording.count == recording.counters["work_items"]
    assert recording.stages["wake"] and recording.value is None


def test_hunting_an_idle_vcpu() -> None:
    _, recording, _ = measure("hunt.kick@hlt", 30)
    assert 0 < recording.count <= 30 and recording.minimum > 0


def test_a_blind_kick_is_named_so() -> None:
    """No vCPU in HLT leaves KVM_RUN, so the VMM knows of none: no hunt has found one."""
    _, recording, _ = measure("hunt.kick@hlt", 30)
    assert recording.counters["hunts_found"] == 0 < recording.counters["hunts"]
    assert "blind" in recording.stages and "found" not in recording.stages
    assert any("0 of 30 hunts found an idle vCPU" in text for text in recording.warnings)


def test_oversubscription() -> None:
    many = len(os.sched_getaffinity(0)) + 1
    _, recording, _ = measure(f"idle.tick250@hlt/{many}", 5)
    assert recording.counters["vcpus"] == many
    assert any("more vCPUs than pCPUs" in text for text in recording.warnings)


def test_too_many_vcpus_for_own_pcpus_are_refused() -> None:
    many = min(14, len(os.sched_getaffinity(0)))
    row = find(f"idle.tick250@hlt/{many}own-pcpu")
    with pytest.raises(KbenchError, match="have its own"), prepare(row):
        pass


def test_too_many_events_for_the_guest_are_refused() -> None:
    with (
        prepare(find("idle.tick10000@hlt")) as measurement,
        pytest.raises(KbenchError, match="lower --loops"),
    ):
        measurement.run(40)


def test_a_guest_that_dies_is_a_skip_with_its_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    """MWAIT at CPL 0 is KVM_EXIT_INTERNAL_ERROR on pvm; an image that faults stands for it."""
    fault = load("invalid")
    monkeypatch.setattr(idle_vm, "load", lambda name: fault)
    with pytest.raises(Unavailable, match="at rip 0x"), prepare(find("wake.irqfd@hlt")):
        pass


def test_a_machine_that_is_busy_for_once_costs_no_later_window(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each window has tries of its own, however many the ones before it took."""
    tries = cycle(range(5))
    idling = WindowPlayer._idling
    monkeypatch.setattr(WindowPlayer, "_idling", lambda self: next(tries) % 2 == 1 and idling(self))
    with prepare(find("idle.poisson@hlt")) as measurement:
        for _ in range(4):
            measurement.run(1)
