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
    assert stages["vtl.enter@kick"] == {"late", "tell", "stop", "start"}
    # The processor's own thread waits in poll(2): nobody has to stop VTL0.
    assert stages["vtl.enter_idle@poll"] == {"late", "tell", "start"}
    assert stages["vtl.return@kick"] == {"exit", "entry"}


def test_an_idle_vtl0_needs_no_signal_with_poll(vtl: "dict[str, LabResult]") -> None:
    assert least(vtl["vtl.enter_idle@poll"]) < least(vtl["vtl.enter_idle@kick"])


def test_stock_kvm_switches_by_kick_alone(lab: Lab) -> None:
    results = measured(lab, ["vtl.enter*", "mpstate.right@*"])
    done = {name for name, result in results.items() if result.counts}
    assert done == {"vtl.enter@kick", "vtl.enter_idle@kick", "mpstate.right@kick"}


def test_each_hunt_finds_an_idle_vcpu(extended: Lab) -> None:
    results = measured(extended, ["hunt.*@hlt", "hunt.*@hlt-exit-poll"])
    for name, result in results.items():
        assert result.counts is not None, result.skipped
        counters = result.counts.counters
        assert counters["events_handled"] == counters["events_due"] > 0
        found = counters["hunts_found"]
        if name in ("hunt.flag@hlt", "hunt.poll@hlt", "hunt.byte@hlt"):
            assert found == counters["events_due"], name
        elif name in ("hunt.kick@hlt", "hunt.eventfd@hlt-exit-poll"):
            assert found == 0, f"{name}: nobody can know"
