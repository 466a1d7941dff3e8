# SPDX-License-Identifier: MIT
"""Families vtl and mpstate on this machine's KVM: what stock KVM has, and what it lacks."""

import pytest

from kbench.catalogue import IdleWindow, catalogue, find
from kbench.errors import KbenchError, Unavailable
from kbench.record.recording import Recording
from kbench.worker.idle.arrivals import UNCOUNTED
from kbench.worker.idle.vtl.measurement import Vtl
from kbench.worker.idle.window import MAX_EVENTS
from kbench.worker.measure import prepare

pytestmark = pytest.mark.kvm


def measure(name: str, loops: int) -> Recording:
    with prepare(find(name)) as measurement:
        total = measurement.run(loops)
        recording = measurement.recording()
        assert total == pytest.approx(recording.total)
        return recording


@pytest.mark.parametrize("name", ["mpstate.probe@get", "mpstate.probe@kick", "mpstate.right@kick"])
def test_a_halted_vcpu_outside_kvm_run(name: str) -> None:
    recording = measure(name, 20)
    assert recording.count == 20 and not recording.void and recording.minimum > 0


def test_mp_state_is_never_right_by_itself() -> None:
    with pytest.raises(Unavailable, match=r"still says HALTED.*after a KVM_RUN it says RUNNABLE"):
        measure("mpstate.right@get", 1)


def test_a_look_waits_for_kvm_run() -> None:
    with pytest.raises(Unavailable, match="KVM_RUN holds the vCPU's mutex"):
        measure("mpstate.probe_inside@get", 1)


@pytest.mark.parametrize("way", ["get", "kick", "stats"])
def test_a_vcpu_that_blocks_in_kvm_run(way: str) -> None:
    recording = measure(f"mpstate.right_inside@{way}", 10)
    assert recording.count == 10 and set(recording.stages) == {"raise", "probe"}


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("vtl.enter_idle@kick", {"late", "tell", "stop", "start"}),
        ("vtl.enter@kick", {"late", "tell", "stop", "start"}),
        ("vtl.return@kick", {"exit", "entry"}),
    ],
)
def test_the_stages_of_a_switch(name: str, stages: set[str]) -> None:
    recording = measure(name, 20)
    assert 0 < recording.count <= 21 and recording.minimum > 0
    assert set(recording.stages) == stages and not recording.void


def test_a_vtl0_that_halts_where_it_is_to_run_is_void() -> None:
    with prepare(find("vtl.enter@kick")) as measurement:
        assert isinstance(measurement, Vtl)
        measurement.run(5)
        assert not measurement.recording().void
        measurement._halts -= 1  # as if KVM had counted one more since
        assert "VTL0 is to run, KVM counted 1 HLT exits" in measurement._contradicted()


def test_too_many_interrupts_in_a_value_are_refused() -> None:
    with (
        prepare(find("vtl.enter_idle@kick")) as measurement,
        pytest.raises(
            KbenchError, match=f"^{UNCOUNTED + 4000} events in a value, at most {MAX_EVENTS}: lower"
        ),
    ):
        measurement.run(4000)


@pytest.mark.parametrize(
    "name",
    [
        row.name
        for row in catalogue()
        if isinstance(row, IdleWindow) and row.family in ("vtl", "mpstate") and row.method == "poll"
    ],
)
def test_without_the_extension_it_is_a_skip(name: str) -> None:
    try:
        measure(name, 5)
    except Unavailable as reason:
        lacks = "KVM_KBENCH_VCPU_POLL: --target lab --kvm vcpu_poll"
        if name.startswith("vtl.enter_idle"):  # VTL0's HLT exits, too
            lacks = "KVM_KBENCH_VCPU_POLL and KVM_KBENCH_USERSPACE_EXITS: --target lab --kvm all"
        assert str(reason) == f"this KVM lacks {lacks}"
