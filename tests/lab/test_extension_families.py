# SPDX-License-Identifier: MIT
"""Families vtl, mpstate and hunt with the whole extension: exact, and who is right when."""

from collections.abc import Sequence

import pytest

from kbench.catalogue import select
from kbench.lab.labs import Lab, LabResult, measure_all

pytestmark = pytest.mark.lab


def measured(lab: Lab, selectors: Sequence[str]) -> "dict[str, LabResult]":
    names = [row.name for row in select(selectors)]
    results = {result.benchmark: result for result in measure_all(lab, names)}
    for name, result in results.items():
        assert result.error is None, f"{name}: {result.error}"
        assert result.skipped or (result.counts and result.counts.count and not result.counts.void)
    return results


def least(result: LabResult) -> int:
    assert result.counts is not None, result.skipped
    return result.counts.minimum


def test_a_pause_exits_on_a_cpu_without_a_pause_filter(extended: Lab) -> None:
    """A PAUSE and a turn of its loop take some 4,800 instructions; natively it were two."""
    (result,) = measured(extended, ["idle.poisson@pause-exit"]).values()
    assert result.counts is not None, result.skipped
    assert result.counts.counters["exits_per_s"] > 100_000
    assert result.counts.counters["userspace_idle_exits"] > 0
    for run in result.runs:  # a PAUSE is a round is an exit, if all are of one window
        rounds, exits = run.counters["guest_rounds"], run.counters["userspace_idle_exits"]
        assert rounds == pytest.approx(exits, abs=2)
    assert result.counts.counters["progress"] == 1


@pytest.fixture(scope="module")
def mpstate(extended: Lab) -> "dict[str, LabResult]":
    return measured(extended, ["mpstate"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("right@get", "still says HALTED, in 1,000 probes; after a KVM_RUN it says RUNNABLE"),
        ("right@stats", "says nothing of a vCPU outside KVM_RUN"),
        ("probe@flag", "says nothing of a vCPU outside KVM_RUN"),
        ("probe_inside@get", "KVM_RUN holds the vCPU's mutex"),
        ("right_inside@stats", "the vCPU thread has to run for it"),
        ("right_inside@flag", "the vCPU thread has to run for it"),
    ],
)
def test_a_way_that_is_never_right_has_no_figure(
    mpstate: "dict[str, LabResult]", name: str, reason: str
) -> None:
    result = mpstate[f"mpstate.{name}"]
    assert reason in result.skipped and result.counts is None


@pytest.mark.parametrize("way", ["kick", "poll", "eventfd", "byte"])
def test_the_first_look_is_right(mpstate: "dict[str, LabResult]", way: str) -> None:
    counts = mpstate[f"mpstate.right@{way}"].counts
    assert counts is not None
    assert counts.counters["probes_stale"] == 0 < counts.counters["probes"] == counts.count
    assert set(counts.stages) == {"raise", "probe"}


def test_what_a_probe_costs(mpstate: "dict[str, LabResult]") -> None:
    """A load, a system call, and a KVM_RUN with three more."""
    cost = {way: least(mpstate[f"mpstate.probe@{way}"]) for way in ("byte", "poll", "get", "kick")}
    assert cost["byte"] < cost["poll"] < 5 * cost["get"] < cost["kick"]


def test_who_needs_the_vcpu_s_thread(mpstate: "dict[str, LabResult]") -> None:
    """poll(2) and the byte of kvm_run show it before KVM_RUN; KVM_GET_MP_STATE only after."""
    right = {way: least(mpstate[f"mpstate.right_inside@{way}"]) for way in ("byte", "poll", "get")}
    assert right["byte"] < right["poll"] < right["get"] / 2


@pytest.fixture(scope="module")
def vtl(extended: Lab) -> "dict[str, LabResult]":
    return measured(extended, ["vtl"])


def test_every_interrupt_reaches_vtl1(vtl: "dict[str, LabResult]") -> None:
    for result in vtl.values():
        assert result.counts is not None, result.skipped
        counters = result.counts.counters
        assert counters["events_handled"] >= 0.95 * counters["events_due"] > 0


def test_stages_of_a_switch(vtl: "dict[str, LabResult]") -> None:
    stages = {name: set(result.counts.stages) for name, result in vtl.items() if result.counts}
    # Of a VTL0 that runs, the waker shares the pCPU: what it does there is apart.
    own = {"late", "kick", "leave"}
    assert stages["vtl.enter@kick"] == {"tell", "stop", "start"} | own
    assert stages["vtl.enter_stimer@poll"] == {"tell", "stop", "start"}
    # The processor's own thread waits in poll(2): nobody has to stop VTL0.
    assert stages["vtl.enter_idle@poll"] == {"late", "tell", "start"}
    assert stages["vtl.return@kick"] == {"exit", "entry"}


@pytest.mark.parametrize("method", ["kick", "eventfd", "poll"])
def test_the_waker_s_way_to_sleep_is_no_part_of_the_stop(
    vtl: "dict[str, LabResult]", method: str
) -> None:
    counts = vtl[f"vtl.enter@{method}"].counts
    assert counts
    median = {name: at_half(pairs) for name, pairs in counts.stages.items()}
    assert 500 < median["leave"] < 2_000 < median["stop"] < 6_000


def at_half(pairs: "Sequence[tuple[int, int]]") -> int:
    """The p50 of HDR buckets of three digits (ext/native/hdr.pxd)."""
    left = sum(count for _, count in pairs) // 2
    for index, count in pairs:
        left -= count
        if left <= 0:
            shift = max(0, (index >> 10) - 1)
            return (index - (shift << 10)) << shift
    raise ValueError("no event")


def test_an_idle_vtl0_needs_no_signal_with_poll(vtl: "dict[str, LabResult]") -> None:
    assert least(vtl["vtl.enter_idle@poll"]) < least(vtl["vtl.enter_idle@kick"])


def test_a_thread_that_waits_for_the_device_is_poll_s_rival(vtl: "dict[str, LabResult]") -> None:
    """Neither needs another thread; with the device's eventfd the VMM sends the MSI itself."""
    device, poll = (least(vtl[f"vtl.enter_idle@{way}"]) for way in ("device", "poll"))
    assert abs(device - poll) < 1_000 < least(vtl["vtl.enter_idle@kick"]) - device


def test_the_state_that_vtls_share_outweighs_a_switch(vtl: "dict[str, LabResult]") -> None:
    """Five system calls of a switch, with the kernel's copy of the FPU state in two of them."""
    for event in ("call", "return"):
        method = "exit" if event == "call" else "kick"
        plain, moved = (least(vtl[f"vtl.{event}{state}@{method}"]) for state in ("", "_state"))
        assert moved > 5 * plain


@pytest.mark.parametrize("source", ["ipi", "stimer"])
def test_what_no_device_raises_is_told_by_kvm_alone(
    vtl: "dict[str, LabResult]", source: str
) -> None:
    for event in ("enter", "enter_idle"):
        assert {name for name in vtl if name.startswith(f"vtl.{event}_{source}@")} == {
            f"vtl.{event}_{source}@{way}" for way in ("eventfd", "poll")
        }
        assert least(vtl[f"vtl.{event}_{source}@poll"]) > least(vtl[f"vtl.{event}@poll"])


def test_stock_kvm_switches_by_kick_alone(lab: Lab) -> None:
    results = measured(lab, ["vtl.enter*", "mpstate.right@*"])
    done = {name for name, result in results.items() if result.counts}
    kicked = {f"vtl.{event}@kick" for event in ("enter", "enter_idle")}
    assert done == kicked | {name.replace("@", "_state@") for name in kicked} | {
        "mpstate.right@kick"
    }


def test_each_hunt_finds_an_idle_vcpu(extended: Lab) -> None:
    idle = [f"hunt.{way}@hlt" for way in ("kick", "flag", "poll", "byte", "ask")]
    results = measured(extended, [*idle, "hunt.*@hlt-exit-poll"])
    for name, result in results.items():
        assert result.counts is not None, result.skipped
        counters = result.counts.counters
        assert counters["events_handled"] == counters["events_due"] > 0
        # With an eventfd nobody looks for one.
        found = counters.get("hunts_found", 0)
        if name in idle[1:]:
            assert found == counters["events_due"], name
        elif name in ("hunt.kick@hlt", "hunt.eventfd@hlt-exit-poll"):
            assert found == 0, f"{name}: nobody can know"


def counted(result: LabResult) -> "dict[str, int | float]":
    """The counters of all its windows."""
    names = {name for run in result.runs for name in run.counters}
    return {name: sum(run.counters.get(name, 0) for run in result.runs) for name in names}


def test_asking_saves_the_signals_to_busy_vcpus(extended: Lab) -> None:
    """A blind kick signals each time; the protocol only a vCPU in HLT, and the work is done."""
    results = measured(extended, ["hunt.kick_1busy@hlt", "hunt.ask_1busy@hlt", "hunt.ask@hlt"])
    blind, ask, idle = (
        counted(results[f"hunt.{name}@hlt"]) for name in ("kick_1busy", "ask_1busy", "ask")
    )
    assert blind["hunt_signals"] == blind["hunts"] > blind["hunts_found"] == 0
    assert ask["hunts_found"] <= ask["hunt_signals"] and ask["hunts_found"] > 0
    for counters in (blind, ask, idle):
        assert counters["events_handled"] >= 0.98 * counters["events_due"] > 0
    assert idle["hunts_found"] == idle["hunts"]


def test_a_write_to_the_monitored_page(extended: Lab) -> None:
    """The store that ends the wait faults; so does one to another line of the page."""
    names = [f"wake.store_beside@{name}" for name in ("mwait-nop", "mwait-monitor")]
    names += ["wake.store@mwait-monitor", "wake.store_beside_2m@mwait-monitor"]
    results = measured(extended, [*names, "wake.store_beside@mwait-monitor/8"])
    plain, beside = (least(results[name]) for name in names[:2])
    assert plain + 2_000 < beside < least(results[names[2]])
    # Each of eight that wait for lines of the page is woken.
    eight = results["wake.store_beside@mwait-monitor/8"].counts
    assert eight and eight.total / eight.count > beside + 5_000
    assert results[names[3]].counts, results[names[3]].skipped


def test_the_length_of_the_idle_period(lab: Lab) -> None:
    (short, long) = measured(lab, ["wake.irqfd_50us@hlt", "wake.irqfd_5000us@hlt"]).values()
    assert short.counts and long.counts
    seconds = [result.counts.counters["wall_s"] for result in (short, long) if result.counts]
    assert 50 * seconds[0] < seconds[1] < 110 * seconds[0]
