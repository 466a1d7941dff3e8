# SPDX-License-Identifier: MIT
"""docs/api.md's examples are run as they are printed."""

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.docs import ROOT, blocks

EXAMPLES = blocks(ROOT / "docs" / "api.md", "python")
DATA = ROOT / "tests" / "data"


class Frame:
    """Enough of a data frame: the columns of a list of rows."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.columns, self.rows = list(rows[0]), rows


@pytest.fixture
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stock.json", "a.json"):
        shutil.copy(DATA / "lab-pio.json", tmp_path / name)
    shutil.copy(DATA / "lab-pio-nop.json", tmp_path / "mypatch.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=Frame))


@pytest.mark.usefixtures("_place")
@pytest.mark.parametrize("text", [text for text in EXAMPLES if "kbench.run" not in text])
def test_example(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(f"import kbench\n{text}", names)
    out = capsys.readouterr().out
    if "found" in names:
        assert "exit.pio_out min worse 1.0" in out
    elif "frame" in names:
        assert "benchmark" in out and "p50" in out
    else:
        assert out.split() == ["integer", "1", "1", "3021"]


@pytest.mark.kvm
@pytest.mark.usefixtures("_place")
def test_example_that_measures(capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = (text for text in EXAMPLES if "kbench.run" in text)
    exec(text, {})
    assert "kbench_p50" in capsys.readouterr().out
