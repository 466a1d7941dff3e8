# SPDX-License-Identifier: MIT
"""A directory of suites becomes a history: marks by suite, a rule where the level changed."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.reports import lab
from support.suites import LAB, lab_run, write

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
    assert "exit.pio_out" not in svg, "it has one count"
    assert "Those with one value are not drawn: " in section.text[0]


def test_a_benchmark_that_came_later_stands_at_its_suites(tmp_path: Path) -> None:
    """Its first mark is under those of the same suite, not at the beginning of the axis."""
    for number in range(4):
        runs = {"exit.hlt": [lab_run(3962 + number % 2, **LAB)]}
        if number >= 2:
            runs["exit.pio_out"] = [lab_run(3021 + number % 2, **LAB)]
        suite = write(tmp_path / "suite.json", runs)
        add(tmp_path / "history", suite, f"c{number}", datetime(2026, 1, 1 + number, tzinfo=UTC))
    made = content(build([tmp_path / "history"]))
    (section,) = [section for section in made.sections if section.anchor == "history"]
    (svg,) = to_svgs([section.pictures[0].views[0].chart])

    def place(benchmark: str, commit: str) -> float:
        mark = next(
            tag
            for tag in re.findall(r"<path[^>]*>", svg)
            if f'aria-label="{benchmark}, {commit} of' in tag
        )
        found = re.search(r"translate\(([\d.]+),", mark)
        assert found, mark
        return float(found[1])

    for commit in ("c2", "c3"):
        assert place("exit.pio_out", commit) == place("exit.hlt", commit)
    assert place("exit.hlt", "c0") < place("exit.pio_out", "c2") < place("exit.pio_out", "c3")


def test_one_suite_is_no_history(tmp_path: Path) -> None:
    made = content(build([kept(tmp_path, 0)]))
    assert "history" not in [section.anchor for section in made.sections]
    assert made.title == "kbench report: 20260101T000000Z-c0"
