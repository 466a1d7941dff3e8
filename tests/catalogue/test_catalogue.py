# SPDX-License-Identifier: MIT
"""The catalogue: names, rows and what they refer to."""

import importlib
import pkgutil
import re

import pytest

import kbench.catalogue
from kbench._abi import lib
from kbench.catalogue import Benchmark, IdleWindow, RoundTrip, catalogue, find, select
from kbench.catalogue.families import FAMILIES, paths, stages
from kbench.catalogue.renamed import RENAMED_EVENTS
from kbench.errors import KbenchError
from kbench.guests import load
from kbench.worker.vm.features import FEATURES

PIO = ("exit.pio_out", "exit.pio_out@real")
NAME = re.compile(r"[a-z]+\.[a-z][a-z0-9_]*(@[a-z0-9-]+)?")


def test_at_least_sixteen_with_unique_names() -> None:
    names = [row.name for row in catalogue()]
    assert len(names) >= 16
    assert len(set(names)) == len(names)


def test_every_module_s_rows_are_of_its_family() -> None:
    for info in pkgutil.iter_modules(kbench.catalogue.__path__):
        module = importlib.import_module(f"kbench.catalogue.{info.name}")
        rows = getattr(module, "BENCHMARKS", ())
        assert {row.family for row in rows} <= {info.name}
        assert [row.name for row in rows] == [
            row.name for row in catalogue() if row.family == info.name
        ]


@pytest.mark.parametrize("row", catalogue(), ids=lambda row: row.name)
def test_row(row: Benchmark) -> None:
    assert NAME.fullmatch(row.name)
    assert row.title and row.title.isprintable()
    if isinstance(row, IdleWindow):
        module = importlib.import_module(f"kbench.worker.idle.{row.measured_by or row.family}")
        assert row.loops > 0 and callable(module.prepare)
        return
    assert set(row.features) <= set(FEATURES)
    assert load(row.guest, row.mode).data
    if isinstance(row, RoundTrip) and row.loop in ("kvm_run", "halt"):
        assert row.expect.startswith("KVM_EXIT_")
        assert hasattr(lib, row.expect)


def test_real_mode_rows_have_a_long_mode_twin() -> None:
    for row in catalogue():
        if row.name.endswith("@real"):
            twin = find(row.name.removesuffix("@real"))
            assert isinstance(row, RoundTrip) and isinstance(twin, RoundTrip)
            assert twin.guest == row.guest


def test_select() -> None:
    assert select([]) == catalogue()
    assert [row.name for row in select(["floor.clock", "exit.pio_out*"])] == [
        row.name for row in catalogue() if row.name in ("floor.clock", *PIO)
    ]
    assert {row.family for row in select(["floor"])} == {"floor"}


@pytest.mark.parametrize(
    ("selector", "hint"), [("exit.hlr", "did you mean 'exit.hlt'?"), ("%%%", "families are")]
)
def test_unknown(selector: str, hint: str) -> None:
    with pytest.raises(KbenchError) as caught:
        select(["floor", selector])
    assert repr(selector) in str(caught.value)
    assert hint in str(caught.value)


def test_an_old_name_selects_todays_row() -> None:
    for old, new in RENAMED_EVENTS.items():
        assert select([f"{old}@*"]) == select([f"{new}@*"])
    assert find("work.neighbour@hlt") == find("work.competitor@hlt")


@pytest.mark.parametrize("family", FAMILIES)
def test_stages_are_declared_with_what_they_span(family: str) -> None:
    assert all(re.fullmatch(r"[a-z]+", name) and span for name, span in stages(family).items())


def test_a_path_has_stages() -> None:
    assert dict(paths()) and all(stages(family) and path for family, path in paths())


def test_a_name_is_one_benchmark() -> None:
    assert find("exit.pio_out").name == "exit.pio_out"
    with pytest.raises(KbenchError, match=r"exit\.pio_\* is \d+ benchmarks: name one, as exit\."):
        find("exit.pio_*")
