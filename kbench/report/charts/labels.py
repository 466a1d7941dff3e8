# SPDX-License-Identifier: MIT
"""Where the labels of points stand: in lanes beside the plot, each with a line to its point.

Idle policies gather in two places, near no cost and near a whole pCPU, with latencies
that differ little: a label beside each point would lie on its neighbours.
"""

from collections.abc import Sequence
from typing import NamedTuple

LANE = 14.0
"""Pixels from one label to the next."""


class Point(NamedTuple):
    """What is labelled, in pixels from the top left of the plot."""

    text: str
    x: float
    y: float


def lanes(points: Sequence[Point], height: float) -> list[float]:
    """The y of each label: as near to its point as a distance of LANE between all allows.

    In the order of the points' y, so that lines to the labels do not cross more than they
    must. More labels than fit between 0 and `height` get lanes below it.
    """
    order = sorted(range(len(points)), key=lambda i: (points[i].y, points[i].x))
    placed: list[float] = []
    for index in order:
        lowest = placed[-1] + LANE if placed else 0.0
        placed.append(max(points[index].y, lowest))
    # What was pushed beyond the end goes back up, and pushes its neighbours.
    end = max(height, LANE * (len(order) - 1))
    for position in range(len(placed) - 1, -1, -1):
        placed[position] = min(placed[position], end)
        end = placed[position] - LANE
    result = [0.0] * len(points)
    for index, y in zip(order, placed, strict=True):
        result[index] = y
    return result
