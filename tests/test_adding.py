# SPDX-License-Identifier: MIT
"""What one has to touch to add something stays little: no list names what a module declares."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import house
import pytest

from kbench.catalogue import IdleWindow, families, find, select
from kbench.suite.stages import in_order
from kbench.worker.measure import prepare


@pytest.mark.parametrize(
    ("count", "most"),
    [
        (house.for_a_guest, 3),
        (house.for_a_policy, 1),
        (house.for_a_family, 3),
        (house.for_a_command, 1),
    ],
    ids=["exit benchmark", "policy", "family", "command"],
)
def test_files_to_touch(count: Callable[[Path], set[str]], most: int) -> None:
    files = count(house.ROOT)
    assert files and len(files) <= most, sorted(files)


@pytest.fixture
def nap(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdleWindow]:
    """A family that is added as CONTRIBUTING.md says: two modules and its name in FAMILIES."""
    row = IdleWindow(name="nap.short@hlt", title="a nap", policy="hlt", loops=1)
    rows, measurement = ModuleType("nap"), ModuleType("nap")
    vars(rows).update(BENCHMARKS=(row,), STAGES={"late": "to the alarm", "doze": "to the feet"})

    @contextmanager
    def prepared(benchmark: IdleWindow) -> Iterator[str]:
        yield f"the measurement of {benchmark.name}"

    vars(measurement).update(prepare=prepared)
    monkeypatch.setitem(sys.modules, "kbench.catalogue.nap", rows)
    monkeypatch.setitem(sys.modules, "kbench.worker.idle.nap", measurement)
    monkeypatch.setattr(families, "FAMILIES", (*families.FAMILIES, "nap"))
    monkeypatch.setattr("kbench.catalogue.selectors.FAMILIES", families.FAMILIES)
    families.catalogue.cache_clear()
    yield row
    families.catalogue.cache_clear()


def test_a_family_is_found_measured_and_shown(nap: IdleWindow) -> None:
    assert select(["nap"]) == select(["nap.*"]) == (nap,) == (find(nap.name),)
    with prepare(nap) as measurement:
        assert str(measurement) == "the measurement of nap.short@hlt"
    assert in_order(nap.name, ["zzz", "doze", "late"]) == ["late", "doze", "zzz"]
    assert families.stages("nap")["doze"] == "to the feet"
