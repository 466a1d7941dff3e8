# SPDX-License-Identifier: MIT
"""A distribution's tail in nine characters: how far beyond the median each percentile lies."""

import math
import sys
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.:-=+*#"
DECADES = 3.0
"""The tallest mark stands for a thousand times the median, or more: 7 us against 7 ms."""


def sparkline(values: Sequence[float], marks: str = BLOCKS) -> str:
    """One mark a value, by its logarithm against the first one; the same scale in every row."""
    first = values[0]
    if first <= 0:
        return ""
    last = len(marks) - 1
    heights = (math.log10(max(value, first) / first) / DECADES * last for value in values)
    return "".join(marks[min(math.ceil(height), last)] for height in heights)


def marks() -> str:
    """Blocks, or ASCII where standard output cannot encode them."""
    try:
        BLOCKS.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return PLAIN
    return BLOCKS
