# SPDX-License-Identifier: MIT
"""`kbench run`: what it writes, and that bad input is one clear line that loses nothing."""

import fcntl
import json
import os
from pathlib import Path

import pyperf
import pytest
from support.cli import (
    QUICK,
    kbench,
    measure,
    with_forbidden_kvm,
    with_foreign_kvm,
    without_kvm,
)
from support.suites import host_run, write

from kbench.suite.load import load


def runs(path: Path) -> dict[str, int]:
    return {benchmark.name: len(benchmark.runs) for benchmark in load(path)}


@pytest.mark.kvm
class TestOutput:
    def test_what_it_says_and_writes(self, tmp_path: Path) -> None:
        result = measure("floor.syscall", "exit.hlt", *QUICK, "-p", 2, "-o", "a.json", cwd=tmp_path)
        text = result.worked()
        assert "exit.hlt" in text and "p99" in text and "backend" in text
        head = next(line for line in text.splitlines() if line.startswith("benchmark"))
        assert "p99.9" not in head.split(), "2 runs of 200 events have none"
        assert "4/4 " in result.err and "suite: a.json" in result.err
        assert runs(tmp_path / "a.json") == {"exit.hlt": 2, "floor.syscall": 2}
        assert [path.name for path in tmp_path.iterdir()] == ["a.json"]

    def test_options_and_selectors_in_any_order(self, tmp_path: Path) -> None:
        out = tmp_path / "a.json"
        measure(*QUICK, "floor.clock", "--quiet", "floor.sys*", "-o", out).worked()
        assert set(runs(out)) == {"floor.clock", "floor.syscall"}

    def test_without_an_output_it_names_one_by_date(self, tmp_path: Path) -> None:
        measure("floor.clock", *QUICK, cwd=tmp_path).worked()
        (path,) = tmp_path.iterdir()
        assert path.match("kbench-????????-??????.json")
        assert runs(path) == {"floor.clock": 1}

    def test_calibrates_without_loops(self, tmp_path: Path) -> None:
        out = tmp_path / "a.json"
        measure("floor.clock", "-p", 1, "-n", 1, "--min-time", 0.001, "-o", out).worked()
        (benchmark,) = pyperf.BenchmarkSuite.load(str(out)).get_benchmarks()
        assert benchmark.get_total_loops() > 1

    def test_workers_run_on_that_cpu(self, tmp_path: Path) -> None:
        cpu = max(os.sched_getaffinity(0))
        out = tmp_path / "a.json"
        measure("floor.clock", *QUICK, "--cpu", cpu, "-o", out).worked()
        (benchmark,) = load(out)
        assert benchmark.provenance("kbench_affinity") == str(cpu)

    def test_an_existing_output_is_kept(self, tmp_path: Path) -> None:
        out = tmp_path / "a.json"
        out.write_text("mine")
        line = measure("floor.clock", *QUICK, "-o", out).refused()
        assert "a.json exists: choose another -o, or --append, or --force" in line
        assert out.read_text() == "mine"

    def test_append_and_force(self, recorded: Path, tmp_path: Path) -> None:
        out = tmp_path / "a.json"
        out.write_bytes(recorded.read_bytes())
        measure("floor.clock", "floor.syscall", *QUICK, "--append", "-o", out).worked()
        assert runs(out) == {"exit.pio_out": 2, "floor.clock": 3, "floor.syscall": 1}
        measure("floor.clock", *QUICK, "--append", out).worked()
        assert runs(out)["floor.clock"] == 4
        measure("floor.clock", *QUICK, "--force", "-o", out).worked()
        assert runs(out) == {"floor.clock": 1}

    @pytest.mark.parametrize("text", ["", "{", '{"version": "1.0"}', "[1, 2]", "PK\3\4"])
    def test_append_to_what_is_no_suite(self, tmp_path: Path, text: str) -> None:
        out = tmp_path / "a.json"
        out.write_text(text)
        assert str(out) in measure("floor.clock", *QUICK, "--append", "-o", out).refused()
        assert out.read_text() == text

    def test_append_to_another_machines_suite(self, tmp_path: Path) -> None:
        out = write(tmp_path / "a.json", {"floor.clock": [host_run(6e-6)]}, hostname="elsewhere")
        before = load(out)
        result = measure("floor.clock", *QUICK, "--append", "-o", out)
        assert "floor.clock cannot be added to" in result.refused()
        assert [run.metadata for run in load(out).benchmarks["floor.clock"].runs] == [
            run.metadata for run in before.benchmarks["floor.clock"].runs
        ]

    def test_one_at_a_time(self, tmp_path: Path) -> None:
        with Path("/dev/kvm").open("rb+", buffering=0) as device:
            fcntl.flock(device, fcntl.LOCK_EX)
            words = ("run", "--target", "host", "floor.clock", *QUICK, "-o", tmp_path / "a.json")
            assert "another kbench is measuring on this machine" in kbench(*words).refused()
        assert list(tmp_path.iterdir()) == []


class TestBadInput:
    def test_no_selector(self, tmp_path: Path) -> None:
        line = kbench("run", "--fast", cwd=tmp_path).refused()
        assert line.startswith("kbench: name what to measure: kbench run ")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("selector", "hint"),
        [
            ("exit.pio_otu", "did you mean 'exit.pio_out'?"),
            ("flor", "did you mean 'floor'?"),
            ("exit.*nothing", "no benchmark matches 'exit.*nothing'"),
            ("zzzzzz", "families are"),
        ],
    )
    def test_unknown_selector(self, tmp_path: Path, selector: str, hint: str) -> None:
        assert hint in kbench("run", selector, cwd=tmp_path).refused()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("output", ["missing/a.json", "/proc/a.json", "/dev/null/a.json"])
    def test_unwritable_output(self, tmp_path: Path, output: str) -> None:
        words = ("run", "--target", "host", "floor.clock", *QUICK, "-o", output)
        line = kbench(*words, cwd=tmp_path).refused()
        assert line.startswith(f"kbench: cannot write {output}: ")

    def test_compressed_output_is_refused(self, tmp_path: Path) -> None:
        words = ("run", "--target", "host", "floor.clock", *QUICK, "-o", tmp_path / "a.json.gz")
        assert "convert" in kbench(*words).refused()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("words", "hint"),
        [
            (("--no-such-option",), "unrecognized arguments: --no-such-option"),
            (("--worker",), "pyperf refused these options"),
            (("--compare-to", "python3"), "--compare-to is not for kbench run"),
            (("--loops", "many"), "invalid"),
            (("--target", "moon"), "no target 'moon'"),
        ],
    )
    def test_options(self, tmp_path: Path, words: tuple[str, ...], hint: str) -> None:
        result = kbench("run", "floor.clock", *words, cwd=tmp_path)
        assert hint in result.refused()
        assert list(tmp_path.iterdir()) == []

    def test_no_kvm(self, tmp_path: Path) -> None:
        self.refused_everywhere(tmp_path, without_kvm(), "there is no /dev/kvm")

    def test_no_permission(self, tmp_path: Path) -> None:
        self.refused_everywhere(tmp_path, with_forbidden_kvm(), "usermod -aG nogroup USER")

    def test_only_the_permission_is_missing(self, tmp_path: Path) -> None:
        """Then auto is not the lab: whoever has the device wants times."""
        for selector in ("floor.clock", "rfc"):
            result = kbench("run", selector, cwd=tmp_path, prefix=with_forbidden_kvm())
            line = result.refused()
            assert "in its group nogroup" in line and "--target lab measures without it" in line
            assert len(result.err.splitlines()) == 1 and list(tmp_path.iterdir()) == []
        found = kbench("doctor", "--format", "json", prefix=with_forbidden_kvm()).worked()
        auto = json.loads(found)["auto"]
        assert auto["target"] == "" and "usermod -aG nogroup" in auto["reason"]

    def test_another_device(self, tmp_path: Path) -> None:
        self.refused_everywhere(tmp_path, with_foreign_kvm(), "not KVM's device")

    @staticmethod
    def refused_everywhere(tmp_path: Path, prefix: tuple[str, ...], hint: str) -> None:
        words = ("run", "--target", "host", "floor.clock", *QUICK, "-o", "a.json")
        result = kbench(*words, cwd=tmp_path, prefix=prefix)
        result.refused()
        assert hint in result.err
        assert list(tmp_path.iterdir()) == []
        listed = json.loads(kbench("list", "exit.hlt", "--format", "json", prefix=prefix).worked())
        host = listed["benchmarks"][0]["targets"]["host"]
        assert host["available"] is False
        assert hint in host["reason"]
