# SPDX-License-Identifier: MIT
"""kbench.toml: what it can say, and that every mistake in it is named."""

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kbench.errors import KbenchError
from kbench.judge.project import Project, load_project, parse_margin
from kbench.judge.verdict import Margin

FULL = """
runs = 10
[margins.host]
p50 = "2%"
[margins.lab]
min = "4"
[[acknowledged]]
benchmark = "exit.mmio_*"
metric = "p50"
up_to = "8%"
reason = "the fix for the race costs a barrier"
expires = 2030-06-30
"""


def test_full(tmp_path: Path) -> None:
    path = tmp_path / "kbench.toml"
    path.write_text(FULL)
    project = load_project(path)
    assert project.runs == 10
    assert project.margin("host", "p50") == Margin(0.02)
    assert project.margin("lab", "min") == Margin(0.0, 4.0)
    assert project.margin("lab", "p50") is None
    (entry,) = project.acknowledged
    assert entry.expires == date(2030, 6, 30)
    assert entry.covers("exit.mmio_read", "p50", 0.08)
    assert not entry.covers("exit.mmio_read", "p50", 0.09)
    assert not entry.covers("exit.pio_out", "p50", 0.01)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "kbench.toml")
    with pytest.raises(KbenchError, match="not a regular file"):
        load_project(tmp_path / "kbench.toml")


def test_absent_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_project() == Project()
    with pytest.raises(KbenchError, match="No such file"):
        load_project(Path("kbench.toml"))


BAD = {
    "syntax": ("kbench.toml: ", "runs = "),
    "unknown-key": ("unknown field `margin`: did you mean 'margins'?", "margin = 3"),
    "unknown-target": ("`hots` - at `$.margins`: did you mean 'host'?", "[margins.hots]"),
    "unknown-word": (
        "`reson` - at `$.acknowledged[0]`: did you mean 'reason'?",
        '[[acknowledged]]\nbenchmark="a"\nreson="b"\nexpires=2030-01-01',
    ),
    "foreign-key": ("`zzz`: there are runs, margins, acknowledged", "zzz = 1"),
    "metric": ("'p51' is not a metric: did you mean 'p50'?", '[margins.host]\np51 = "3%"'),
    "margin": ("'3 percent' is not a margin", '[margins.host]\np50 = "3 percent"'),
    "instructions": ("counts instructions", '[margins.host]\np50 = "3"'),
    "runs": ("expected 4 or more", "runs = 3"),
    "no-reason": ("required field `reason`", '[[acknowledged]]\nbenchmark="a"\nexpires=2030-01-01'),
    "blank-reason": (
        "gives no reason",
        '[[acknowledged]]\nbenchmark="a"\nreason=" "\nexpires=2030-01-01',
    ),
    "no-expiry": ("required field `expires`", '[[acknowledged]]\nbenchmark="a"\nreason="b"'),
    "bad-expiry": ("Expected `date`", '[[acknowledged]]\nbenchmark="a"\nreason="b"\nexpires=3'),
    "huge": ("more than 1 MB", "#" * (2 << 20)),
    "deep": ("kbench.toml", "a = " + "[" * 100_000),
}


@pytest.mark.parametrize(("message", "text"), BAD.values(), ids=BAD)
def test_mistakes_are_named(tmp_path: Path, message: str, text: str) -> None:
    path = tmp_path / "kbench.toml"
    path.write_text(text)
    with pytest.raises(KbenchError) as caught:
        load_project(path)
    assert message in str(caught.value) and "kbench.toml" in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.binary(max_size=100))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kbench.toml"
    path.write_bytes(content)
    try:
        load_project(path)
    except KbenchError as error:
        assert "kbench.toml" in str(error)


@pytest.mark.parametrize(
    ("text", "margin"),
    [("3%", Margin(0.03)), ("0", Margin(0)), ("0.5%", Margin(0.005)), ("10", Margin(0, 10))],
)
def test_margins(text: str, margin: Margin) -> None:
    assert parse_margin(text) == margin


@pytest.mark.parametrize("text", ["", "-3%", "3 %%", "nan", "1e9", "٣%", "3%\n4%"])
def test_bad_margins(text: str) -> None:
    with pytest.raises(KbenchError, match="is not a margin"):
        parse_margin(text)
