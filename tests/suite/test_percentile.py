# SPDX-License-Identifier: MIT
"""A percentile of too few events is shown nowhere, compared nowhere and named nowhere."""

from pathlib import Path

import pytest
from support.suites import encoded, host_run, write

from kbench.judge.compare import compare
from kbench.judge.options import options
from kbench.metrics import metrics
from kbench.present.suite import percentiles
from kbench.suite.format import fewest
from kbench.suite.load import load
from kbench.suite.suite import Suite
from kbench.suite.summary import summarize


@pytest.mark.parametrize(
    ("percent", "events"), [(90, 10), (99, 100), (99.9, 1000), (99.99, 10_000)]
)
def test_it_needs_one_event_in_the_tail(percent: float, events: int) -> None:
    assert fewest(percent) == events


def test_the_median_of_one_event_is_that_event() -> None:
    assert fewest(50) == 1


def few(tmp_path: Path, name: str, median: float = 6e-6) -> Suite:
    """A suite of runs with 54 events each, whose p99 is their maximum."""
    run = host_run(median, kbench_count=54, kbench_hdr=encoded(6000, events=54))
    return load(write(tmp_path / name, {"exit.hlt": [run] * 2}))


def test_a_run_has_none_of_too_few(tmp_path: Path) -> None:
    (benchmark,) = few(tmp_path, "a.json")
    found = {name: benchmark.figures(metrics()[name]) for name in ("p50", "p90", "p99")}
    assert len(found["p50"]) == len(found["p90"]) == 2 and found["p99"] == []


def test_one_run_of_too_few_is_none_of_the_benchmark(tmp_path: Path) -> None:
    runs = [host_run(6e-6), host_run(6e-6, kbench_count=99, kbench_hdr=encoded(6000, events=99))]
    (benchmark,) = load(write(tmp_path / "a.json", {"exit.hlt": runs}))
    assert benchmark.figures(metrics()["p99"]) == []


def test_show_leaves_it_out(tmp_path: Path) -> None:
    (benchmark,) = few(tmp_path, "a.json")
    table = percentiles([summarize(benchmark)], "here")
    cells = dict(zip((column.title for column in table.columns), table.rows[0], strict=True))
    assert cells["p50"] is not None and cells["p99"] is not None  # 108 events together
    assert cells["p99.9"] is None


def test_it_is_not_compared(tmp_path: Path) -> None:
    base, head = few(tmp_path, "a.json"), few(tmp_path, "b.json", 7e-6)
    judged = {change.metric for change in compare(base, head, options()).changes}
    assert "p90" in judged and not judged & {"p99", "p99_9", "p99_99"}
