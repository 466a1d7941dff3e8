# SPDX-License-Identifier: MIT
"""Ticks are round and few; lab axes say what they count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbench.report.charts.axes import log_ticks, scale, spaced, value_title
from kbench.report.model import Place


@pytest.mark.parametrize(
    ("domain", "most", "ticks"),
    [
        ((4e-6, 20e-3), 9, [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2]),
        ((4.9e-6, 1.1e-5), 7, [5e-6, 6e-6, 7e-6, 8e-6, 9e-6, 1e-5]),
        ((1e-9, 1.0), 4, [1e-9, 1e-6, 1e-3, 1.0]),
    ],
)
def test_ticks(domain: tuple[float, float], most: int, ticks: list[float]) -> None:
    assert log_ticks(domain, most) == pytest.approx(ticks)


@given(st.floats(1e-9, 1e3), st.floats(1.01, 1e9), st.integers(2, 12))
def test_ticks_lie_within_and_are_few(low: float, ratio: float, most: int) -> None:
    found = log_ticks((low, low * ratio), most)
    assert len(found) <= most
    assert all(low <= tick <= low * ratio for tick in found)


def test_a_narrow_axis_is_left_to_vega() -> None:
    """No round number lies between 3,375 and 3,442: an axis of given ticks would be bare."""
    assert spaced(scale("log", [3375, 3442]), 9) == {"tickCount": 9}
    assert spaced(scale("log", [1000, 8000]), 4) == {"values": [1000, 2000, 5000]}
    assert spaced(scale("linear", [0, 100]), 5) == {"tickCount": 5}


def test_lab_axes_say_what_they_count() -> None:
    lab = Place("lab", "svm-tcg", "QEMU TCG", "integer")
    host = Place("host", "vmx", "CPU", "second")
    assert value_title("round trip", lab) == "round trip, instructions (emulated lab)"
    assert value_title("round trip", host) == "round trip"
