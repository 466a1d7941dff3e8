# SPDX-License-Identifier: MIT
"""`kbench run` of idle guests: vCPUs, targets, and parameters that make no sense."""

import json
from pathlib import Path

import pytest
from support.cli import kbench, measure

ONE = ("-p", "1", "-n", "1", "-w", "0", "-l", "5")


@pytest.mark.kvm
def test_the_table_says_what_idling_costs(tmp_path: Path) -> None:
    suite = tmp_path / "idle.json"
    words = ("idle.tick250@hlt", "floor.thread_wake", "--vcpus", "1,2")
    shown = measure(*words, *ONE, "-o", suite).worked()
    _, _, idle = shown.partition("of a pCPU")
    assert "floor.thread_wake" in idle, "the floor stands beside the wake-ups"
    document = json.loads(kbench("show", suite, "--format", "json").worked())
    names = {row["name"]: row for row in document["benchmarks"]}
    del names["floor.thread_wake"]
    assert set(names) == {"idle.tick250@hlt/1", "idle.tick250@hlt/2"}
    for row in names.values():
        assert row["idle"]["policy"].startswith("hlt/")
        assert 0 < row["idle"]["share"] < 1.05 and row["idle"]["work"] is None
    for form in ("csv", "md"):
        assert "idle" in kbench("show", suite, "--format", form).worked()


@pytest.mark.kvm
def test_loops_of_its_own_need_no_calibration(tmp_path: Path) -> None:
    suite = tmp_path / "wake.json"
    words = ("-p", "2", "-n", "1", "-w", "0", "-o", suite)
    done = measure("wake.signal@hlt", *words)
    done.worked()
    runs = json.loads(suite.read_text())["benchmarks"][0]["runs"]
    assert len(runs) == 2


@pytest.mark.kvm
def test_a_reason_for_skips_is_said_once_and_in_one_line(tmp_path: Path) -> None:
    suite = tmp_path / "suite [1].json"  # no markup
    # Wherever the tests run, its KVM is not the RFC's.
    done = measure("floor.clock", "wake.irqfd@*-rfc", *ONE, "-o", suite)
    done.worked()
    (line,) = [line for line in done.err.splitlines() if line.startswith("skipped")]
    assert "wake.irqfd@hlt-exit-rfc" in line and "wake.irqfd@mwait-exit-rfc" in line
    assert line.endswith("KVM_KBENCH_RFC_V1: --target lab --kvm rfc-v1")
    assert done.err.splitlines()[-1] == f"suite: {suite}"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["idle.tick250@halt"], "no policy 'halt': it is one of hlt,"),
        (["idle.tick-5@hlt"], "its rate must be 1 to 10000 events a second, not -5"),
        (["idle.poisson@hlt", "--vcpus", "0"], "must be 1 to 14, not 0"),
        (["idle.poisson@hlt", "--vcpus", "many"], "expected numbers, as in 1,2,4"),
        (["idle.poisson@hlt", "--vcpus", "14", "--own-pcpu", "--target", "host"], "have its own"),
        (["idle.poisson@hlt/1own-pcpu", "--target", "lab"], "no vCPU can have its own"),
        (["wake.telepathy@hlt"], "it is one of irqfd, "),
        (["work.play@hlt"], "it is one of batch, "),
        (["idle.poisson-9@hlt"], "must be 1 to 10000 events a second, not -9"),
        (["idle.poisson@hlt-poll--1us"], "its time must be 1 to 1000000 us, not -1"),
        (["exit.pio_out", "--vcpus", "2"], "--vcpus is for the families hunt, idle, wake, work"),
        (["floor.clock", "--target", "everywhere"], "it is one of auto, host, lab, both"),
    ],
)
def test_parameters_without_sense_are_refused(
    words: list[str], reason: str, tmp_path: Path
) -> None:
    assert reason in kbench("run", *words, "-o", tmp_path / "a.json").refused()
    assert not list(tmp_path.iterdir())
