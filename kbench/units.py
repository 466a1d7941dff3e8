# SPDX-License-Identifier: MIT
"""Figures as people read them: 7.31 us, 3,031, 1.50 KB; and what a figure of the lab is."""

import re
from typing import Self

SHARE = "share"
# Every text about figures of the lab has this sentence (tests/docs/test_lab_note.py).
NOT_TIMES = "They are not times: caches, microcode and pipelines are not modelled."
LAB_NOTE = (
    "Lab figures count the instructions of an emulated machine: the length of the software path. "
    f"{NOT_TIMES}"
)


class Figure(float):
    """A number that prints itself with its unit: 7.31 us, 3,031, 99.9 %.

    `unit` is one of pyperf's, or SHARE.
    """

    unit: str

    def __new__(cls, value: float, unit: str) -> Self:
        made = super().__new__(cls, value)
        made.unit = unit
        return made

    def __str__(self) -> str:
        return percent(self) if self.unit == SHARE else human(self, self.unit)


def human(value: float, unit: str) -> str:
    """A figure in pyperf's `unit`: seconds with three digits and a prefix, counts in full."""
    if unit == "byte" and value >= 1024:
        return f"{value / 1024:,.2f} KB"
    if unit != "second":
        number = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
        return f"{number} B" if unit == "byte" else number
    scale, name = next(
        ((scale, name) for scale, name in ((1, "s"), (1e-3, "ms"), (1e-6, "us")) if value >= scale),
        (1e-9, "ns"),
    )
    scaled = value / scale
    digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
    return f"{scaled:,.{digits}f} {name}"


def human_range(low: float, high: float, unit: str) -> str:
    """`7.41-9.06 us`: two figures, with one unit where they share it."""
    first, second = human(low, unit), human(high, unit)
    number, _, prefix = first.partition(" ")
    return f"{number}-{second}" if prefix and second.endswith(f" {prefix}") else f"{first}-{second}"


def percent(share: float) -> str:
    """`2.60 %`, `100 %`: a share with three significant digits."""
    return f"{share * 100:#.3g}".rstrip(".") + " %"


_TIMES = re.compile(r"(\d[\d,.]*)(-| )(ns|us|ms)\b")
_RATE = re.compile(r"(\d[\d,]*) times a second")
_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000}


def in_instructions(text: str) -> str:
    """A text of the lab with its times as the instructions that they are there: 1 ns is one.

    `64 us at most` becomes `64,000 instructions at most`, `250 times a second` `once in 4,000,000
    instructions`. A name such as hlt-poll-200us stays as it is.
    """

    def count(found: re.Match[str]) -> str:
        return f"{float(found[1].replace(',', '')) * _NS[found[3]]:,.0f}{found[2]}instructions"

    def once(found: re.Match[str]) -> str:
        return f"once in {1e9 / int(found[1].replace(',', '')):,.0f} instructions"

    return _RATE.sub(once, _TIMES.sub(count, text))
