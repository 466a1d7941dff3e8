# SPDX-License-Identifier: MIT
"""A session on each host of a fleet, into a suite each."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from kbench.catalogue import select
from kbench.errors import KbenchError
from kbench.record.writer import SuiteWriter
from kbench.session import run
from kbench.session.options import Words
from kbench.session.places import FleetPlaces
from kbench.suite.journal import Journal
from kbench.targets.options import RunOptions

DATA = Path(__file__).parents[1] / "data"


def test_a_suite_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    """As on one machine: that is what the message advises."""
    where = cast(FleetPlaces, SimpleNamespace(hosts=lambda: [SimpleNamespace(name="near")]))
    words = Words(("floor.clock",), RunOptions(wait=0.2))
    start = time.monotonic()
    with Journal(tmp_path / "t-near.json"), pytest.raises(KbenchError, match="is writing"):
        run._on_hosts(select(["floor.clock"]), words, where, run.Output(tmp_path / "t.json"))
    assert time.monotonic() - start >= 0.2


def test_an_interruption_says_what_each_suite_keeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on one machine."""
    near, far = (SimpleNamespace(name=name) for name in ("near", "far"))
    where = cast(FleetPlaces, SimpleNamespace(hosts=lambda: [near, far]))
    stored = (DATA / "host-a.json").read_bytes()

    def interrupted(
        hosts: object, rows: object, options: object, writers: object, show: object
    ) -> None:
        cast(list[SuiteWriter], writers)[0].add(stored)
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "measure", interrupted)
    words = Words(("floor.clock",), RunOptions())
    with pytest.raises(KeyboardInterrupt):
        run._on_hosts(select(["floor.clock"]), words, where, run.Output(tmp_path / "t.json"))
    said = capsys.readouterr().err
    assert f"interrupted: 1 finished runs are in {tmp_path / 't-near.json'}" in said
    assert "t-far.json" not in said
