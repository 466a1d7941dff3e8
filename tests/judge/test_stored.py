# SPDX-License-Identifier: MIT
"""The rules on stored suites of real runs (tests/data/README.md says what they are)."""

import random
from datetime import date
from pathlib import Path

import pytest

from kbench.judge.compare import Comparison, Options, compare
from kbench.judge.gate import outcome
from kbench.judge.rules import HostRule
from kbench.judge.selftest import assess
from kbench.judge.verdict import Margin
from kbench.metrics import metrics
from kbench.suite.load import load

DATA = Path(__file__).parents[1] / "data"


def compared(base: str, head: str, margin: Margin | None = None) -> Comparison:
    chosen = Options(today=date(2026, 1, 1), margin=margin)
    return compare(load(DATA / f"{base}.json"), load(DATA / f"{head}.json"), chosen)


def test_nothing_changed() -> None:
    for sides in (("host-a", "host-again"), ("host-again", "host-a")):
        assert outcome(compared(*sides), strict=False).exit_code == 0


def test_ten_percent_of_delay_is_found() -> None:
    for base in ("host-a", "host-again"):
        found = compared(base, "host-delayed")
        assert outcome(found, strict=False).exit_code == 1
        p50 = next(row for row in found.changes if row.metric == "p50")
        assert p50.low < 0.10 < p50.high


def test_self_test_of_the_stored_arms() -> None:
    a, again, delayed = (
        load(DATA / f"{name}.json").benchmarks["exit.pio_out"]
        for name in ("host-a", "host-again", "host-delayed")
    )
    report = assess(a, again, {0.10: delayed}, HostRule(), 1.0, random.Random(1))
    assert (report.gates, report.alarms) == (2, 0)
    assert report.resampled <= 0.01
    assert report.levels[0].measured == pytest.approx(0.10, abs=0.05)


def test_one_instruction_in_the_guest() -> None:
    """One nop more before OUT: exactly one instruction more, in that benchmark alone."""
    found = compared("lab-pio", "lab-pio-nop", margin=Margin(0.0))
    assert outcome(found, strict=True).exit_code == 1
    deltas = {(row.benchmark, row.delta) for row in found.changes}
    assert deltas == {("exit.pio_out", 1.0), ("floor.syscall", 0.0)}
    (difference,) = found.differences
    assert difference.benchmarks == ("exit.pio_out",) and "guest" in difference.key
    assert outcome(compared("lab-pio", "lab-pio-nop"), strict=True).exit_code == 0
    assert outcome(compared("lab-pio", "lab-pio", margin=Margin(0.0)), strict=True).exit_code == 0


@pytest.mark.parametrize("path", sorted(DATA.glob("*-*.json")), ids=lambda path: path.stem)
def test_histograms_agree_with_the_stored_percentiles(path: Path) -> None:
    for benchmark in load(path):
        scale = 1e-9 if benchmark.unit == "second" else 1
        for run in benchmark.good:
            p50 = run.histogram().get_value_at_percentile(50) * scale
            # An exact maximum may lie below the edge of its 0.1 % wide bucket.
            assert run.figure(metrics()["p50"]) == pytest.approx(p50, rel=1e-3)
