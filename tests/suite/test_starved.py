# SPDX-License-Identifier: MIT
"""What other tasks took from a run is said with its figures."""

from pathlib import Path

import pytest
from support.suites import Metadata, host_run, write

from kbench.judge.compat import differences
from kbench.suite.load import load
from kbench.suite.suite import Benchmark
from kbench.suite.summary import summarize


def measured(
    place: Path, name: str, runs: int = 3, *, waited: float = 0.0, switches: int = 0,
    cpu: float = 0.0, **more: str | float,
) -> Benchmark:  # fmt: skip
    """A benchmark of runs of 1 s in which a thread waited and was preempted as often."""
    run: Metadata = host_run(
        7e-6,
        kbench_counter_wall_s=1.0,
        kbench_counter_waited_s=waited,
        kbench_counter_cpu_s=cpu,
        kbench_counter_progress=1.0,
        kbench_nivcsw=switches,
        kbench_load=19.0,
        **more,
    )
    path = write(place / f"{waited}-{switches}.json", {name: [run] * runs})
    (benchmark,) = load(path)
    return benchmark


@pytest.mark.parametrize(("switches", "above"), [(0, ""), (1, "p99.9"), (30, "p90"), (120, "p50")])
def test_which_percentiles_are_other_tasks(tmp_path: Path, switches: int, above: str) -> None:
    """Of 200 events a run."""
    found = summarize(measured(tmp_path, "exit.pio_out", switches=switches)).warnings
    wanted = [f"other tasks took its pCPU: {above} and what is above are theirs"] if above else []
    assert list(found) == wanted


def test_a_spinning_vcpu_costs_a_whole_pcpu(tmp_path: Path) -> None:
    """However little the others left it; one that halts is not taken for a spinning one."""
    spins = summarize(measured(tmp_path, "idle.poisson@spin", cpu=0.21, waited=0.79))
    assert spins.idle and spins.idle.share == pytest.approx(1.0)
    assert "share of the rest" in spins.warnings[0]
    halts = summarize(measured(tmp_path, "idle.poisson@hlt", cpu=0.04, waited=0.2))
    assert halts.idle and halts.idle.share == pytest.approx(0.05)
    alone = summarize(measured(tmp_path, "idle.poisson@hlt", cpu=0.04, waited=0.01))
    assert alone.idle and alone.idle.share == pytest.approx(0.04) and alone.warnings == ()


def test_where_the_vmm_works_the_share_is_what_the_vcpu_got(tmp_path: Path) -> None:
    row = summarize(measured(tmp_path, "work.batch@spin", cpu=0.21, waited=0.79))
    assert row.idle and row.idle.share == pytest.approx(0.21)


def test_a_comparison_lists_it(tmp_path: Path) -> None:
    quiet = measured(tmp_path, "exit.pio_out", waited=0.01)
    busy = measured(tmp_path, "exit.pio_out", waited=0.8)
    (found,) = differences([(quiet, busy)])
    assert str(found) == "other tasks: none -> took the pCPU in 3 of 3 runs, load 19"
    assert not found.forbids
    assert differences([(quiet, quiet)]) == ()
