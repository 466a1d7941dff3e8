# SPDX-License-Identifier: MIT
"""Every table that kbench prints, of stored suites: whole at 80 columns and at 60."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from support.reports import host, lab

from kbench.catalogue import catalogue
from kbench.doctor import text as doctor
from kbench.doctor.capabilities import Abilities, Capability
from kbench.doctor.disturbances import facts
from kbench.judge.compare import Comparison, Options, compare
from kbench.judge.gate import outcome
from kbench.judge.selftest import Level, Report
from kbench.present import gate, listing, selftest
from kbench.present.listing import Listed
from kbench.present.show import to_text
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


def test_selftest() -> None:
    levels = tuple(Level(share, share * 1.02, share * 5) for share in (0.05, 0.10, 0.20))
    report = Report("exit.pio_out", 20, 20, 1, 0, 0.95, 0.001, levels, 0.2, 301.0)
    check(lambda width: selftest.to_text(report, width), "+20.4%")
