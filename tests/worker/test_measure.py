# SPDX-License-Identifier: MIT
"""A Measurement: its figures, its cross-check, and that it leaves nothing open."""

import threading
from pathlib import Path

import pytest
from support.rows import round_trip

from kbench.catalogue import find
from kbench.errors import Unavailable
from kbench.guests import load
from kbench.kvm import IoctlError, System
from kbench.worker import probe_cache
from kbench.worker.measure import prepare
from kbench.worker.probe import obstacle, obstacles
from kbench.worker.roundtrip import measurement
from kbench.worker.vm.features import require

pytestmark = pytest.mark.kvm


@pytest.mark.parametrize("name", ["exit.pio_out", "exit.pio_out@real", "floor.get_mp_state"])
def test_run_and_recording(name: str) -> None:
    row = round_trip(name)
    with prepare(row) as prepared:
        total = prepared.run(200) + prepared.run(300)
        recording = prepared.recording()
        assert recording.count == sum(recording.buckets) == 500
        assert recording.total == pytest.approx(total)
        assert 0 < recording.minimum <= total / 500 <= recording.maximum
        assert recording.counters["wall_s"] > 0
        prepared.reset()
        assert prepared.recording().count == 0
        assert prepared.image_sha256 == load(row.guest, row.mode).sha256


def test_kvm_counts_what_the_loop_counts() -> None:
    with prepare(find("exit.mmio_write")) as prepared:
        prepared.run(2000)
        recording = prepared.recording()
        assert "KVM's" not in recording.void
        assert recording.counters["kvm_exits"] >= 1980


def test_nothing_stays_open() -> None:
    def state() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    before = state()
    with prepare(find("exit.hlt")) as prepared:
        prepared.run(10)
    assert state() == before


def test_a_missing_capability_is_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(System, "check_extension", lambda self, name: 0)
    missing = pytest.raises(Unavailable, match="this KVM has no KVM_CAP_X86_MSR_FILTER")
    with System() as system, missing:
        require(system, "msr_filter")
    assert "has no KVM_CAP_COALESCED_MMIO" in obstacle(find("exit.coalesced_mmio_full"))


def test_obstacles(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (find("exit.pio_out"), find("floor.clock"))
    monkeypatch.setattr(probe_cache, "load", dict)
    monkeypatch.setattr(probe_cache, "save", dict)
    assert obstacles(rows) == {"exit.pio_out": "", "floor.clock": ""}

    def absent(*args: object) -> None:
        raise IoctlError("open", 2)

    monkeypatch.setattr(measurement, "System", absent)
    assert all("there is no /dev/kvm" in reason for reason in obstacles(rows).values())
