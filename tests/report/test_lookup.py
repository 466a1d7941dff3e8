# SPDX-License-Identifier: MIT
"""Figures by name: values, units, what was not measured, and how two of them are compared."""

from pathlib import Path

import pytest
from support.reports import lab
from support.suites import LAB, Metadata, encoded, lab_run, write

from kbench.answers.compared import ratio
from kbench.catalogue.policies import policy
from kbench.report.lookup import Rows, rows
from kbench.report.model import build
from kbench.units import Figure

RATE_MISSED = {"kbench_counter_wall_s": 0.0152}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    folder = tmp_path_factory.mktemp("lookup")
    idle = {"events_handled": 10, "wall_s": 0.01, "cpu_s": 0.0001, "vcpus": 1, "waited_s": 0}
    counters = {f"kbench_counter_{name}": value for name, value in idle.items()}
    runs = {
        "work.batch@hlt": [lab_run(5000, kbench_counter_work_per_s=20_000)],
        "idle.poisson@hlt": [lab_run(5000, kbench_counter_kvm_exits=25, **counters)],
        "idle.poisson@mwait-sleep": [lab_run(5000, **counters | RATE_MISSED)],
        "exit.hlt": [lab_run(4119)],
    }
    return rows(build([write(folder / "lab.json", runs, **LAB)]), "lab")


def test_figures_print_themselves_with_their_unit(measured: Rows) -> None:
    work, idle = measured("work.batch@hlt"), measured("idle.poisson@hlt")
    assert work is not None and idle is not None
    assert (str(work.p50), str(work.item)) == ("5,000", "50,000")
    assert (str(idle.event), idle.exits) == ("10,000", "2.5")
    assert str(Figure(7.3e-6, "second")) == "7.30 us"


def test_no_cost_of_events_that_came_at_another_rate(measured: Rows) -> None:
    row = measured("idle.poisson@mwait-sleep")
    assert row is not None and row.event is None


def test_a_p99_has_a_hundred_events_behind_it(tmp_path: Path) -> None:
    def events(number: int) -> Metadata:
        return lab_run(9, kbench_count=number, kbench_hdr=encoded(9, 0.0, number))

    runs = {"exit.hlt": [events(99)], "exit.pio_out": [events(50)] * 2}
    found = rows(build([write(tmp_path / "a.json", runs, **LAB)]), "a")
    few, enough = (found.rows[name].p99 for name in ("exit.hlt", "exit.pio_out"))
    assert few is None and enough is not None and float(enough) == 9


def test_hunts_say_how_many_found(tmp_path: Path) -> None:
    none = [lab_run(9, kbench_counter_hunts_found=0.0)]
    runs = {"hunt.flag@hlt": none, "hunt.kick@hlt": none, "exit.hlt": [lab_run(9)]}
    found = rows(build([write(tmp_path / "a.json", runs, **LAB)]), "a")
    assert {name: row.found for name, row in found.rows.items()} == {
        "hunt.flag@hlt": "0 of 200",
        "hunt.kick@hlt": "",
        "exit.hlt": "",
    }


def test_what_was_not_measured_is_none(measured: Rows, tmp_path: Path) -> None:
    assert measured("idle.tick250@hlt") is None
    row = measured("exit.hlt")
    assert row is not None
    assert (row.event, row.item, row.round, row.each, row.exits) == (*(None,) * 4, "")
    assert not rows(build([lab(tmp_path / "a.json")]), "another").rows


def test_policies(tmp_path: Path) -> None:
    runs = {f"idle.tick250@{name}": [lab_run(1)] for name in ("hlt", "spin")}
    found = rows(build([write(tmp_path / "a.json", runs, **LAB)]), "a").matching("idle.*")
    assert [row.policy for row in found] == ["hlt", "spin"]
    assert found[0].meaning == policy("hlt").title


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (100.0, "as much"),
        (100.4, "as much"),
        (112.0, "12.0 % more"),
        (95.9, "4.10 % less"),
        (202.0, "2.0 times as much"),
        (5240.0, "52 times as much"),
        (0.0, "100 % less"),
    ],
)
def test_compared(value: float, text: str) -> None:
    assert ratio(value, 100.0) == text


def test_the_spread_of_a_sample(tmp_path: Path) -> None:
    runs = {"idle.tick250@spin": [lab_run(420), lab_run(303)], "wake.irqfd@hlt": [lab_run(9951)]}
    found = rows(build([write(tmp_path / "a.json", runs, **LAB)]), "a")
    spin, halt = (found(name) for name in runs)
    assert spin and halt
    assert spin.spread == "303 to 420"
    assert halt.spread == ""


def test_what_nothing_says_of_a_wake_up_is_none(tmp_path: Path) -> None:
    """On one pCPU the waker takes a spinning vCPU out of the guest itself."""
    runs = {f"wake.irqfd@{name}": [lab_run(7900)] for name in ("spin", "hlt")}
    found = rows(build([write(tmp_path / "a.json", runs, **LAB)]), "a")
    spin, halt = (found.rows[name] for name in runs)
    assert (spin.p50, spin.p99, spin.spread) == (None, None, "")
    assert str(halt.p50) == "7,900"


def test_times_of_the_lab_are_instructions(tmp_path: Path) -> None:
    runs = {"work.urgent@mwait-sleep": [lab_run(9)]}
    found = rows(build([write(tmp_path / "a.json", runs, **LAB)]), "a")
    row = found("work.urgent@mwait-sleep")
    assert row is not None and "64,000 instructions at most" in row.meaning
    assert "once in 2,000,000 instructions" in row.title
