# SPDX-License-Identifier: MIT
"""A title is true of the kbench that shows it, whatever the suite has stored."""

from pathlib import Path

import pytest
from support.suites import host_run, write

from kbench.catalogue import find
from kbench.suite.load import load
from kbench.suite.summary import summarize
from kbench.suite.titles import title


@pytest.mark.parametrize("name", ["exit.pio_out", "idle.tick300@hlt", "wake.irqfd@hlt"])
def test_a_stale_title_is_not_shown(tmp_path: Path, name: str) -> None:
    run = host_run(6e-6, kbench_title="what an older release said")
    (benchmark,) = load(write(tmp_path / "a.json", {name: [run]}))
    assert title(benchmark) == find(name).title


@pytest.mark.parametrize("name", ["exit.removed", "gone.row", "exit.*"])
def test_an_unknown_benchmark_says_whose_title_it_has(tmp_path: Path, name: str) -> None:
    run = host_run(6e-6, kbench_title="a removed exit")
    (benchmark,) = load(write(tmp_path / "a.json", {name: [run]}))
    assert title(benchmark) == "a removed exit (title of another release)"


def test_show_has_the_catalogues_title(tmp_path: Path) -> None:
    run = host_run(6e-6, kbench_title="stale")
    (benchmark,) = load(write(tmp_path / "a.json", {"exit.hlt": [run]}))
    assert summarize(benchmark).title == find("exit.hlt").title
