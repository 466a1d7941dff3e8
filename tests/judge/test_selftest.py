# SPDX-License-Identifier: MIT
"""The self-test's report from arms with known truth."""

import random
from pathlib import Path

import pytest
from scipy import stats
from support.suites import host_run, noisy, write

from kbench.errors import KbenchError
from kbench.judge.rules import HostRule
from kbench.judge.selftest import Report, assess, upper_bound
from kbench.suite.load import load
from kbench.suite.suite import Benchmark


def arm(tmp_path: Path, factor: float, runs: int, seed: int, spread: float = 0.02) -> Benchmark:
    path = write(tmp_path / "arm.json", {"exit.a": noisy(6e-6 * factor, runs, seed, spread)})
    return load(path).benchmarks["exit.a"]


def report(tmp_path: Path, runs: int, spread: float) -> Report:
    levels = {
        share: arm(tmp_path, 1 + share, runs, 10 + seed, spread)
        for seed, share in enumerate((0.05, 0.1, 0.2))
    }
    first, second = (arm(tmp_path, 1, runs, seed, spread) for seed in (1, 2))
    return assess(first, second, levels, HostRule(), 1.0, random.Random(1))


def test_quiet_machine(tmp_path: Path) -> None:
    found = report(tmp_path, 60, 0.02)
    assert (found.gates, found.alarms, found.pairs, found.rounds) == (3, 0, 20, 60)
    assert found.resampled == 0.0
    assert [level.power for level in found.levels] == [pytest.approx(1, abs=0.1), 1.0, 1.0]
    assert found.smallest == pytest.approx(0.05, abs=0.02)
    assert found.levels[2].measured == pytest.approx(0.2, abs=0.02)


def test_noisy_machine(tmp_path: Path) -> None:
    found = report(tmp_path, 40, 0.3)
    assert found.levels[0].power < 0.5
    assert found.smallest is None or found.smallest > 0.1


def test_rounds_with_a_void_run_do_not_count(tmp_path: Path) -> None:
    runs = noisy(6e-6, 20, 1)
    good = arm(tmp_path, 1, 21, 2)
    spoilt = [*runs[:5], host_run(60e-6, kbench_void="migrated"), *runs[5:]]
    path = write(tmp_path / "arm.json", {"exit.a": spoilt})
    void = load(path).benchmarks["exit.a"]
    found = assess(good, void, {}, HostRule(), 1.0, random.Random(1))
    assert (found.rounds, found.alarms) == (20, 0)
    with pytest.raises(KbenchError, match="needs 20"):
        assess(good, void, {0.1: arm(tmp_path, 1.1, 19, 3)}, HostRule(), 1.0, random.Random(1))


@pytest.mark.parametrize(("alarms", "gates"), [(0, 1), (0, 20), (1, 20), (5, 100), (3, 3)])
def test_upper_bound(alarms: int, gates: int) -> None:
    """Clopper-Pearson, one-sided, as scipy computes it."""
    test = stats.binomtest(alarms, gates, alternative="less")
    expected = test.proportion_ci(confidence_level=0.95, method="exact").high
    assert upper_bound(alarms, gates) == pytest.approx(expected, abs=1e-5)
