# SPDX-License-Identifier: MIT
"""What --stop-above takes, by target, and for which benchmarks."""

import pytest

from kbench.catalogue import find
from kbench.errors import KbenchError
from kbench.session.stop_above import require_stoppable, stop_above


@pytest.mark.parametrize(
    ("text", "unit", "limit"),
    [
        ("50us", "second", 50_000),
        ("1.5ms", "second", 1_500_000),
        ("800ns", "second", 800),
        ("2s", "second", 2e9),
        ("10s", "second", 1e10),
        ("3100", "integer", 3100),
    ],
)
def test_a_limit_has_the_targets_unit(text: str, unit: str, limit: float) -> None:
    assert stop_above(text, unit) == limit


@pytest.mark.parametrize(
    "text", ["50", "us", "50 us", "-5us", "0us", "1h", "nan", "1e3us", "11s", "0.5ns"]
)
def test_a_time_that_is_none(text: str) -> None:
    with pytest.raises(KbenchError, match=f"--stop-above {text}: a time .*as in 50us"):
        stop_above(text, "second")


@pytest.mark.parametrize("text", ["50us", "0", "-1", "3.5", "9" * 12, "9" * 5000, "\u0663"])
def test_a_count_that_is_none(text: str) -> None:
    with pytest.raises(KbenchError, match="the lab counts instructions"):
        stop_above(text, "integer")


def test_only_single_entries_of_a_guest() -> None:
    require_stoppable([find("exit.pio_out"), find("exit.hlt_user")])
    for name in ("wake.irqfd@hlt", "inkernel.cpuid", "floor.clock"):
        with pytest.raises(KbenchError, match=f"{name} has none"):
            require_stoppable([find("exit.pio_out"), find(name)])
