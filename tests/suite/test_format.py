# SPDX-License-Identifier: MIT
"""Suites of older releases are read under today's names."""

from pathlib import Path

import pytest
from support.suites import host_run, output, write

from kbench.catalogue import catalogue, find
from kbench.catalogue.renamed import RENAMED_EVENTS, present_name
from kbench.metrics import metrics
from kbench.record.writer import SuiteWriter
from kbench.suite.format import RENAMED_KEYS, present_names, printable
from kbench.suite.load import load

ROOT = Path(__file__).parents[2]
STORED = sorted([*ROOT.glob("tests/data/*.json"), *ROOT.glob("reports/**/*.json")])


def test_suites_are_stored() -> None:
    assert len(STORED) >= 10


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.name)
def test_stored_suites_have_todays_names(path: Path) -> None:
    for benchmark in load(path):
        assert find(benchmark.name).name == benchmark.name
        for run in benchmark.runs:
            assert run.get("name") == benchmark.name
            assert not run.metadata.keys() & RENAMED_KEYS.keys()


def test_no_name_of_today_is_an_old_one() -> None:
    assert not RENAMED_KEYS.keys() & {row.field for row in metrics().values()}
    assert not RENAMED_KEYS.keys() & set(RENAMED_KEYS.values())
    events = {row.name.partition("@")[0] for row in catalogue()}
    assert not RENAMED_EVENTS.keys() & events
    assert set(RENAMED_EVENTS.values()) <= events


def test_printable() -> None:
    odd = {"a": "\x07b\u2028", "b": " ", "c": 1}
    assert printable(odd) == {"a": "?b?", "b": "none", "c": 1}


def test_names_of_runs() -> None:
    old = {"name": "work.neighbour19@hlt", "kbench_counter_neighbour_share": 0.5, "kbench_p50": 1}
    new = {"name": "work.competitor19@hlt", "kbench_counter_competitor_share": 0.5, "kbench_p50": 1}
    assert present_names(old) == present_names(new) == new


def test_own_pcpus_of_an_older_suite() -> None:
    assert present_name("idle.poisson@hlt/2pinned") == "idle.poisson@hlt/2own-pcpu"
    assert present_name("idle.poisson@hlt/2") == "idle.poisson@hlt/2"


def test_runs_are_added_to_an_old_suite_under_one_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", {"work.neighbour@hlt": [host_run(1e-6)]})
    with SuiteWriter(path, append=True) as writer:
        writer.add(output("work.competitor@hlt", 1e-6))
    assert "neighbour" not in path.read_text()
    assert [(row.name, len(row.runs)) for row in load(path)] == [("work.competitor@hlt", 2)]
