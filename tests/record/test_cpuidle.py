# SPDX-License-Identifier: MIT
"""The idle states that a CPU entered, from the kernel's counters."""

from pathlib import Path

from kbench.record import cpuidle


def state(root: Path, number: int, name: str, usage: int, time: int) -> None:
    place = root / "cpu3" / "cpuidle" / f"state{number}"
    place.mkdir(parents=True, exist_ok=True)
    for what, value in (("name", name), ("usage", usage), ("time", time)):
        (place / what).write_text(f"{value}\n")


def test_the_states_of_a_window(tmp_path: Path) -> None:
    state(tmp_path, 0, "POLL", 5, 100)
    state(tmp_path, 1, "C1-HSW", 10, 2_000)
    before = cpuidle.read(3, tmp_path)
    state(tmp_path, 1, "C1-HSW", 14, 1_502_000)
    assert cpuidle.counters(before, cpuidle.read(3, tmp_path)) == {
        "cstate_POLL": 0, "cstate_POLL_s": 0, "cstate_C1_HSW": 4, "cstate_C1_HSW_s": 1.5,
    }  # fmt: skip


def test_a_cpu_without_cpuidle_has_none(tmp_path: Path) -> None:
    assert cpuidle.read(0, tmp_path) == {}
