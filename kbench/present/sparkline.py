# SPDX-License-Identifier: MIT
"""A distribution's tail in nine characters: how far each percentile lies above the median."""

import math
import sys
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.:-=+*#"
DECADES = 3.0
"""The tallest mark stands for a thousand times the median, or more: 7 us against 7 ms."""


def sparkline(values: Sequence[float], marks: str = BLOCKS) -> str:
    """One mark per value, by the logarithm of its ratio to the first; one scale for all rows."""
    first = values[0]
    if first <= 0:
        return ""
    last = len(marks) - 1
    heights = (math.log10(max(value, first) / first) / DECADES * last for value in values)
    return "".join(marks[min(math.ceil(height), last)] for height in heights)


def marks() -> str:
    """Blocks, or ASCII if standard output cannot encode blocks."""
    try:
        BLOCKS.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return PLAIN
    return BLOCKS
