# SPDX-License-Identifier: MIT
"""Figures by name: values, units, what was not measured, and how two of them are compared."""

from pathlib import Path

import pytest
from support.reports import lab
from support.suites import LAB, Metadata, encoded, lab_run, write

from kbench.report.lookup import Rows, compared, rows
from kbench.report.model import build
from kbench.units import Figure


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    folder = tmp_path_factory.mktemp("lookup")
    idle = {"kbench_counter_progress": 1.0, "kbench_counter_cpu_s": 0.5}
    counters = {**idle, "kbench_counter_wall_s": 1.0, "kbench_counter_exits_per_s": 100_000}
    work = {**counters, "kbench_counter_work_per_s": 18_830}
    runs = {"work.batch@mwait-nop": [lab_run(5000, **work)], "exit.hlt": [lab_run(4119)]}
    return rows(build([write(folder / "lab.json", runs, **LAB)]), "lab")


def test_figures_print_themselves_with_their_unit(measured: Rows) -> None:
    row = measured("work.batch@mwait-nop")
    assert row is not None
    assert (str(row.p50), str(row.work), str(row.cost)) == ("5,000", "18,830", "50.0 %")
    assert row.p50 is not None and row.cost is not None
    assert (float(row.p50), float(row.cost)) == (5000, 0.5)
    assert str(Figure(7.3e-6, "second")) == "7.30 us"


def test_the_cpu_time_between_two_exits(measured: Rows) -> None:
    row = measured("work.batch@mwait-nop")
    assert row is not None and row.per_exit == pytest.approx(5000)


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
    assert (row.cost, row.work, row.per_exit, row.each) == (None,) * 4
    assert not rows(build([lab(tmp_path / "a.json")]), "another").rows


def test_policies(tmp_path: Path) -> None:
    title = "the guest's timer ticks; HLT blocks; no polling"
    runs = {f"idle.tick250@{name}": [lab_run(1, kbench_title=title)] for name in ("hlt", "spin")}
    found = rows(build([write(tmp_path / "a.json", runs, **LAB)]), "a").matching("idle.*")
    assert [row.policy for row in found] == ["hlt", "spin"]
    assert found[0].meaning == "HLT blocks; no polling"


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
    assert compared(value, 100.0) == text


def test_the_spread_of_a_sample(tmp_path: Path) -> None:
    runs = {"idle.tick250@spin": [lab_run(420), lab_run(303)], "wake.irqfd@hlt": [lab_run(9951)]}
    found = rows(build([write(tmp_path / "a.json", runs, **LAB)]), "a")
    spin, halt = (found(name) for name in runs)
    assert spin and halt
    assert spin.spread == "303 to 420"
    assert halt.spread == ""


def test_work_is_apart_where_no_run_of_the_one_is_among_those_of_the_other(tmp_path: Path) -> None:
    counters = {"kbench_counter_progress": 1.0, "kbench_counter_wall_s": 1.0}

    def windows(*done: int) -> list[dict[str, str | int | float]]:
        return [lab_run(5000, **counters, kbench_counter_work_per_s=items) for items in done]

    runs = {
        "work.batch@hlt": windows(39_000, 39_100),
        "work.batch@mwait-nop": windows(18_800, 20_500),
        "work.batch@mwait-yield": windows(19_000, 19_900),
    }
    found = rows(build([write(tmp_path / "a.json", runs, **LAB)]), "a")
    halt, nop, yields = (found(name) for name in runs)
    assert halt and nop and yields
    assert nop.work_range == "18,800 to 20,500"
    assert halt.apart(nop) and nop.apart(halt) and not nop.apart(yields)
