# SPDX-License-Identifier: MIT
"""`gate --confirm`: a regression is one when it is measured twice; nothing else is measured."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.suites import lab_run, noisy, output, write

from kbench.errors import KbenchError
from kbench.judge.compare import Comparison, Options, compare
from kbench.judge.gate import outcome
from kbench.record import provenance
from kbench.session import confirm
from kbench.suite.load import load
from kbench.targets.host import Host
from kbench.targets.target import RunOutcome

HERE = {key: f"this {key}" for key in confirm.SAME_HERE}
OPTIONS = Options(today=date(2026, 1, 1))
Measured = list[list[str]]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    """What is measured again, by call; a p50 of 6 us, of exit.hlt 7 us."""
    calls: Measured = []

    def measure(self: Host, rows: Sequence[Any], options: Any, writer: Any, **_: Any) -> RunOutcome:
        calls.append([row.name for row in rows])
        for row in rows:
            for n in range(options.processes):
                p50 = (7e-6 if row.name == "exit.hlt" else 6e-6) * (1 + n / 5000)
                writer.add(output(row.name, p50, date=f"2026-01-01 00:00:00.{n:06}", **HERE))
        return RunOutcome()

    monkeypatch.setattr(Host, "measure", measure)
    monkeypatch.setattr(provenance, "machine", lambda: dict(HERE))
    return calls


def judged(folder: Path, **head: Any) -> Callable[[], Comparison]:
    """base against a head that is slower in two of three rows, then confirmed."""
    rows = ("exit.pio_out", "exit.hlt", "exit.msr_read")
    base = {name: noisy(6e-6, 20, 1) for name in rows}
    slow = {name: noisy(6e-6 if name == rows[2] else 7e-6, 20, 2) for name in rows}
    suites = [
        load(write(folder / f"{side}.json", found, **{**HERE, **more}))
        for side, found, more in (("base", base, {}), ("head", slow, head))
    ]
    first = compare(suites[0], suites[1], OPTIONS)
    assert outcome(first, False).worse >= 2
    return lambda: confirm.confirmed(first, suites[0], suites[1], OPTIONS)


def test_only_what_is_worse_again_stays_worse(tmp_path: Path, measured: Measured) -> None:
    found = judged(tmp_path)()
    assert measured == [["exit.pio_out", "exit.hlt"]]
    worse = {row.benchmark for row in found.changes if row.verdict == "worse"}
    assert worse == {"exit.hlt"}
    (again,) = (c for c in found.changes if (c.benchmark, c.metric) == ("exit.pio_out", "p50"))
    assert again.verdict == "same" and "at first it was +1" in again.notes[-1]
    assert outcome(found, False).headline == "worse: exit.hlt"


def test_an_acknowledged_regression_is_not_measured_again(
    tmp_path: Path, measured: Measured
) -> None:
    suites = [
        load(write(tmp_path / f"{side}.json", {"exit.hlt": noisy(p50, 20, seed)}, **HERE))
        for side, p50, seed in (("base", 6e-6, 1), ("head", 7e-6, 2))
    ]
    first = compare(suites[0], suites[1], OPTIONS)
    known = replace(
        first, changes=tuple(replace(row, acknowledged="a known one") for row in first.changes)
    )
    assert confirm.confirmed(known, suites[0], suites[1], OPTIONS) == known
    assert measured == []


def test_another_kernel_is_refused_before_anything_runs(tmp_path: Path, measured: Measured) -> None:
    with pytest.raises(KbenchError, match=r"kernel of .*head\.json is 6\.0, here it is"):
        judged(tmp_path, kbench_kernel="6.0")()
    assert not measured


def test_the_lab_is_not_measured_again(tmp_path: Path, measured: Measured) -> None:
    suites = [
        load(write(tmp_path / f"{n}.json", {"exit.hlt": [lab_run(n)]}, kbench_target="lab"))
        for n in (3000, 3100)
    ]
    first = compare(suites[0], suites[1], OPTIONS)
    assert outcome(first, False).exit_code == 1
    assert confirm.confirmed(first, suites[0], suites[1], OPTIONS) == first
    assert not measured
