# SPDX-License-Identifier: MIT
"""What a suite says is text in every form of `kbench show`."""

import csv
import io
from pathlib import Path

import pytest
from support.suites import LAB, host_run, lab_run, write

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


def test_the_lab_s_idle_table_has_no_share_of_time(tmp_path: Path) -> None:
    """Instructions of an event, and where a share follows, what it takes for a time."""
    counters = {"cpu_s": 0.0011, "wall_s": 0.1, "vcpus": 1, "waited_s": 0.0, "progress": 1.0}
    counters |= {"events_handled": 100, "kvm_exits": 200, "work_per_s": 40_000, "exits_per_s": 2}
    run = lab_run(9_000, **{f"kbench_counter_{name}": value for name, value in counters.items()})
    spins = run | {"kbench_counter_cpu_s": 0.0995, "kbench_counter_competitor_share": 0.5}
    rows = {"idle.poisson@hlt": [run], "work.competitor@spin": [spins]}
    path = write(tmp_path / "lab.json", rows, **LAB)
    shown = makers({path: [summarize(row) for row in load(path)]}, 200)["table"]()
    assert "of a pCPU" not in shown and "/s" not in shown
    _, _, idle = shown.partition("idle vCPU")
    hlt, spin = (next(x for x in idle.splitlines() if name in x) for name in ("@hlt", "@spin"))
    assert "11,000 9,000 2 100 %" in " ".join(hlt.split())
    assert "never blocks" in spin and "25,000" in spin and "50.0 %" in spin
    assert "at 1 instruction = 1 ns" in " ".join(idle.split())


def test_every_form_has_the_figure(forms: Makers) -> None:
    assert "5.40 us" in forms["table"]() and "5.40 us" in forms["md"]()
    assert '"name": "=1+1' in forms["json"]()
