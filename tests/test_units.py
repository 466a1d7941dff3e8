# SPDX-License-Identifier: MIT
"""Figures as people read them."""

import pytest

from kbench.units import human, human_range, percent


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (6.85e-6, "second", "6.85 us"),
        (6e-6, "second", "6.00 us"),
        (999.96e-6, "second", "1,000 us"),
        (0.25, "second", "250 ms"),
        (0.0, "second", "0.00 ns"),
        (1234.0, "second", "1,234 s"),
        (3031.0, "integer", "3,031"),
        (0.5, "integer", "0.50"),
        (1536.0, "byte", "1.50 KB"),
    ],
)
def test_human(value: float, unit: str, text: str) -> None:
    assert human(value, unit) == text


def test_range_says_the_prefix_once() -> None:
    assert human_range(7.41e-6, 9.06e-6, "second") == "7.41-9.06 us"
    assert human_range(0.9e-6, 1.2e-6, "second") == "900 ns-1.20 us"
    assert human_range(3031, 3050, "integer") == "3,031-3,050"


def test_percent_has_three_digits() -> None:
    assert [percent(share) for share in (0.026, 1.0, 0.5)] == ["2.60 %", "100 %", "50.0 %"]
