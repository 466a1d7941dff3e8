# SPDX-License-Identifier: MIT
"""The figures of a benchmark: those of its histograms; a file that lacks some is refused."""

from pathlib import Path

import pytest
from support.suites import encoded, histogram, host_run, lab_run, write

from kbench.errors import KbenchError
from kbench.suite.load import load
from kbench.suite.summary import summaries, summarize


def one(path: Path, *runs: dict[str, str | int | float]) -> Path:
    return write(path / "a.json", {"exit.pio_out": runs})


def test_percentiles_are_the_merged_histograms(tmp_path: Path) -> None:
    runs = [host_run(6e-6), host_run(9e-6, kbench_hdr=encoded(9000))]
    (benchmark,) = load(one(tmp_path, *runs))
    summary = summarize(benchmark, (50, 99))
    merged = histogram(9000).__class__(1, 60_000_000_000, 3)
    merged.add(histogram(6000))
    merged.add(histogram(9000))
    assert summary.percentiles == {p: merged.get_value_at_percentile(p) * 1e-9 for p in (50, 99)}
    assert (summary.runs, summary.void_runs, summary.count) == (2, 0, 400)
    assert summary.spread == (6e-6, 9e-6)
    assert summary.minimum == pytest.approx(5.4e-6)
    assert summary.maximum == pytest.approx(9e-4)
    assert summary.mean == pytest.approx(7.875e-6)


def test_instructions_stay_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "lab.json", {"exit.pio_out": [lab_run(3032)]}, kbench_target="lab")
    (benchmark,) = load(path)
    assert summarize(benchmark).minimum == 3032
    assert summarize(benchmark).unit == "integer"


def test_void_runs_are_counted_and_not_used(tmp_path: Path) -> None:
    (benchmark,) = load(one(tmp_path, host_run(6e-6), host_run(1.0, kbench_void="steal")))
    summary = summarize(benchmark)
    assert (summary.runs, summary.void_runs) == (2, 1)
    assert summary.maximum < 1
    assert "void run: steal" in summary.warnings


def test_missing_figures_are_named(tmp_path: Path) -> None:
    run = host_run(6e-6)
    del run["kbench_count"], run["kbench_max"]
    (benchmark,) = load(one(tmp_path, run))
    with pytest.raises(KbenchError, match="the runs lack kbench_max, kbench_count"):
        summarize(benchmark)


def test_nothing_recorded(tmp_path: Path) -> None:
    empty = histogram(6000, events=0).encode().decode()
    (benchmark,) = load(one(tmp_path, host_run(6e-6, kbench_count=0, kbench_hdr=empty)))
    with pytest.raises(KbenchError, match="no run has an event"):
        summarize(benchmark)


def test_a_benchmark_without_an_event_hides_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its runs have no percentiles: the others are shown, and why it is not is told."""
    empty = str(histogram(6000, events=0).encode().decode())
    silent = host_run(6e-6, kbench_count=0, kbench_hdr=empty, kbench_void="no event was handled")
    del silent["kbench_p50"]
    path = write(
        tmp_path / "a.json", {"wake.irqfd@hlt": [silent], "exit.pio_out": [host_run(6e-6)]}
    )
    assert [row.name for row in summaries(load(path))] == ["exit.pio_out"]
    said = f"{path}: wake.irqfd@hlt: no run has an event; no event was handled\n"
    assert capsys.readouterr().err == said
    late = host_run(9e-6, kbench_void="steal")
    (both,) = load(write(tmp_path / "b.json", {"wake.irqfd@hlt": [silent, late]}))
    assert summarize(both).spread == (9e-6, 9e-6)
    alone = write(tmp_path / "c.json", {"wake.irqfd@hlt": [silent]})
    with pytest.raises(KbenchError, match="no run has an event; no event was handled"):
        summaries(load(alone))
