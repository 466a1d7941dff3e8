# SPDX-License-Identifier: MIT
"""Every table that kbench prints, of stored suites: whole at 80 columns and at 60."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support.reports import host, lab
from support.suites import LAB, lab_run, write

from kbench.answers.text import to_text as answers
from kbench.catalogue import catalogue
from kbench.doctor import text as doctor
from kbench.doctor.capabilities import Abilities, Capability
from kbench.doctor.disturbances import facts
from kbench.judge.bisection import Bisection, CommitFigure, Move
from kbench.judge.compare import Comparison, Options, compare
from kbench.judge.functions import FunctionChanges
from kbench.judge.gate import outcome
from kbench.judge.history import add
from kbench.judge.selftest import Level, Report
from kbench.judge.series import read
from kbench.present import bisection, gate, history, listing, selftest
from kbench.present.listing import Listed
from kbench.present.show import to_text
from kbench.session import kvm
from kbench.session import lab as session_lab
from kbench.suite.load import load
from kbench.suite.summary import summarize

ROOT = Path(__file__).parents[2]
SUITES = [
    ROOT / "reports/baselines/lab.json",
    *sorted((ROOT / "reports/rfc-idle/suites").glob("*.json")),
    *sorted((ROOT / "tests/data").glob("*.json")),
]
WHY = "this KVM lacks KVM_KBENCH_VCPU_POLL: --target lab --kvm all"
Show = Callable[[int], str]


def listed() -> list[Listed]:
    """The whole catalogue, of which every third benchmark cannot run on the host."""
    return [
        Listed(row, {"host": "" if number % 3 else WHY, "lab": ""})
        for number, row in enumerate(catalogue())
    ]


def compared(folder: Path, make: Callable[..., Path], *more: object) -> Comparison:
    base, head = make(folder / "a.json"), make(folder / "b.json", *more)
    return compare(load(base), load(head), Options(today=date(2026, 1, 1)))


def check(show: Show, *whole: str) -> None:
    for width in (80, 60):
        text = show(width)
        for line in text.splitlines():
            # A path and a long name stay whole.
            whole_path = line.startswith(("base /", "head /")) or len(line.split()) == 1
            assert len(line) <= width or whole_path, (width, line)
            assert "…" not in line and "..." not in line.replace("p50..p99.99", ""), line
        for name in whole:
            assert name in text, (width, name)


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.name)
def test_suites(path: Path) -> None:
    rows = [summarize(row) for row in load(path)]
    check(lambda width: to_text({path: rows}, width), *(row.name for row in rows))


def test_an_exact_count_is_printed_once() -> None:
    path = ROOT / "reports/baselines/lab.json"
    text = to_text({path: [summarize(row) for row in load(path)]}, 160)
    (line,) = [line for line in text.splitlines() if line.startswith("exit.pio_out ")]
    assert line.split() == ["exit.pio_out", "3,021"]


@pytest.mark.parametrize("make", [host, lab])
def test_a_gate(make: Callable[..., Path], tmp_path: Path) -> None:
    found = compared(tmp_path, make, *((1.2,) if make is host else ("all", 46)))
    result = outcome(found, strict=False)
    names = {change.benchmark for change in found.changes}
    check(lambda width: gate.to_text(found, result, list(found.changes), width), *names)


def test_lists() -> None:
    rows = listed()
    check(lambda width: listing.to_text(listing.overview(rows), width), "mwait-yield")
    names = (one.row.name for one in rows)
    check(lambda width: listing.to_text([listing.benchmarks(rows)], width), *names)


def test_doctor() -> None:
    can = Abilities("", "host", "", (Capability("KVM_CAP_IRQFD", 1, "waking " * 12),))
    check(lambda width: doctor.as_text(can, facts(), width), "KVM_CAP_IRQFD")


def test_history(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    for day in range(1, 5):
        # A count of the lab that moves on the third day, under a long name.
        name, count = "inkernel.ioeventfd_mmio@datamatch", 3000 if day < 3 else 13_100_000
        suite = write(tmp_path / "a.json", {name: [lab_run(count)]}, **LAB)
        add(folder, suite, f"{day}0123456789abcdef", datetime(2026, 1, day, tzinfo=UTC))
    rows = read(folder, (), ("p50",), None)
    check(lambda width: history.makers(rows, width)["table"](), "13,100,000", "2026-01-03")
    check(lambda width: history.shifts_text(rows, width), "13,100,000", "worse")


def test_what_the_lab_and_kvm_hold(root: Path) -> None:
    entry = root / "kernel-image" / "6.12.95-1~bpo12+1-331f587f1c8287f1"
    entry.mkdir(parents=True)
    check(lambda width: session_lab.info("6.1", "svm", width), "in the cache", entry.name)
    check(kvm.info, "entry_intercepts", "0x05ff")


def test_a_bisection() -> None:
    subjects = tuple(f"{number:012x} Move a count by {number}, and say so" for number in range(3))
    figures = (3021.0, None, 3026.0)
    steps = {
        number: CommitFigure(subjects[number], figure, "" if figure else "does not build: " * 9)
        for number, figure in enumerate(figures)
    }
    moves, named = (Move(0, 2),), dict(enumerate(subjects))
    functions = (FunctionChanges("exit.pio_out", 5, reason="not installed: objdump " * 5),)
    inside = {2: "0123456789ab 123456789abc"}
    found = Bisection("exit.pio_out", "p50", 3, moves, functions, named, inside, steps)
    check(lambda width: bisection.text(found, width), "+5", *subjects)


def test_answers() -> None:
    suite = load(ROOT / "reports/rfc-idle/suites/lab-6.12-all.json")
    check(lambda width: answers([suite], width), "exit.pio_out")


def test_selftest() -> None:
    levels = tuple(Level(share, share * 1.02, share * 5) for share in (0.05, 0.10, 0.20))
    report = Report("exit.pio_out", 20, 20, 1, 0, 0.95, 0.001, levels, 0.2, 301.0)
    check(lambda width: selftest.to_text(report, width), "+20.4%")
