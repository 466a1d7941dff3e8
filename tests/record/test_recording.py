# SPDX-License-Identifier: MIT
"""From a Recording to pyperf metadata, and the hook that puts it there."""

from array import array
from dataclasses import replace
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram

from kbench._native.hdr import Histogram
from kbench.record.hdr import library_histogram
from kbench.record.hook import HistogramHook
from kbench.record.recording import Recording, metadata
from kbench.suite.format import PERCENTILES, SCHEMA


def recording(events: int = 1000, **changes: Any) -> Recording:
    histogram = Histogram(1_000_000)
    histogram.record_ticks(array("Q", range(1000, 1000 + events)))
    fields = {
        "buckets": histogram.buckets,
        "count": histogram.count,
        "minimum": histogram.minimum,
        "maximum": histogram.maximum,
        "total": histogram.total,
        "counters": {"steal_s": 0.25, "nivcsw": 3, "kvm_exits": 1000},
        **changes,
    }
    return Recording(**fields)


def test_seconds() -> None:
    found = metadata(recording(), "second")
    assert found["kbench_schema"] == SCHEMA
    assert (found["kbench_min"], found["kbench_max"]) == (1e-6, 1.999e-6)
    assert found["kbench_mean"] == pytest.approx(1.4995e-6)
    assert found["kbench_count"] == 1000
    decoded = HdrHistogram.decode(str(found["kbench_hdr"]))
    for name in ("p50", "p90", "p99", "p99_9"):
        percentile = PERCENTILES[name]
        assert found[f"kbench_{name}"] == decoded.get_value_at_percentile(percentile) / 1e9
    assert (found["kbench_steal"], found["kbench_nivcsw"]) == (0.25, 3)
    assert found["kbench_counter_kvm_exits"] == 1000
    assert "kbench_void" not in found
    assert "kbench_warnings" not in found


def test_instructions_are_integers() -> None:
    found = metadata(recording(), "integer")
    assert (found["kbench_min"], found["kbench_max"], found["kbench_mean"]) == (1000, 1999, 1500)
    assert all(isinstance(found[f"kbench_{name}"], int) for name in ("p50", "p90", "p99"))


@pytest.mark.parametrize("events", [1, 9, 10, 99, 100, 999, 1000, 9999, 10_000])
def test_a_percentile_takes_its_events(events: int) -> None:
    """p99 of 50 events is their maximum: it is not stored, of the whole path or of a stage."""
    made = recording(events)
    found = metadata(replace(made, stages={"late": made.buckets}), "second")
    for name, percentile in PERCENTILES.items():
        stored = percentile == 50 or events * (100 - percentile) >= 100 - 1e-6
        assert (f"kbench_{name}" in found) == stored == (f"kbench_late_{name}" in found), name


def test_marks() -> None:
    found = metadata(recording(void="steal", warnings=("a", "b")), "second")
    assert (found["kbench_void"], found["kbench_warnings"]) == ("steal", "a; b")


def test_counts_of_another_layout_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 27648 counts, got 3"):
        library_histogram(array("Q", [1, 2, 3]))


def test_the_hook_forgets_what_came_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Source:
        resets = 0

        def reset(self) -> None:
            self.resets += 1

        def recording(self) -> Recording:
            return recording()

    source = Source()
    monkeypatch.setattr(HistogramHook, "measurement", source, raising=False)
    monkeypatch.setattr(
        HistogramHook, "provenance", staticmethod(lambda: {"kbench_target": "host"}), raising=False
    )
    run: dict[str, object] = {"loops": 1}
    hook = HistogramHook()
    assert source.resets == 1
    with hook:
        pass
    hook.teardown(run)
    assert source.resets == 1
    assert run["kbench_target"] == "host"
    assert run["kbench_count"] == 1000
