# SPDX-License-Identifier: MIT
"""Labels of points never lie on each other."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kbench.report.charts.labels import LANE, Label, lanes

HEIGHT = 380.0
POINTS = st.lists(
    st.builds(Label, st.just("x"), st.floats(0, 500), st.floats(0, HEIGHT)), min_size=1, max_size=20
)


@given(POINTS)
def test_lanes_keep_distance_and_order(points: list[Label]) -> None:
    found = lanes(points, HEIGHT)
    ordered = sorted(found)
    assert all(b - a >= LANE - 1e-6 for a, b in pairwise(ordered))
    assert ordered[0] + 1e-6 >= 0 and ordered[-1] <= HEIGHT + 1e-6
    by_point = sorted(zip(points, found, strict=True), key=lambda row: (row[0].y, row[0].x))
    assert [lane for _, lane in by_point] == ordered


def test_far_points_keep_their_own_height() -> None:
    points = [Label("a", 1, 10), Label("b", 2, 200), Label("c", 3, 300)]
    assert lanes(points, HEIGHT) == [10, 200, 300]
