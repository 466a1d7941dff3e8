# SPDX-License-Identifier: MIT
"""RAPL in a made-up sysfs: packages count, their parts do not, and counters wrap."""

from pathlib import Path

import pytest

from kbench.record import energy


@pytest.fixture
def powercap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    return tmp_path


def domain(powercap: Path, number: str, name: str, energy_uj: int) -> Path:
    made = powercap / f"intel-rapl:{number}"
    made.mkdir()
    for file, value in (("name", name), ("energy_uj", energy_uj), ("max_energy_range_uj", 999)):
        (made / file).write_text(f"{value}\n")
    return made


def test_without_rapl_there_is_none_and_a_reason(powercap: Path) -> None:
    assert energy.read() == ()
    assert energy.meter() == f"none: no RAPL package under {powercap}"


def test_only_whole_packages_count(powercap: Path) -> None:
    domain(powercap, "0", "package-0", 100)
    domain(powercap, "0:0", "core", 7)
    domain(powercap, "1", "package-1", 200)
    domain(powercap, "2", "psys", 1)
    assert energy.read() == (100, 200)
    assert energy.meter() == "RAPL, 2 package(s)"


def test_a_counter_wraps(powercap: Path) -> None:
    domain(powercap, "0", "package-0", 0)
    domain(powercap, "1", "package-1", 0)
    assert energy.joules((990, 100), (10, 300)) == pytest.approx((20 + 200) / 1e6)


def test_what_only_root_may_read_is_none_and_a_reason(
    powercap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain(powercap, "0", "package-0", 100)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert energy.meter() == "none: intel-rapl:0/energy_uj is readable by root only"


def test_an_unreadable_counter_is_no_counter(powercap: Path) -> None:
    made = domain(powercap, "0", "package-0", 100)
    (made / "energy_uj").unlink()
    assert energy.read() == ()
