# SPDX-License-Identifier: MIT
"""Who is best, and who is level: nobody is named without being apart from each other one."""

from pathlib import Path

import pytest
from support.suites import LAB, Metadata, host_run, lab_run, write

from kbench.answers.level import (
    apart,
    best,
    comparable,
    listed,
    not_compared,
    on_plan,
    same_scope,
    superlative,
)
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import LATENCY, TAIL
from kbench.suite.load import load


def rows(folder: Path, lab: bool = False, **runs: list[Metadata]) -> list[Measured]:
    """Rows of family wake by policy."""
    named = {f"wake.irqfd@{name}": made for name, made in runs.items()}
    suite = load(write(folder / "suite.json", named, **(LAB if lab else {})))
    return [Measured(benchmark) for benchmark in suite]


def around(median: float, runs: int = 10, step: float = 1e-9) -> list[Metadata]:
    return [host_run(median + number * step) for number in range(runs)]


def test_one_that_is_apart_from_each_other_is_named(tmp_path: Path) -> None:
    found = rows(tmp_path, a=around(1e-5), b=around(2e-5), c=around(3e-5))
    assert superlative(found, LATENCY, "wakes first", "wake first") == "a wakes first"


def test_those_that_nothing_tells_apart_are_named_together(tmp_path: Path) -> None:
    found = rows(tmp_path, a=around(1e-5), b=around(3e-5), c=around(1e-5 + 5e-9))
    assert (
        superlative(found, LATENCY, "wakes first", "wake first")
        == "a and c wake first and are level"
    )


def test_a_large_level_group_is_counted_and_four_of_it_named(tmp_path: Path) -> None:
    five = dict.fromkeys("abcde", around(1e-5))
    found = rows(tmp_path, lab=False, **five, f=around(3e-5))
    assert (
        superlative(found, LATENCY, "wakes first", "wake first")
        == "5 policies, a, b, c and d among them, wake first and are level"
    )


def test_chance_separates_few_runs(tmp_path: Path) -> None:
    """Three runs lie beyond three others in one of ten draws from one population."""
    three, five = around(1e-5, 3), around(1e-5, 5)
    a, b = rows(tmp_path, a=three, b=around(2e-5, 3))
    assert not apart(a, b, LATENCY)
    a, b = rows(tmp_path, a=five, b=around(2e-5, 5))
    assert apart(a, b, LATENCY) and not apart(a, b, LATENCY, comparisons=5)


def test_exact_counts_differ_or_do_not(tmp_path: Path) -> None:
    a, b, c = rows(tmp_path, lab=True, a=[lab_run(7)], b=[lab_run(8)], c=[lab_run(7)])
    assert apart(a, b, LATENCY) and not apart(a, c, LATENCY)


def test_an_exact_count_is_apart_from_a_sample_beyond_it(tmp_path: Path) -> None:
    windows = [lab_run(140 + number, kbench_phases=10) for number in range(10)]
    exact, sample, few = rows(tmp_path, lab=True, a=[lab_run(7)], b=windows, c=windows[:3])
    assert apart(exact, sample, LATENCY) and apart(sample, exact, LATENCY)
    assert not apart(exact, few, LATENCY)


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ({"kbench_event_source": "vmm-timer"}, "what fires their events"),
        ({"kbench_cpu_account": "vcpu+work"}, "whose CPU time they count"),
        ({"kbench_cgroup": "each"}, "the cgroups of their threads"),
        ({"kbench_kernel": "6.2"}, "the kernel"),
        ({"kbench_backend": "svm"}, "where they were measured"),
    ],
)
def test_rows_of_other_scope_are_not_compared(tmp_path: Path, mark: Metadata, says: str) -> None:
    found = rows(tmp_path, a=around(1e-5), b=[run | mark for run in around(2e-5)])
    with pytest.raises(Unsupported, match=says):
        best(found, LATENCY)
    kept = same_scope(found)
    assert [row.policy for row in kept] == ["a"]
    assert not_compared(found, kept) == f"; not compared: b ({says})"
    assert not_compared(kept, kept) == ""


def test_nothing_is_best_of_nothing() -> None:
    with pytest.raises(Unsupported, match="none of these was measured"):
        comparable([])


def test_a_tail_of_too_few_events_is_not_compared(tmp_path: Path) -> None:
    few = [run | {"kbench_count": 99} for run in around(1e-5)]
    a, b = rows(tmp_path, a=few, b=around(2e-5))
    with pytest.raises(Unsupported, match="p99 of 99 events is their maximum"):
        apart(a, b, TAIL)


def test_lists() -> None:
    assert [listed(names) for names in (["a"], ["a", "b"], ["a", "b", "c"])] == [
        "a", "a and b", "a, b and c"
    ]  # fmt: skip


def test_a_pattern_that_the_catalogue_lacks_has_no_planned_rate(tmp_path: Path) -> None:
    (row,) = load(write(tmp_path / "suite.json", {"idle.gone@hlt": around(1e-5)}))
    with pytest.raises(Unsupported, match=r"idle.gone@hlt: no pattern 'gone'"):
        on_plan(Measured(row))
