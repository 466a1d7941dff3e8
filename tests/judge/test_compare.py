# SPDX-License-Identifier: MIT
"""Comparing suites: what is refused, listed, left out, judged and acknowledged."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.suites import LAB, Metadata, host_run, lab_run, noisy, write

from kbench.errors import KbenchError
from kbench.judge.compare import Comparison, Options, compare
from kbench.judge.gate import outcome
from kbench.judge.project import Acknowledged, Project
from kbench.judge.verdict import Margin, Verdict
from kbench.present.changes import footnotes
from kbench.suite.load import load

TODAY = date(2026, 1, 15)
Compared = Callable[..., Comparison]


@pytest.fixture
def run(tmp_path: Path) -> Compared:
    """Write two suites and compare them: run(base runs, head runs, head provenance, options)."""

    def compared(
        base: dict[str, list[Metadata]],
        head: dict[str, list[Metadata]],
        provenance: Metadata | None = None,
        **options: Any,
    ) -> Comparison:
        first = write(tmp_path / "base.json", base)
        second = write(tmp_path / "head.json", head, **(provenance or {}))
        chosen = Options(today=TODAY, **options)
        return compare(load(first), load(second), chosen)

    return compared


def verdicts(comparison: Comparison) -> dict[str, str]:
    return {f"{row.benchmark} {row.metric}": str(row.verdict) for row in comparison.changes}


def lab(count: int, runs: int = 1) -> list[Metadata]:
    return [lab_run(count, **LAB)] * runs


def test_host_verdicts(run: Compared) -> None:
    base = {"exit.a": noisy(6e-6, 20, 1), "exit.b": noisy(6e-6, 20, 2), "exit.c": noisy(6e-6, 6, 3)}
    head = {"exit.a": noisy(6e-6, 20, 4), "exit.b": noisy(7e-6, 20, 5), "exit.c": noisy(9e-6, 6, 6)}
    comparison = run(base, head)
    found = verdicts(comparison)
    assert found["exit.a p50"] == "same"
    assert found["exit.b p50"] == found["exit.b p90"] == "worse"
    assert found["exit.c p50"] == "cannot tell"
    assert "exit.a value" not in found, "the mean is in the histogram already"
    assert "exit.a p99_9" not in found
    change = next(row for row in comparison.changes if row.benchmark == "exit.b")
    assert change.low < 7 / 6 - 1 < change.high
    assert outcome(comparison, strict=False).exit_code == 1


def test_lab_finds_one_instruction(run: Compared) -> None:
    base, head = {"exit.pio_out": lab(3031)}, {"exit.pio_out": lab(3032)}
    found = run(base, head, margin=Margin(0.0))
    assert {row.metric: row.delta for row in found.changes} == {
        "min": 1.0, "p50": 1.0, "p90": 1.0, "p99": 1.0,
    }  # fmt: skip
    assert outcome(found, strict=False).exit_code == 1
    assert outcome(run(base, head), strict=True).exit_code == 0
    assert outcome(run(base, base, margin=Margin(0.0)), strict=True).exit_code == 0


def test_lab_phases_are_a_sample(run: Compared) -> None:
    """Ten phases a side that overlap are no difference, and ten that do not are one."""

    def phases(*counts: int) -> list[Metadata]:
        return [lab_run(count, **LAB, kbench_phases=10) for count in counts]

    base = phases(*range(19000, 20000, 100))
    again, faster = phases(*range(19030, 20030, 100)), phases(*range(12000, 13000, 100))
    same = run({"work.batch@hlt": base}, {"work.batch@hlt": again}, margin=Margin(0.05))
    assert verdicts(same)["work.batch@hlt p50"] == "same" and not same.changes[0].exact
    better = run({"work.batch@hlt": base}, {"work.batch@hlt": faster}, margin=Margin(0.0, 10))
    assert verdicts(better)["work.batch@hlt p50"] == "better"
    assert any("not time" in line for line in footnotes(better))
    unsure = run({"work.batch@hlt": base}, {"work.batch@hlt": again}, margin=Margin(0.001))
    p50 = next(row for row in unsure.changes if row.metric == "p50")
    assert str(p50.verdict) == "cannot tell" and p50.further_pairs is None
    change = next(row for row in better.changes if row.metric == "p50")
    assert change.low < 12500 / 19500 - 1 < change.high and change.high - change.low < 0.1


def test_lab_phases_are_compared_in_pairs(run: Compared) -> None:
    """Each phase of the tick has a level of its own, which says nothing of a change."""
    levels = [500, 500, 4000, 4100, 520, 3900, 510, 505, 3500, 515]

    def phases(more: int, last: int = 10) -> list[Metadata]:
        return [lab_run(count + more, **LAB, kbench_phases=10) for count in levels[:last]]

    paired = run({"idle.tick250@spin": phases(0)}, {"idle.tick250@spin": phases(4)})
    assert verdicts(paired)["idle.tick250@spin p50"] == "same"
    void = run({"idle.tick250@spin": phases(0)}, {"idle.tick250@spin": phases(4, last=9)})
    assert verdicts(void)["idle.tick250@spin p50"] == "cannot tell"


def test_lab_value_that_is_no_mean_is_judged(run: Compared) -> None:
    base, head = ([lab_run(5000, value=share, **LAB)] for share in (20.0, 40.0))
    comparison = run({"idle.silent": base}, {"idle.silent": head})
    assert verdicts(comparison)["idle.silent value"] == "worse"
    assert verdicts(comparison)["idle.silent min"] == "same"


def test_kernels_are_compared_where_they_are_the_question(run: Compared) -> None:
    sides = ({"exit.hlt": [lab_run(100)]}, {"exit.hlt": [lab_run(100)]})
    with pytest.raises(KbenchError, match="cannot be compared: lab kernel"):
        run(*sides, {"kbench_pin_kernel": "6.13"})
    found = run(*sides, {"kbench_pin_kernel": "6.13"}, across_kernels=True)
    assert not found.forced
    with pytest.raises(KbenchError, match="cannot be compared: lab qemu"):
        run(*sides, {"kbench_pin_qemu": "11"}, across_kernels=True)


@pytest.mark.parametrize(
    ("key", "name", "value"),
    [
        ("kbench_backend", "backend", "svm"),
        ("kbench_target", "target", "lab"),
        ("kbench_cpu_model", "cpu model", "Test CPU 2"),
        ("kbench_pin_qemu", "lab qemu", "10.0"),
        ("unit", "unit", "byte"),
    ],
)
def test_incomparable_is_refused_unless_forced(
    run: Compared, key: str, name: str, value: str
) -> None:
    sides = {"exit.hlt": noisy(6e-6, 3, 1)}, {"exit.hlt": noisy(6e-6, 3, 2)}
    with pytest.raises(KbenchError, match=f"cannot be compared: .*{name}: .*{value}"):
        run(*sides, {key: value})
    forced = run(*sides, {key: value}, force=True)
    assert forced.forced and forced.differences[0].key == key


def test_runs_of_two_backends_in_one_file_are_refused(run: Compared) -> None:
    mixed = [host_run(6e-6), host_run(6e-6, kbench_backend="svm")]
    with pytest.raises(KbenchError, match=r"backend: vmx \| svm"):
        run({"exit.hlt": mixed}, {"exit.hlt": mixed})


def test_other_differences_are_listed(run: Compared) -> None:
    names = [f"exit.{letter}" for letter in "abcdef"]
    base = {name: [host_run(6e-6, kbench_load=0.1)] for name in names}
    head = {name: [host_run(6e-6, kbench_load=0.9)] for name in names}
    head["exit.a"] = [host_run(6e-6, kbench_halt_poll_ns=200_000)]
    found = run(base, head, {"kbench_kernel": "6.12.0"})
    assert [str(row) for row in found.differences] == [
        "halt poll ns: unknown -> 200000 (exit.a)",
        "kernel: 6.1.0-test -> 6.12.0",
    ]
    assert not found.forced


def test_void_runs_are_left_out_and_counted(run: Compared) -> None:
    good, bad = noisy(6e-6, 20, 1), [host_run(60e-6, kbench_void="migrated")] * 10
    comparison = run({"exit.hlt": good}, {"exit.hlt": noisy(6e-6, 20, 2) + bad})
    assert verdicts(comparison)["exit.hlt p50"] == "same"
    (void,) = comparison.voids
    assert (void.side, void.void, void.runs, void.reason) == ("head", 10, 30, "migrated")


def test_too_many_void_runs_are_unusable(run: Compared) -> None:
    good, bad = noisy(6e-6, 3, 1), [host_run(6e-6, kbench_void="migrated")] * 4
    comparison = run({"exit.hlt": good}, {"exit.hlt": good + bad})
    assert comparison.changes == ()
    assert outcome(comparison, strict=False).exit_code == 2
    every = run({"exit.hlt": bad}, {"exit.hlt": bad})
    assert outcome(every, strict=False).exit_code == 2


def test_benchmarks_on_one_side(run: Compared) -> None:
    base = {"exit.a": lab(10), "exit.gone": lab(10)}
    comparison = run(base, {"exit.a": lab(10), "exit.new": lab(10)})
    assert (comparison.only_base, comparison.only_head) == (("exit.gone",), ("exit.new",))
    assert outcome(comparison, strict=False).exit_code == 0
    assert outcome(comparison, strict=True).exit_code == 3
    with pytest.raises(KbenchError, match="no benchmark in common"):
        run({"exit.a": lab(10)}, {"exit.b": lab(10)})


def test_acknowledged_regression(run: Compared) -> None:
    sides = {"exit.hlt": lab(3000)}, {"exit.hlt": lab(3100)}

    def code(**entry: Any) -> int:
        known = Acknowledged(**{"benchmark": "exit.*", "reason": "fix", "expires": TODAY, **entry})
        return outcome(run(*sides, project=Project(acknowledged=(known,))), strict=True).exit_code

    assert code() == 0
    assert code(expires=date(2026, 1, 14)) == 1
    assert code(metric="p50") == 1, "min is worse, too"
    assert code(up_to="3.4%") == 0
    assert code(up_to="3%") == 1
    assert code(benchmark="wake.*") == 1


def test_margins_of_project_and_command_line(run: Compared) -> None:
    sides = {"exit.a": noisy(6e-6, 20, 1)}, {"exit.a": noisy(6.6e-6, 20, 2)}
    assert verdicts(run(*sides))["exit.a p50"] == "worse"
    wide = run(*sides, margins={"p50": Margin(0.3)})
    assert verdicts(wide) == {"exit.a p50": "same", "exit.a p90": "worse", "exit.a p99": "same"}
    assert set(verdicts(run(*sides, margin=Margin(0.3))).values()) == {"same"}


def test_shown_metrics_are_not_judged(run: Compared) -> None:
    sides = {"exit.a": noisy(6e-6, 20, 1)}, {"exit.a": noisy(9e-6, 20, 2)}
    rows = {row.metric: row for row in run(*sides, shown=("max", "value")).changes}
    assert rows["max"].verdict is None and rows["value"].verdict is Verdict.WORSE


def test_zero_is_no_duration(run: Compared) -> None:
    zero = [host_run(6e-6, kbench_p50=0.0, kbench_min=0.0)] * 20
    found = run({"exit.a": zero}, {"exit.a": zero})
    assert verdicts(found)["exit.a p50"] == "cannot tell"


def test_holm_over_all_benchmarks(run: Compared) -> None:
    """Many benchmarks that just differ by chance: a single one would be called, the family not."""
    base = {f"exit.b{i}": noisy(6e-6, 20, i, 0.15) for i in range(80)}
    head = {f"exit.b{i}": noisy(6e-6, 20, 500 + i, 0.15) for i in range(80)}
    assert "worse" not in verdicts(run(base, head)).values()
