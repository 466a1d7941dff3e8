# SPDX-License-Identifier: MIT
"""The answers as text: what was asked, at the width that is there."""

from pathlib import Path

import pytest
from support.suites import LAB, host_run, lab_run, write

from kbench.answers.text import to_markdown, to_text
from kbench.suite.load import load

EXIT = {"exit.pio_out": [host_run(7e-6)], "floor.immediate_exit": [host_run(6e-6)]}


@pytest.mark.parametrize("width", [60, 80])
def test_lines_fit(tmp_path: Path, width: int) -> None:
    text = to_text([load(write(tmp_path / "a.json", EXIT))], width)
    assert max(map(len, text.splitlines())) <= width
    assert "exit: A port write" in text.replace("\n", " ")


def test_only_what_was_asked_is_answered(tmp_path: Path) -> None:
    text = to_text([load(write(tmp_path / "a.json", EXIT))], 80)
    assert "wake-up:" not in text and "idle:" not in text


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    suite = load(write(tmp_path / "a.json", {"exit.hlt": [host_run(7e-6)]}))
    assert "exit: not answered: exit.pio_out was not measured." in to_text([suite], 80)


def test_the_lab_says_that_it_counts_instructions(tmp_path: Path) -> None:
    suite = load(write(tmp_path / "a.json", {"exit.pio_out": [lab_run(3021)]}, **LAB))
    assert "They are not times" in to_markdown([suite])
