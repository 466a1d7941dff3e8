# SPDX-License-Identifier: MIT
"""docs/gate.md: its project file loads, and its samples are as kbench prints them today."""

from pathlib import Path

import pytest
from support.cli import kbench
from support.docs import ROOT, blocks

from kbench.judge.project import load_project
from kbench.judge.selftest import Level, Report
from kbench.present.selftest import to_text

SAMPLES = blocks(ROOT / "docs/gate.md", "")
# Two self-tests of one machine: quiet, and with a load of 17 to 21.
QUIET = (47.0, ((0.05, 0.058, 1.0), (0.1, 0.102, 1.0), (0.2, 0.206, 1.0)), 0.058)
LOADED = (191.0, ((0.05, 0.063, 0.77), (0.1, 0.105, 0.97), (0.2, 0.218, 1.0)), 0.105)


def test_project_file_loads(tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "docs/gate.md", "toml")
    (tmp_path / "kbench.toml").write_text(text)
    project = load_project(tmp_path / "kbench.toml")
    assert project.acknowledged and project.margin("lab", "min") is not None


@pytest.mark.parametrize(("seconds", "levels", "smallest"), [QUIET, LOADED])
def test_self_tests(
    seconds: float, levels: tuple[tuple[float, float, float], ...], smallest: float
) -> None:
    report = Report(
        benchmark="exit.pio_out",
        rounds=20,
        pairs=20,
        gates=1,
        alarms=0,
        bound=0.95,
        resampled=0.0,
        levels=tuple(Level(*level) for level in levels),
        smallest=smallest,
        seconds=seconds,
    )
    assert to_text(report, 100) in SAMPLES


def test_a_gate_of_the_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    """A nop in the guest, from the stored suites: the table is in the page line by line."""
    monkeypatch.setenv("COLUMNS", "100")
    suites = (ROOT / "tests/data/lab-pio.json", ROOT / "tests/data/lab-pio-nop.json")
    result = kbench("gate", *suites, "--margin", "0")
    assert result.status == 1
    assert any(sample in result.out for sample in SAMPLES if "exit.pio_out  min" in sample)
