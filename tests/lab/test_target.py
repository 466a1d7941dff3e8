# SPDX-License-Identifier: MIT
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyperf
import pytest
from support.cli import kbench

from kbench._native.hdr import bucket_index
from kbench.catalogue import find
from kbench.kmod import modules
from kbench.lab import errors, labs, protocol, target
from kbench.lab.labs import LabResult
from kbench.lab.vm.machines import VMX
from kbench.record.writer import SuiteWriter
from kbench.suite.load import load
from kbench.targets.options import RunOptions
from kbench.targets.target import Step

IDENTITY = {"qemu": "7.2.22", "kernel": "6.1.192-2", "cpu": "max", "machine": "0123"}
FACTS: dict[str, str | int | float] = {
    "kbench_cpu_model": "QEMU TCG",
    "kbench_kernel": "6.1.0-56-amd64",
}
COUNTS = protocol.Counts(
    buckets=((3021, 499), (3099, 1)),
    count=500,
    minimum=3021,
    maximum=3099,
    total=499 * 3021 + 3099,
    counters={"kvm_exits": 500},
    figures={"control_p50": 2900.0},
    warnings=("the vCPUs share CPUs",),
    void="",
    guest_sha256="ab",
)


def result(name: str, **more: Any) -> LabResult:
    return LabResult(benchmark=name, kvm=("stock", "f00"), identity=IDENTITY, facts=FACTS, **more)


def test_result_becomes_a_run_that_pyperf_reads(tmp_path: Path) -> None:
    path = tmp_path / "lab.json"
    path.write_bytes(target.suite(result("exit.hlt", counts=COUNTS), COUNTS, "HLT"))
    (benchmark,) = pyperf.BenchmarkSuite.load(str(path))
    assert benchmark.get_unit() == "integer"
    assert benchmark.get_values() == (COUNTS.total / 500,)
    (row,) = load(path)
    metadata = row.runs[0].metadata
    assert metadata["kbench_target"] == "lab"
    assert metadata["kbench_backend"] == "svm-tcg"
    assert metadata["kbench_extension"] == "stock"
    assert metadata["kbench_pin_qemu"] == "7.2.22"
    assert metadata["kbench_min"] == 3021
    assert metadata["kbench_max"] == 3099
    assert metadata["kbench_counter_kvm_exits"] == 500
    assert metadata["kbench_control_p50"] == 2900
    assert row.runs[0].warnings == ("the vCPUs share CPUs",)
    assert row.histogram().get_total_count() == 500


@pytest.mark.parametrize("void", ["no event was handled", ""])
def test_a_zero_is_a_value_or_a_void_run(tmp_path: Path, void: str) -> None:
    """Of events that took no instruction, or of a window without an event: neither is lost."""
    nothing = {"minimum": 0, "maximum": 0, "total": 0, "figures": {}, "void": void}
    buckets = {"buckets": (), "count": 0} if void else {"buckets": ((0, 5),), "count": 5}
    counts = protocol.Counts(**{**asdict(COUNTS), **nothing, **buckets})
    path = tmp_path / "lab.json"
    with SuiteWriter(path) as writer:
        writer.add(target.suite(result("wake.irqfd@hlt", counts=counts), counts, "HLT"))
        writer.add(target.suite(result("exit.hlt", counts=COUNTS), COUNTS, "HLT"))
    row, _ = load(path)
    assert row.runs[0].void == void and row.runs[0].values == (1.0,)
    shown = kbench("show", path)
    assert "exit.hlt" in shown.worked()
    assert ("wake.irqfd@hlt: no run has an event; no event was handled" in shown.err) is bool(void)


def pretend(monkeypatch: pytest.MonkeyPatch, results: "list[LabResult]") -> "list[str]":
    """A lab that answers with these results; the names that it is asked for."""
    asked: list[str] = []
    answers = {entry.benchmark: entry for entry in results}

    def measure_all(lab: object, names: "list[str]", **rest: object) -> "Iterator[LabResult]":
        asked.extend(names)
        return iter([answers[name] for name in names])

    monkeypatch.setattr(labs, "prepare", lambda kernel, variant, report, machine: None)
    monkeypatch.setattr(labs, "measure_all", measure_all)
    return asked


def test_what_a_policy_lacks_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = "this KVM lacks it"
    results = [
        result("wake.irqfd@hlt", counts=COUNTS),
        result("idle.silent@hlt", counts=COUNTS),
        result("wake.irqfd@mwait-yield", skipped=lacking),
    ]
    names = ["idle.silent@hlt", "idle.silent@mwait-yield", "work.batch@mwait-yield"]
    rows = [find(name) for name in (*names, "wake.irqfd@hlt", "wake.irqfd@mwait-yield")]
    asked = pretend(monkeypatch, results)
    with SuiteWriter(tmp_path / "lab.json") as writer:
        outcome = target.LabTarget().measure(rows, RunOptions(), writer, progress=lambda step: None)
    assert asked == ["wake.irqfd@hlt", "wake.irqfd@mwait-yield", "idle.silent@hlt"]
    skipped = ("wake.irqfd@mwait-yield", "idle.silent@mwait-yield", "work.batch@mwait-yield")
    assert outcome.skipped == dict.fromkeys(skipped, lacking)


def test_session_sorts_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = [
        result("exit.hlt", counts=COUNTS),
        result("exit.pio_out", skipped="this KVM has no KVM_CAP_X"),
        result("exit.pio_in", error=errors.LabPanic("it panicked")),
    ]
    pretend(monkeypatch, results)
    rows = [find(entry.benchmark) for entry in results]
    steps: list[Step] = []
    with SuiteWriter(tmp_path / "lab.json") as writer:
        outcome = target.LabTarget().measure(rows, RunOptions(), writer, progress=steps.append)
    assert outcome.skipped == {"exit.pio_out": "this KVM has no KVM_CAP_X"}
    assert outcome.failed == {"exit.pio_in": "exit.pio_in: it panicked"}
    assert {step.benchmark for step in steps} == {row.name for row in rows}
    assert [(step.done, step.total, step.unit) for step in steps] == [
        (number, 3, "integer") for number in (1, 2, 3)
    ]
    assert [row.name for row in load(tmp_path / "lab.json")] == ["exit.hlt"]


def test_a_guest_without_an_event_is_a_void_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = "the guest handled no event"
    silent = replace(COUNTS, buckets=(), count=0, minimum=0, maximum=0, total=0, void=nothing)
    results = [result("exit.hlt", counts=silent), result("exit.pio_in", counts=COUNTS)]
    pretend(monkeypatch, results)
    with SuiteWriter(tmp_path / "lab.json") as writer:
        outcome = target.LabTarget().measure(
            [find(entry.benchmark) for entry in results],
            RunOptions(),
            writer,
            progress=lambda step: None,
        )
    assert outcome.failed == {}
    voids = {row.name: [run.void for run in row.runs] for row in load(tmp_path / "lab.json")}
    assert voids == {"exit.hlt": [nothing], "exit.pio_in": [""]}


def test_progress_tells_a_count_that_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3962 shares its bucket with 3963: what is shown meanwhile is what `kbench show` says."""
    buckets = ((bucket_index(3962), 500),)
    counts = replace(COUNTS, minimum=3962, maximum=3962, buckets=buckets, total=500 * 3962)
    pretend(monkeypatch, [result("exit.hlt", counts=counts)])
    steps: list[Step] = []
    with SuiteWriter(tmp_path / "lab.json") as writer:
        target.LabTarget().measure([find("exit.hlt")], RunOptions(), writer, progress=steps.append)
    assert [step.p50 for step in steps] == [3962]


def test_runs_of_a_sample_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each window is a run, and what they are a sample of is not judged as a fact."""
    other = replace(COUNTS, total=COUNTS.total + 500)
    sample = result("work.batch@hlt", counts=COUNTS, further=(other, other))
    pretend(monkeypatch, [sample, result("exit.hlt", counts=COUNTS)])
    with SuiteWriter(tmp_path / "lab.json") as writer:
        target.LabTarget().measure(
            [find("work.batch@hlt"), find("exit.hlt")],
            RunOptions(),
            writer,
            progress=lambda step: None,
        )
    found = load(tmp_path / "lab.json").benchmarks
    work, alone = found["work.batch@hlt"], found["exit.hlt"]
    assert (len(work.runs), work.phases, work.exact) == (3, 3, False)
    assert (len(alone.runs), alone.phases, alone.exact) == (1, 0, True)


def test_modules_of_a_users_build_are_for_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have no kvm-intel: said before a kernel is looked for."""
    monkeypatch.setattr(modules, "users", list)
    with pytest.raises(errors.LabError, match=r"stock\+mine is built for the machine svm alone"):
        labs.contents("6.1", "stock+mine", print, VMX)


def test_a_skip_knows_its_machine() -> None:
    result = LabResult(benchmark="exit.hlt", kvm=("stock", "0"), identity={}, backend="vmx-bochs")
    assert target.provenance(result)["kbench_backend"] == "vmx-bochs"
