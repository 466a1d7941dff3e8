# SPDX-License-Identifier: MIT
"""A session on each host of a fleet, into a suite each."""

import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from kbench.catalogue import select
from kbench.errors import KbenchError
from kbench.session import run
from kbench.session.options import Words
from kbench.session.places import FleetPlaces
from kbench.suite.journal import Journal
from kbench.targets.options import RunOptions


def test_a_suite_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    """As on one machine: that is what the message advises."""
    where = cast(FleetPlaces, SimpleNamespace(hosts=lambda: [SimpleNamespace(name="near")]))
    words = Words(("floor.clock",), RunOptions(wait=0.2))
    start = time.monotonic()
    with Journal(tmp_path / "t-near.json"), pytest.raises(KbenchError, match="is writing"):
        run._on_hosts(select(["floor.clock"]), words, where, run.Output(tmp_path / "t.json"))
    assert time.monotonic() - start >= 0.2
