# SPDX-License-Identifier: MIT
"""The tail of a distribution as marks: one scale for every row."""

import pytest

from kbench.present.sparkline import BLOCKS, PLAIN, sparkline


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ((7e-6, 7e-6, 7e-6), "▁▁▁"),
        ((7e-6, 7.1e-6, 70e-6, 700e-6), "▁▂▄▆"),
        ((7e-6, 7e-3, 1.0), "▁██"),
        ((3031, 3031, 3050), "▁▁▂"),
        ((7e-6, 6e-6), "▁▁"),
        ((0.0, 1.0), ""),
    ],
)
def test_marks(values: tuple[float, ...], drawn: str) -> None:
    assert sparkline(values) == drawn


def test_ascii_has_a_mark_for_each_block() -> None:
    assert len(PLAIN) == len(BLOCKS) and PLAIN.isascii()
    assert sparkline((7e-6, 7e-3), PLAIN) == "_#"
