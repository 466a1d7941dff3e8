# SPDX-License-Identifier: MIT
"""`kbench run --stop-above`: the session ends at the first round trip beyond the limit."""

from pathlib import Path

import pytest
from support.cli import QUICK, kbench, measure

from kbench.suite.load import load
from kbench.suite.outlier import outliers


@pytest.mark.kvm
def test_it_ends_at_the_first_one(tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    words = ("exit.pio_out", *QUICK, "-p", 3, "--stop-above", "1ns", "-o", out)
    result = measure(*words)
    text = result.worked()
    assert "stopped: a round trip of exit.pio_out went beyond the limit" in result.err
    assert "beyond --stop-above" in text
    (row,) = load(out)
    (found,) = outliers(row)
    assert len(row.runs) == 1 and (found.run, found.number) == (1, 1)
    assert row.runs[0].values[0] == pytest.approx(found.took), "the mean of one"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("exit.pio_out", "--target", "host", "--stop-above", "50"), "with its unit, as in 50us"),
        (("exit.pio_out", "--target", "lab", "--stop-above", "50us"), "the lab counts"),
        (("exit.pio_out", "--target", "both", "--stop-above", "50us"), "choose --target"),
        (("wake.irqfd@hlt", "--stop-above", "50us"), "wake.irqfd@hlt has none"),
    ],
)
def test_what_it_does_not_take(tmp_path: Path, words: tuple[str, ...], line: str) -> None:
    assert line in kbench("run", *words, cwd=tmp_path).refused()
    assert not list(tmp_path.iterdir())
