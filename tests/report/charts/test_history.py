# SPDX-License-Identifier: MIT
"""A directory of suites becomes a history: marks by suite, a rule where the level changed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.reports import lab

from kbench.judge.history import add
from kbench.report.draw import to_svgs
from kbench.report.model import build
from kbench.report.sections import content


def kept(folder: Path, *added: int) -> Path:
    for number, count in enumerate(added):
        suite = lab(folder / "suite.json", added=count)
        date = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
        add(folder / "history", suite, f"c{number}", date)
    return folder / "history"


def test_levels(tmp_path: Path) -> None:
    made = content(build([kept(tmp_path, 0, 0, 46, 46)]))
    (section,) = [section for section in made.sections if section.anchor == "history"]
    (picture,) = section.pictures
    assert picture.title == "History: p50, instructions (emulated lab)"
    (svg,) = to_svgs([picture.views[0].chart])
    assert "exit.hlt, c2 of 2026-01-03: 4,165, worse: +1.1%" in svg
    assert svg.count("worse: ") == 1
    assert "exit.pio_out, c3 of 2026-01-04: 3,031" in svg


def test_one_suite_is_no_history(tmp_path: Path) -> None:
    made = content(build([kept(tmp_path, 0)]))
    assert "history" not in [section.anchor for section in made.sections]
    assert made.title == "kbench report: 20260101T000000Z-c0"
