# SPDX-License-Identifier: MIT
"""What `kbench show` says of a batch: batch, control and the difference, from the right figures."""

from pathlib import Path

import pytest
from support.suites import LAB, Metadata, host_run, lab_run, write

from kbench.suite.batch import BatchSummary, summarize_batch
from kbench.suite.load import load

FIGURES = ("control_p50", "control_min", "per_instruction", "per_instruction_min")


def with_figures(run: Metadata, *values: float, **more: float) -> Metadata:
    figures = dict(zip(FIGURES, values, strict=True)) | more
    return {**run, "kbench_counter_batch": 100, **{f"kbench_{k}": v for k, v in figures.items()}}


def summary(path: Path, runs: list[Metadata], **provenance: str) -> BatchSummary | None:
    return summarize_batch(load(write(path / "suite.json", {"inkernel.x": runs}, **provenance))
                           .benchmarks["inkernel.x"])  # fmt: skip


def test_host_takes_the_medians_of_the_p50s(tmp_path: Path) -> None:
    runs = [
        with_figures(host_run(100e-6 * k), 2e-6 * k, 1e-6, 0.98e-6 * k, 0.5e-6) for k in (1, 2, 3)
    ]
    found = summary(tmp_path, runs)
    assert found is not None
    assert (found.size, found.guest) == (100, None)
    assert (found.total, found.control, found.each) == pytest.approx((200e-6, 4e-6, 1.96e-6))


def test_lab_takes_the_minima(tmp_path: Path) -> None:
    run = with_figures(
        lab_run(263_628), 3500, 3428, 2602.51, 2602,
        guest_per_instruction=2602.05, guest_per_instruction_min=2602,
    )  # fmt: skip
    assert summary(tmp_path, [run], **LAB) == BatchSummary(100, 263_628, 3428, 2602, 2602)


def test_a_figure_per_instruction_is_not_taken_for_a_percentile(tmp_path: Path) -> None:
    # Percentiles are held within min and max of the run: this is a hundredth of both.
    found = summary(tmp_path, [with_figures(host_run(100e-6), 2e-6, 1e-6, 0.98e-6, 0.5e-6)])
    assert found is not None
    assert found.each == pytest.approx(0.98e-6)


def test_other_families_have_no_batch(tmp_path: Path) -> None:
    assert summary(tmp_path, [host_run(7e-6)]) is None
