# SPDX-License-Identifier: MIT
"""Figures against each other, in words."""

from collections.abc import Callable, Sequence

from kbench.answers.level import apart, comparable, listed
from kbench.answers.measured import Measured
from kbench.answers.quantity import Quantity
from kbench.units import percent


def ratio(value: float, base: float) -> str:
    """`as much`, `12.0 % more`, `4.10 % less`, `3.2 times as much`: `value` against `base`."""
    found = value / base
    if found >= 2:
        return f"{found:.1f} times as much" if found < 10 else f"{found:.0f} times as much"
    if abs(found - 1) < 0.005:
        return "as much"
    return f"{percent(abs(found - 1))} {'more' if found > 1 else 'less'}"


def against(row: Measured, base: Measured, quantity: Quantity) -> str:
    """ratio() of two rows, or that nothing tells them apart.

    Raises Unsupported, naming the premise, where the rows may not be compared.
    """
    comparable([row, base])
    if not apart(row, base, quantity):
        return "nothing tells the two apart"
    return ratio(quantity.typical(row), quantity.typical(base))


def side_by_side(
    rows: Sequence[Measured],
    quantity: Quantity,
    shown: Callable[[Measured], str] | None = None,
    but: str = "",
) -> list[str]:
    """A figure of each row, fit to be read against those before it: `shown`, or the typical one.

    One that nothing tells from an earlier one says so: `18,831 (level with 18,799)`, or `the
    same` where it reads so. Raises Unsupported, naming the premise, where the rows differ in
    more of their scope than in `but`.
    """
    comparable(rows, but)
    show = shown or (lambda row: str(quantity.typical(row)))
    figures = [show(row) for row in rows]
    pairs = len(rows) * (len(rows) - 1) // 2
    said = []
    for number, (row, figure) in enumerate(zip(rows, figures, strict=True)):
        level = [
            earlier
            for base, earlier in zip(rows[:number], figures, strict=False)
            if not apart(row, base, quantity, pairs)
        ]
        others = [earlier for earlier in level if earlier != figure]
        alike = "the same" if figure in level else figure
        said.append(f"{alike} (level with {listed(others)})" if others else alike)
    return said


def median_of(row: Measured) -> str:
    """The p50 of all events, for side_by_side() of LATENCY."""
    return str(row.p50)


def range_of(row: Measured, quantity: Quantity) -> str:
    """`18,900 to 20,100`: the range of single runs, or the one figure that all have."""
    low, high = quantity.range(row)
    return f"{low} to {high}" if low < high else str(low)
