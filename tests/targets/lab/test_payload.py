# SPDX-License-Identifier: MIT
"""What a restored lab is handed: the measuring part of kbench and the guests of one benchmark."""

from pathlib import Path

import pytest

from kbench.errors import KbenchError
from kbench.targets.lab import bundle, payload


def guests(benchmark: str) -> set[str]:
    return {Path(name).name for name in payload.guests(benchmark)}


def test_holds_what_measures_and_nothing_of_the_host() -> None:
    found = payload.package()
    assert "kbench/targets/lab/inside.pyc" in found
    assert not [name for name in found if name.startswith(("kbench/cli/", "kbench/judge/"))]
    assert not [name for name in found if name.endswith(".bin")]


def test_is_the_same_each_time() -> None:
    assert bundle.pack(payload.package()) == bundle.pack(payload.package())


@pytest.mark.parametrize(
    ("benchmark", "wanted"),
    [
        ("exit.pio_out", {"pio_out.long.bin"}),
        ("exit.pio_out@real", {"pio_out.real.bin"}),
        ("floor.syscall", {"spin.long.bin"}),
    ],
)
def test_one_guest_for_a_benchmark(benchmark: str, wanted: set[str]) -> None:
    assert guests(benchmark) == wanted


def test_idle_guests_for_a_policy() -> None:
    found = guests("wake.irqfd@hlt")
    assert "idle_hlt.long.bin" in found
    assert all(name.startswith("idle_") for name in found)


def test_all_guests_for_the_shell() -> None:
    assert {"pio_out.long.bin", "idle_hlt.long.bin"} < guests("")


def test_unknown_benchmark() -> None:
    with pytest.raises(KbenchError, match="no_such"):
        payload.guests("no_such")
