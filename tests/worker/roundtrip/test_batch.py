# SPDX-License-Identifier: MIT
"""Batches and their controls, sibling vCPUs, and rows that a backend does not do."""

import os
import threading
import time
from array import array
from dataclasses import replace

import pytest
from support.machine import machine
from support.rows import batch

from kbench._abi import ffi, lib
from kbench._native.hdr import Histogram
from kbench.catalogue import Batch, find
from kbench.errors import Unavailable
from kbench.worker import errors
from kbench.worker.measure import prepare
from kbench.worker.roundtrip import siblings
from kbench.worker.roundtrip.batch import BatchHistograms
from kbench.worker.roundtrip.measurement import RoundTripMeasurement

GHZ = 1_000_000  # kHz: one tick is one ns
CPUID = batch("inkernel.cpuid")
assert isinstance(CPUID, Batch)


def filled(*ticks: int) -> Histogram:
    histogram = Histogram(GHZ)
    histogram.record_ticks(array("Q", ticks))
    return histogram


def figures(batch: list[int], control: list[int], pair: int) -> dict[str, float]:
    params = ffi.new("struct kb_params *", {"batch": 10, "tsc_pair": pair})
    made = BatchHistograms(params, GHZ)
    for histogram, ticks in (
        (made.control, control),
        (made.guest, [500, 500]),
        (made.guest_control, [100, 100]),
    ):
        histogram.record_ticks(array("Q", ticks))
    return made.figures(filled(*batch))


def test_the_control_and_the_difference_are_beside_the_batch() -> None:
    assert figures([1500, 1510, 1900], [500, 500, 700], pair=30) == {
        "control_min": 500,
        "control_p50": 500,
        "per_instruction": 101,
        "per_instruction_min": 100,
        "guest_per_instruction": 40,
        "guest_per_instruction_min": 40,
    }


def test_a_dear_rdtsc_is_no_clock() -> None:
    assert not any(name.startswith("guest") for name in figures([1500], [500], pair=100))


def test_noise_below_the_control_is_nothing() -> None:
    assert figures([480], [500], pair=100)["per_instruction"] == 0


@pytest.mark.kvm
class TestRuns:
    def test_each_batch_has_its_control(self) -> None:
        with prepare(CPUID) as measurement:
            assert isinstance(measurement, RoundTripMeasurement)
            total = measurement.run(5)
            recording = measurement.recording()
        assert recording.count == 5
        assert recording.total == pytest.approx(total)
        assert recording.counters["batch"] == CPUID.size
        assert 0 < recording.figures["control_min"] < recording.minimum
        each = recording.figures["per_instruction_min"]
        assert each * CPUID.size == pytest.approx(
            recording.minimum - recording.figures["control_min"]
        )

    def test_a_longer_batch_takes_longer_and_so_does_its_control(self) -> None:
        minima = []
        for size in (10, 1000):
            with prepare(replace(CPUID, size=size)) as measurement:
                measurement.run(5)
                recording = measurement.recording()
                minima.append((recording.minimum, recording.figures["control_min"]))
        (short, short_control), (long, long_control) = minima
        assert long > short
        assert long_control > short_control

    def test_pages_are_fresh_before_each_batch(self) -> None:
        with prepare(find("inkernel.touch_page@fresh")) as measurement:
            measurement.run(5)
            recording = measurement.recording()
        assert recording.count == 5
        assert recording.minimum > recording.figures["control_min"]

    def test_a_row_that_the_backend_lacks_is_a_skip_with_what_was_seen(self) -> None:
        row = Batch(name="test.lost", title="", guest="invalid", size=1)
        with pytest.raises(Unavailable, match=r"backend \(\w.*\): .*vector 6"), prepare(row):
            pass

    def test_a_row_of_another_backend_is_a_skip(self) -> None:
        row = replace(CPUID, backends=("elsewhere",))
        with pytest.raises(Unavailable, match="may run on elsewhere only"), prepare(row):
            pass


@pytest.mark.kvm
class TestSiblings:
    ROW = find("inkernel.ipi_halt@2")

    def test_they_run_and_are_gone_at_the_end(self) -> None:
        threads, affinity = threading.active_count(), os.sched_getaffinity(0)
        with prepare(self.ROW) as measurement:
            assert threading.active_count() == threads + 1
            measurement.run(1)
            counters = measurement.recording().counters
            assert counters["vcpus"] == 2
            assert counters["vcpus_pinned"] == int(len(affinity) >= 2)
        assert threading.active_count() == threads
        assert os.sched_getaffinity(0) == affinity

    def test_one_cpu_for_two_is_a_warning_or_a_skip(self) -> None:
        affinity = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(affinity)})
        try:
            with prepare(self.ROW) as measurement:
                warnings = measurement.recording().warnings
            assert warnings == ("the vCPUs share CPUs: there is not one for each",)
            reason = r"2 vCPUs .* need as many CPUs, not 1"
            with pytest.raises(Unavailable, match=reason), prepare(find("inkernel.ipi@2")):
                pass
        finally:
            os.sched_setaffinity(0, affinity)

    def test_one_that_leaves_its_guest_is_named(self) -> None:
        with machine("pio_out", vcpus=2) as m, siblings.running(m.vcpus) as (sibling,):
            deadline = time.monotonic() + 10
            while sibling.ended is None and time.monotonic() < deadline:
                time.sleep(0.01)
            assert sibling.ended == (lib.KVM_EXIT_IO, 0)
            error = errors.sibling_ended(1, *sibling.ended, m.vcpu)
        assert error.what == "vCPU 1 left its guest: KVM_EXIT_IO (2)"
