# SPDX-License-Identifier: MIT
"""The truth table of mp_state: every word is one that a suite holds."""

import json
from pathlib import Path

import pytest
from support.cli import kbench
from support.docs import ROOT
from support.suites import Metadata, host_run, write

from kbench.catalogue.mpstate import LOOKS, TRUTH
from kbench.errors import KbenchError
from kbench.present.truth import SHORT, facts
from kbench.suite.load import load

PUBLISHED = ROOT / "reports" / "mp-state"


def run(**words: str) -> Metadata:
    found = dict.fromkeys(LOOKS, "right") | words
    return host_run(1e-6, kbench_truth="runs", **{f"kbench_truth_{k}": w for k, w in found.items()})


def test_the_words_of_a_suite(tmp_path: Path) -> None:
    rows = {"mpstate.truth@pv-kick": [run(set="changes")], "mpstate.truth@msi": [run(get="stale")]}
    path = write(tmp_path / "a.json", rows)
    msi, kick = facts(load(path))
    assert (msi.event, msi.looks["get"], msi.looks["lapic"]) == ("msi", "stale", "right")
    assert (kick.event, kick.truth, kick.looks["set"]) == ("pv_kick", "runs", "changes")
    printed = json.loads(kbench("truth", path, "--format", "json").worked())
    assert printed["benchmarks"][1]["looks"]["set"] == "changes"
    assert TRUTH["pv_kick"] in kbench("truth", path).worked()


def test_a_suite_without_such_rows_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", {"exit.pio_out": [host_run(1e-6)]})
    with pytest.raises(KbenchError, match=r"no mpstate\.truth@\* here"):
        facts(load(path))


def test_each_look_has_its_title() -> None:
    assert set(SHORT) == set(LOOKS)


def test_the_published_table_is_what_the_command_prints() -> None:
    suites = sorted(PUBLISHED.glob("*.json"))
    printed = kbench("truth", *suites, "--format", "md").worked()
    assert len(suites) >= 2 and printed.strip() in (PUBLISHED / "README.md").read_text()
