# SPDX-License-Identifier: MIT
"""What a suite says is text in every form of `kbench show`."""

import csv
import io
from pathlib import Path

import pytest
from support.suites import host_run, write

from kbench.present.output import Makers
from kbench.present.show import makers
from kbench.suite.load import load
from kbench.suite.summary import summarize

NASTY = "=1+1<img src=x>@team|::error::x"


@pytest.fixture
def forms(tmp_path: Path) -> Makers:
    runs = [host_run(6e-6, kbench_warnings="<b>late</b>")]
    path = write(tmp_path / "a.json", {NASTY: runs})
    return makers({path: [summarize(row) for row in load(path)]}, 200)


def test_csv_holds_no_formula(forms: Makers) -> None:
    (row,) = csv.DictReader(io.StringIO(forms["csv"]()))
    assert row["name"] == f"'{NASTY}"


def test_markdown_is_inert(forms: Makers) -> None:
    text = forms["md"]().replace("\\<", "")
    assert "<img" not in text and "<b>" not in text and "@team" not in text


def test_every_form_has_the_figure(forms: Makers) -> None:
    assert "5.40 us" in forms["table"]() and "5.40 us" in forms["md"]()
    assert '"name": "=1+1' in forms["json"]()
