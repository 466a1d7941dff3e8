# SPDX-License-Identifier: MIT
"""The stages of a path, from stored runs: in their order, medians, and visible in a table."""

from pathlib import Path

from support.suites import encoded, host_run, write

from kbench.present.suite import stages as stages_table
from kbench.suite.load import load
from kbench.suite.stages import StageSummary, summarize_stages
from kbench.suite.suite import Benchmark, Run
from kbench.suite.summary import summarize


def run(**figures: float | str) -> Run:
    return Run((1.0,), {f"kbench_{key}": value for key, value in figures.items()}, {})


def path_of(late: float, tell: float) -> dict[str, float | str]:
    return {
        "hdr_late": encoded(1000), "late_p50": late, "late_p99": 10 * late,
        "hdr_tell": encoded(2000), "tell_p50": tell, "tell_p99": 10 * tell,
    }  # fmt: skip


def test_they_stand_in_the_order_of_the_path_with_medians() -> None:
    runs = run(**path_of(1, 5)), run(**path_of(2, 6)), run(**path_of(3, 90), void="stolen")
    found = summarize_stages(Benchmark("vtl.enter@kick", "second", runs))
    assert found == (StageSummary("late", 1.5, 15), StageSummary("tell", 5.5, 55))


def test_no_p99_of_fewer_than_100_events_a_run() -> None:
    """It would be their maximum."""
    few, enough = (run(**path_of(1, 5), count=count) for count in (99, 100))
    (late, _) = summarize_stages(Benchmark("vtl.enter@kick", "second", (few, enough)))
    assert (late.p50, late.p99) == (1, None)
    (late, _) = summarize_stages(Benchmark("vtl.enter@kick", "second", (enough,)))
    assert late.p99 == 10


def test_without_a_figure_there_is_no_stage() -> None:
    assert summarize_stages(Benchmark("a.b", "second", (run(hdr_late=""),))) == ()


def test_the_table_shows_them(tmp_path: Path) -> None:
    stages = {f"kbench_{key}": value for key, value in path_of(1e-6, 2e-6).items()}
    path = write(tmp_path / "a.json", {"vtl.enter@kick": [host_run(6e-6, **stages)]})
    (table,) = stages_table([summarize(row) for row in load(path)]).rows
    assert table == ("vtl.enter@kick", "late 1.00 us, tell 2.00 us")
