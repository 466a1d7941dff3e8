# SPDX-License-Identifier: MIT
"""README.md's answer to the RFC: every figure is what the stored suites give."""

import pytest
from support.docs import ROOT

from kbench.metrics import metrics
from kbench.suite.load import load
from kbench.suite.suite import Benchmark

SUITES = ROOT / "reports" / "rfc-idle" / "suites"
KERNELS = ("6.1", "6.12")
ANSWER = " ".join((ROOT / "README.md").read_text().partition("## The answer")[2].split())
ANSWER = ANSWER.partition(" ## ")[0]


@pytest.fixture(scope="module")
def suites() -> dict[str, dict[str, Benchmark]]:
    """The benchmarks by name of each lab suite, by `KERNEL-VARIANT`."""
    names = [f"{kernel}-{variant}" for kernel in KERNELS for variant in ("stock", "all")]
    return {name: dict(load(SUITES / f"lab-{name}.json").benchmarks) for name in names}


def exact(row: Benchmark, metric: str = "min") -> int:
    """The one figure of a row of the lab."""
    (figure,) = row.figures(metrics()[metric])
    return round(figure)


def windows(*rows: Benchmark) -> tuple[int, int]:
    """The least and the greatest value of ten windows, each row's."""
    found = [row.figures(metrics()["value"]) for row in rows]
    assert all(len(values) == 10 for values in found)
    return round(min(map(min, found))), round(max(map(max, found)))


def test_the_work_beside_an_idle_vcpu(suites: dict[str, dict[str, Benchmark]]) -> None:
    nop, yields, hlt = (
        [suites[f"{kernel}-all"][f"work.batch@{policy}"] for kernel in KERNELS]
        for policy in ("mwait-nop", "mwait-yield", "hlt")
    )
    for rows in (hlt, nop, yields[:1], yields[1:]):
        low, high = windows(*rows)
        assert f"{low:,} to {high:,}" in ANSWER
    assert windows(*nop)[0] > 1.7 * windows(*hlt)[1], "half its throughput"
    assert windows(yields[0])[1] > windows(nop[0])[0], "the windows of 6.1 overlap"
    assert windows(yields[1])[1] < windows(nop[1])[0], "those of 6.12 do not"


def test_an_exit_to_userspace(suites: dict[str, dict[str, Benchmark]]) -> None:
    exits, skips = [], []
    for kernel in KERNELS:
        rows = suites[f"{kernel}-all"]
        exits.append(exact(rows["exit.mwait_user"]))
        skips.append(exact(rows["inkernel.mwait@nop"], "per_instruction_min"))
    more = [one - other for one, other in zip(exits, skips, strict=True)]
    assert f"takes {more[0]:,} instructions more (6.12: {more[1]:,})" in ANSWER
    assert "{:,} ({:,}) against {:,} ({:,})".format(*exits, *skips) in ANSWER


def test_how_the_vmm_learns_of_an_interrupt(suites: dict[str, dict[str, Benchmark]]) -> None:
    for way, text in (("poll", "{:,} ({:,}) instructions after"), ("byte", "kvm_run {:,} ({:,})")):
        rows = [suites[f"{kernel}-all"][f"mpstate.right@{way}"] for kernel in KERNELS]
        assert text.format(*(exact(row, "p50") for row in rows)) in ANSWER
    assert not any("mpstate.right@get" in suite for suite in suites.values()), "a skip"


def test_what_the_extension_costs_unused(suites: dict[str, dict[str, Benchmark]]) -> None:
    more = [
        exact(suites[f"{kernel}-all"]["exit.pio_out"])
        - exact(suites[f"{kernel}-stock"]["exit.pio_out"])
        for kernel in KERNELS
    ]
    assert f"add {more[0]} instruction (6.12: {more[1]})" in ANSWER
