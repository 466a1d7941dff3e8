# SPDX-License-Identifier: MIT
"""`import kbench`: what its functions return and refuse."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import kbench
from kbench.errors import KbenchError
from kbench.session import run as session

DATA = Path(__file__).parent / "data"
SUITE = DATA / "lab-pio.json"
frames = SimpleNamespace(DataFrame=list)


def test_the_import_is_light() -> None:
    """Workers and the lab import the package."""
    text = "import sys, kbench; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", text], capture_output=True, text=True)
    assert "kbench" in done.stdout.split() and not {"numpy", "kbench.api"} & {*done.stdout.split()}
    assert callable(kbench.load) and set(kbench.__all__) <= {*dir(kbench), *kbench.__all__}
    absent = "lod"
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        getattr(kbench, absent)


def test_a_row_for_each_run_and_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", frames)
    rows = kbench.to_dataframe(kbench.load(SUITE), "polars")
    assert [(row["benchmark"], row["unit"], row["p50"]) for row in rows] == [
        ("exit.pio_out", "integer", 3021.0),
        ("floor.syscall", "integer", 318.0),
    ]
    found = kbench.compare(SUITE, kbench.load(DATA / "lab-pio-nop.json"), margins=["0"])
    changes = kbench.to_dataframe(found, "polars")
    moved = [row for row in changes if row["benchmark"] == "exit.pio_out"]
    assert {row["verdict"] for row in moved} == {"worse"} and moved[0]["delta"] == 1


def test_without_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pandas", "polars"):
        monkeypatch.setitem(sys.modules, name, None)
    suite = kbench.load(SUITE)
    with pytest.raises(KbenchError, match="pandas or polars is not installed: pip install pandas"):
        kbench.to_dataframe(suite)
    with pytest.raises(KbenchError, match="polars is not installed: pip install polars"):
        kbench.to_dataframe(suite, "polars")
    with pytest.raises(KbenchError, match="one of pandas, polars"):
        kbench.to_dataframe(suite, "excel")


def test_run_returns_one_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def measured(words: object, choice: object, output: session.Output) -> None:
        asked.append((words, choice))
        assert output.path
        output.path.write_bytes(SUITE.read_bytes())

    monkeypatch.setattr(session, "run", measured)
    suite = kbench.run("exit.pio_out", target="lab", output=tmp_path / "x.json")
    assert "exit.pio_out" in suite.benchmarks and (tmp_path / "x.json").exists()
    with pytest.raises(KbenchError, match="makes two suites: name one"):
        kbench.run("exit", target="both")
    assert len(asked) == 1
