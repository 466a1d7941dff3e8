# SPDX-License-Identifier: MIT
"""A growing suite is readable after every run, canonical at its end, and never half written."""

import json
import os
from pathlib import Path

import pyperf
import pytest
from support.suites import host_run, output, write

from kbench.errors import KbenchError
from kbench.record.writer import SuiteWriter
from kbench.suite.load import load


def names(path: Path) -> list[str]:
    return list(pyperf.BenchmarkSuite.load(str(path)).get_benchmark_names())


def test_readable_after_each_run_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with SuiteWriter(path, ["b", "a"]) as writer:
        assert not path.exists()
        for count, name in enumerate(["a", "b", "a"], start=1):
            run = writer.add(output(name, count * 1e-6))
            assert run.get("kbench_p50") == count * 1e-6
            assert len(writer) == count
            assert sum(len(benchmark.runs) for benchmark in writer.suite()) == count
            there = [benchmark.name for benchmark in load(path)]
            assert there == [name for name in ("b", "a") if name in there]
    assert names(path) == ["b", "a"]
    assert [run.values for run in load(path).benchmarks["a"].runs] == [(1e-6,), (3e-6,)]
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_a_run_costs_its_own_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: the suite is written once, at the end."""
    written: list[int] = []
    write_to = os.write

    def count(descriptor: int, data: bytes) -> int:
        written.append(len(data))
        return write_to(descriptor, data)

    monkeypatch.setattr(os, "write", count)
    with SuiteWriter(tmp_path / "a.json") as writer:
        for _ in range(40):
            writer.add(output("exit.a", 1e-6))
        assert not (tmp_path / "a.json").exists()
    first, *others = written
    assert len(others) == 39 and max(others) <= min(first, *others) * 1.1


def test_canonical_at_the_end(tmp_path: Path) -> None:
    """pyperf would write the same bytes: what all runs share stands once."""
    path, again = tmp_path / "a.json", tmp_path / "b.json"
    with SuiteWriter(path) as writer:
        for value in (1e-6, 2e-6):
            writer.add(output("a", value))
    pyperf.BenchmarkSuite.load(str(path)).dump(str(again))
    assert path.read_bytes() == again.read_bytes()
    assert path.read_text().count("Test CPU 1") == 1


def test_an_error_keeps_the_finished_runs(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(KeyboardInterrupt), SuiteWriter(path) as writer:
        writer.add(output("a", 1e-6))
        raise KeyboardInterrupt
    assert names(path) == ["a"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_nothing_measured_leaves_nothing(tmp_path: Path) -> None:
    with SuiteWriter(tmp_path / "a.json"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_force_replaces_what_is_there_by_a_run(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", {"old": [host_run(1e-6)]})
    with SuiteWriter(path, force=True):
        pass
    assert names(path) == ["old"]
    with SuiteWriter(path, force=True) as writer:
        writer.add(output("new", 1e-6))
        assert names(path) == ["old"]
        assert [benchmark.name for benchmark in load(path)] == ["new"]
    assert names(path) == ["new"]


def test_append_keeps_and_adds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", {"old": [host_run(1e-6)]})
    with SuiteWriter(path, append=True) as writer:
        writer.add(output("old", 2e-6))
        writer.add(output("new", 3e-6))
    assert {row.name: len(row.runs) for row in load(path)} == {"old": 2, "new": 1}


def test_where_python_lies_stays_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", {"a": [host_run(1e-6)]}, python_executable="/home/me/python")
    with SuiteWriter(path, append=True) as writer:
        writer.add(output("a", 1e-6, python_executable="/home/you/python"))
    assert "/home/" not in path.read_text()
    assert len(load(path).benchmarks["a"].runs) == 2


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """A host may be named with control characters."""
    path = tmp_path / "a.json"
    with SuiteWriter(path) as writer:
        for value in (1e-6, 2e-6):
            writer.add(output("a", value, hostname="my\u00a0\x1b[2Jhost"))
        assert len(writer.suite().benchmarks["a"].runs) == 2
    (benchmark,) = load(path)
    assert benchmark.provenance("hostname") == "my??[2Jhost"


def test_append_refuses_what_pyperf_would(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", {"a": [host_run(1e-6)]}, hostname="here")
    with SuiteWriter(path, append=True) as writer:
        with pytest.raises(KbenchError, match="hostname is 'there', there it is 'here'"):
            writer.add(output("a", 1e-6, hostname="there"))
        writer.add(output("a", 1e-6, hostname="here"))
    assert len(load(path).benchmarks["a"].runs) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": "1.0", "benchmarks": []}'])
def test_append_to_no_suite(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(KbenchError, match=str(path)):
        SuiteWriter(path, append=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("name", ["missing/a.json", "a.json"])
def test_unwritable(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.json").write_text("x")
    with pytest.raises(KbenchError, match=r"cannot write|exists: choose another"):
        SuiteWriter(tmp_path / name)


@pytest.mark.parametrize(("append", "force"), [(False, False), (True, False), (False, True)])
def test_what_is_no_file_is_left_alone(tmp_path: Path, append: bool, force: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(KbenchError, match="pipe is not a regular file"):
        SuiteWriter(tmp_path / "pipe", append=append, force=force)
    assert (tmp_path / "pipe").is_fifo()
    assert [entry.name for entry in tmp_path.iterdir()] == ["pipe"]


def test_a_run_without_an_event_is_refused_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    silent = json.loads(output("silent", 1e-6))
    silent["benchmarks"][0]["runs"][0]["values"] = [0.0]
    with SuiteWriter(path) as writer:
        writer.add(output("a", 1e-6))
        with pytest.raises(KbenchError, match="silent: it took no time"):
            writer.add(json.dumps(silent).encode())
    assert names(path) == ["a"]


def test_the_phases_of_a_lab_are_not_counted_twice(tmp_path: Path) -> None:
    """They repeat bit for bit: twenty of them would look like more evidence than ten."""
    path = tmp_path / "a.json"
    with SuiteWriter(path) as writer:
        for _ in range(2):
            writer.add(output("work.batch@hlt", 1e-6, kbench_phases=2))
    with SuiteWriter(path, append=True) as writer:
        with pytest.raises(KbenchError, match="has these phases"):
            writer.add(output("work.batch@hlt", 1e-6, kbench_phases=2))
        writer.add(output("work.batch@spin", 1e-6, kbench_phases=2))
    assert [len(benchmark.runs) for benchmark in load(path)] == [2, 1]
