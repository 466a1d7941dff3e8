# SPDX-License-Identifier: MIT
"""Idle guests in the lab: exact, with their stages and their share of the pCPU."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

import pytest

from kbench.catalogue import find
from kbench.lab import labs, target
from kbench.lab.inside import bundle
from kbench.lab.inside.measure import EVENTS, PHASES
from kbench.lab.labs import Lab, LabResult, measure_all
from kbench.lab.outcome import outcome
from kbench.lab.protocol import Counts
from kbench.worker.idle.arrivals import UNCOUNTED

HALTED, SPINNING = "idle.poisson@hlt", "idle.poisson@mwait-nop"
WOKEN, WOKEN_SPINNING, FLOOR = "wake.irqfd@hlt", "wake.irqfd@spin", "floor.thread_wake"
TICKING, POLLED = "idle.tick250@hlt", "wake.irqfd@hlt-poll-50us"
BESIDE_HALTED, BESIDE_SPINNING = "work.competitor@hlt", "work.competitor@mwait-nop"
CONTROL, PARTED, POLLING = (
    "floor.waker",
    "work.batch_cgroups@mwait-nop",
    "idle.poisson@hlt-poll-50us",
)
WOKEN_ALIKE = [WOKEN, "wake.signal_msi@hlt", "wake.nmi@hlt"]
EXACT = [HALTED, *WOKEN_ALIKE, FLOOR, CONTROL]
SAMPLES = [SPINNING, WOKEN_SPINNING, TICKING, POLLED, BESIDE_HALTED, BESIDE_SPINNING, PARTED]
WAYS = ("yield", "lowprio")
TICK_TAKES = 3_000  # the kernel's handler, which may begin before an event is due
WAITS = [f"work.competitor@hlt-exit{waits}" for waits in ("", "-poll", "-eventfd", "-mp-state")]
# Measures as the lab does, and sends of each window's events: how long before its end each was
# due, what it took, and how long before its answer the kernel's last tick was.
NOTED = """
import json

from kbench._native import floors, waker
from kbench.lab.inside import measure
from kbench.worker.idle.player import WindowPlayer

def main(job, send):
    windows, play = [], WindowPlayer.play

    def noted(player, plan):
        window, to_clock = play(player, plan), waker.monotonic_ns() - floors.tsc()
        starts, events = window.guests[0], []
        for planned, at in zip(window.planned, waker.answers(window.fired, starts)):
            answered = at >= 0 and window.inside([starts[at]]) == 1
            end = window.acks[at] if answered and at < len(window.acks) else starts[at]
            since_tick = (end + to_clock) % measure.TICK
            took = [end - planned, since_tick] if answered else [None, None]
            events.append([window.delta.end.tsc - planned, *took])
        windows.append(events)
        return window

    WindowPlayer.play = noted
    measure.main(job, lambda message: send(
        {"facts": {"windows": json.dumps(windows)}} if "facts" in message else message
    ))
"""
Event = tuple[int, int | None, int | None]

USER_TICK = "idle.tick250@hlt-user"

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def results(lab: Lab) -> "dict[str, LabResult]":
    names = [*EXACT, *SAMPLES, "hunt.flag@hlt", POLLING, USER_TICK]
    return {result.benchmark: result for result in measure_all(lab, names)}


def test_nothing_is_void(results: "dict[str, LabResult]") -> None:
    for result in results.values():
        assert result.error is None
        assert result.skipped or (result.counts is not None and not result.counts.void)


def test_a_missing_mechanism_is_a_skip(results: "dict[str, LabResult]") -> None:
    assert "KVM_KBENCH_IDLE_FLAG" in results["hunt.flag@hlt"].skipped


def test_a_halted_vcpu_leaves_the_pcpu_and_a_spinning_one_does_not(
    results: "dict[str, LabResult]",
) -> None:
    halted, spinning = (results[name].counts for name in (HALTED, SPINNING))
    assert halted and spinning and halted.value and spinning.value
    assert halted.value < 0.1e9 < 0.8e9 < spinning.value <= 1e9
    assert halted.counters["progress"] == spinning.counters["progress"] == 1


def test_the_order_of_the_paths(results: "dict[str, LabResult]") -> None:
    """A halted vCPU's thread has to be woken, a spinning one's not, and the waker is in both."""
    floor, spinning, halted = (results[n].counts for n in (FLOOR, WOKEN_SPINNING, WOKEN))
    assert floor and spinning and halted
    assert floor.minimum < spinning.minimum < halted.minimum


@pytest.mark.parametrize("name", WOKEN_ALIKE)
def test_the_last_event_of_a_window_is_no_maximum(lab: Lab, name: str) -> None:
    """The interpreter ran before its answer, which took 2,600 instructions more than others.

    Nothing but the kernel's own tick makes an event of the window as long (`kbench explain
    wake.irqfd@hlt --event max` shows tick_sched_timer).
    """
    _, (events,) = noted(lab, name)
    took = [late for _, late, _ in events[UNCOUNTED:] if late is not None]
    assert len(took) == EVENTS
    for number, (_, late, since_tick) in enumerate(events[UNCOUNTED:], UNCOUNTED):
        if late is not None and since_tick is not None and late - min(took) >= 1_000:
            assert since_tick <= late + TICK_TAKES, f"event {number} of {EVENTS} took {late:,}"
    assert took[-1] - min(took) < 1_000


def test_the_waker_s_way_to_sleep_is_a_stage(results: "dict[str, LabResult]") -> None:
    """The stages of each event add up: so do their sums, in buckets of 0.1 %."""
    for name, rest in ((WOKEN, {"guest", "ack"}), (FLOOR, {"read"})):
        counts = results[name].counts
        assert counts and set(counts.stages) == {"late", "raise", "leave"} | rest
        total = sum(sum(at * n for at, n in _values(pairs)) for pairs in counts.stages.values())
        assert total == pytest.approx(counts.total, rel=0.01)
        assert 500 < sum(at * n for at, n in _values(counts.stages["leave"])) / counts.count < 2_000


def _values(pairs: "Sequence[tuple[int, int]]") -> "Iterator[tuple[int, int]]":
    """(value, count) of HDR buckets of three digits (ext/native/hdr.pxd)."""
    for index, count in pairs:
        shift = max(0, (index >> 10) - 1)
        yield (index - (shift << 10)) << shift, count


def test_what_is_chance_is_measured_at_many_phases_of_the_tick(
    results: "dict[str, LabResult]",
) -> None:
    """Who takes turns, where in its loop a vCPU is, where the kernel's tick falls."""
    assert {len(results[name].runs) for name in EXACT} == {1}
    for name in SAMPLES:
        windows = results[name].runs
        assert len(windows) == PHASES
        assert len({run.total for run in windows}) > PHASES / 2


def test_what_is_left_for_a_competitor(results: "dict[str, LabResult]") -> None:
    """The VMM's thread and the competitor share the pCPU, with the vCPU's where that spins."""
    halted, spinning = (results[name].counts for name in (BESIDE_HALTED, BESIDE_SPINNING))
    assert halted and spinning
    assert halted.counters["competitor_share"] == pytest.approx(1 / 2, abs=0.1)
    assert spinning.counters["competitor_share"] == pytest.approx(1 / 3, abs=0.1)
    assert halted.counters["worker_share"] > 0.9


def noted(lab: Lab, name: str) -> "tuple[list[Counts], list[list[Event]]]":
    """The runs of a row, and the events of each (NOTED)."""
    job = replace(labs.benchmark_job(name), entry="noted:main")
    files = {**labs.files(job), "package": bundle.pack({"noted.py": NOTED.encode()})}
    with lab.snapshot.restore(files, 120.0) as process:
        measured, facts = outcome(process)
    runs = [message.counts for message in measured if message.counts]
    return runs, json.loads(str(facts["windows"]))[-len(runs) :]  # without the warm-up's


@pytest.mark.test_kvm
@pytest.mark.parametrize("name", WAITS)
def test_work_in_the_vcpus_thread_leaves_a_competitor_half(name: str) -> None:
    """However the VMM waits, it works on while the vCPU is halted, and the guest is served."""
    runs, windows = noted(labs.prepare("6.1", "all", print), name)
    longest = max(run.maximum for run in runs)
    assert len(runs) == PHASES
    for run, window in zip(runs, windows, strict=True):
        assert not run.void
        # A window may end in the competitor's turn: what was due since then has no answer, and
        # nothing else; and it has not waited longer than others for theirs.
        answered, pending = int(run.counters["events_handled"]), len(window) - run.count
        assert [late is not None for _, late, _ in window] == [True] * answered + [False] * pending
        assert all(left < longest for left, _, _ in window[answered:])
        assert run.counters["competitor_share"] == pytest.approx(1 / 2, abs=0.1)
        assert run.counters["work_per_s"] > 15_000  # of some 40,000 that the pCPU can do


@pytest.mark.parametrize("name", [HALTED, SPINNING, TICKING, USER_TICK])
def test_a_row_has_two_hundred_events_at_the_rate_of_its_pattern(
    results: "dict[str, LabResult]", name: str
) -> None:
    runs = results[name].runs
    assert sum(run.count for run in runs) >= EVENTS
    planned = 1000 if "poisson" in name else 250
    for run in runs:
        assert run.counters["events_per_s"] == pytest.approx(planned, rel=0.01)


def test_an_idle_round_of_mwait_has_two_exits_and_that_of_hlt_is_an_event(
    results: "dict[str, LabResult]",
) -> None:
    spinning, ticking = results[SPINNING].counts, results[TICKING].counts
    assert spinning and ticking
    assert spinning.counters["exits_per_round"] == pytest.approx(2, abs=0.05)
    assert ticking.counters["guest_rounds"] == pytest.approx(20, abs=1)
    assert ticking.figures["cpu_per_round"] == pytest.approx(
        ticking.counters["cpu_s"] * 1e9 / ticking.counters["guest_rounds"]
    )


def test_all_counters_are_of_one_window(results: "dict[str, LabResult]") -> None:
    """Each idle round of hlt-user is one exit to userspace, in this window as in any other."""
    for run in results[USER_TICK].runs:
        rounds, exits = run.counters["guest_rounds"], run.counters["userspace_idle_exits"]
        assert rounds == exits == pytest.approx(20, abs=1)
        assert run.marks["cpu_account"] == "vcpu+vmm-timer"
        assert 0 < run.counters["timer_cpu_s"] < run.counters["cpu_s"]


def test_the_whole_pcpu_is_the_waker_and_the_vcpu_and_more(
    results: "dict[str, LabResult]",
) -> None:
    """The idle task's interrupts and wake-ups are on no thread's account."""
    waker, halted = results[CONTROL].counts, results[HALTED].counts
    assert waker and halted
    rest = halted.figures["pcpu_per_event"] - waker.figures["pcpu_per_event"]
    assert halted.figures["cpu_per_event"] < rest < 2 * halted.figures["cpu_per_event"]


def test_what_means_nothing_on_one_pcpu_says_so(results: "dict[str, LabResult]") -> None:
    assert "halt polling takes two pCPUs" in results[POLLING].skipped
    spinning, halted = results[SPINNING].counts, results[HALTED].counts
    assert spinning and halted
    assert "no_latency" in spinning.marks and "no_latency" not in halted.marks


def test_two_cgroups_share_a_pcpu_in_halves(results: "dict[str, LabResult]") -> None:
    for run in results[PARTED].runs:
        assert run.marks["cgroup"] == "each"
        assert run.counters["worker_share"] == pytest.approx(1 / 2, abs=0.05)


@pytest.mark.test_kvm
def test_a_yield_and_a_low_priority_act_within_one_cgroup_and_a_slice_delays_the_guest() -> None:
    lab = labs.prepare("6.12", "all", print)
    ways = [f"work.batch{parted}@mwait-{way}" for parted in ("", "_cgroups") for way in WAYS]
    slices = [f"work.batch{size}@mwait-exit" for size in ("_slice1", "")]
    results = {each.benchmark: each for each in measure_all(lab, [*ways, *slices])}
    shares = {name: worker_share(results[name]) for name in ways}
    for way in WAYS:
        assert shares[f"work.batch@mwait-{way}"] > 0.8
        assert shares[f"work.batch_cgroups@mwait-{way}"] == pytest.approx(1 / 2, abs=0.05)
    short, long = (max(run.maximum for run in results[name].runs) for name in slices)
    assert short < 100_000 < 200_000 < long  # an item has 25,000 instructions


def worker_share(result: LabResult) -> float:
    assert result.runs
    return median(run.counters["worker_share"] for run in result.runs)


def test_the_suite_has_value_and_stages(results: "dict[str, LabResult]") -> None:
    for name, stages in ((HALTED, {"late"}), ("wake.irqfd@hlt", {"late", "guest", "ack"})):
        result = results[name]
        assert result.counts is not None
        document = json.loads(target.suite(result, result.counts, find(name).title))
        (run,) = document["benchmarks"][0]["runs"]
        assert {f"kbench_hdr_{stage}" for stage in stages} <= set(run["metadata"])
        if result.counts.value is not None:
            assert run["values"] == [result.counts.value]
