# SPDX-License-Identifier: MIT
"""Where the labels of points stand: in a column beside the plot, each with a line to its point.

Idle policies cluster in two places, near no cost and near a whole pCPU, with latencies
that differ little: labels beside their points would overlap.
"""

from collections.abc import Sequence
from typing import NamedTuple

LANE = 14.0
"""Pixels from one label to the next."""


class Label(NamedTuple):
    """What is labelled, in pixels from the top left of the plot."""

    text: str
    x: float
    y: float


def lanes(points: Sequence[Label], height: float) -> list[float]:
    """The y of each label, in pixels: as near to its point as a distance of LANE allows.

    Labels stand in the order of the points' y, so that their lines cross as little as
    possible. Labels that do not fit between 0 and `height` stand below it.
    """
    order = sorted(range(len(points)), key=lambda i: (points[i].y, points[i].x))
    placed: list[float] = []
    for index in order:
        lowest = placed[-1] + LANE if placed else 0.0
        placed.append(max(points[index].y, lowest))
    # Labels pushed beyond the end go back up, and push those above them.
    end = max(height, LANE * (len(order) - 1))
    for position in range(len(placed) - 1, -1, -1):
        placed[position] = min(placed[position], end)
        end = placed[position] - LANE
    result = [0.0] * len(points)
    for index, y in zip(order, placed, strict=True):
        result[index] = y
    return result
