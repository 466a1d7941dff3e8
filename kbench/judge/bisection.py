# SPDX-License-Identifier: MIT
"""Where along a history an exact figure moves: divide and conquer, with no step repeated.

An interval whose ends have the same figure is left alone: two changes in it that cancel each
other are not found. Every other interval is halved, so that all commits that moved the figure
are found and not only one of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kbench.judge.functions import FunctionChanges


@dataclass(frozen=True)
class Move:
    """The figure changes between the commits number `before` and `after` of the history.

    Where they are not adjacent, those between them cannot be measured, and each of them and
    `after` may be the one.
    """

    before: int
    after: int


@dataclass(frozen=True)
class CommitFigure:
    """A commit that was measured: `figure`, or None and the `reason` why it has none."""

    subject: str
    figure: float | None
    reason: str = ""


@dataclass(frozen=True)
class Bisection:
    """What was found in a history of `commits` commits.

    moves: the places where the figure changes, as indices of the history. functions: what each
    of them is made of. subjects: of each commit that a move speaks of. inside: how to search the
    branch that a commit merges, where one is a merge. steps: of each commit that was measured.
    """

    benchmark: str
    metric: str
    commits: int
    moves: tuple[Move, ...]
    functions: tuple[FunctionChanges, ...]
    subjects: dict[int, str]
    inside: dict[int, str]
    steps: dict[int, CommitFigure]


def search(figure: Callable[[int], float | None], last: int, threshold: float) -> list[Move]:
    """The moves by `threshold` or more between the commits 0 and `last`, in their order.

    `figure` is asked once a commit. Raises ValueError when either end cannot be measured.
    """
    known: dict[int, float | None] = {}

    def ask(index: int) -> float | None:
        if index not in known:
            known[index] = figure(index)
        return known[index]

    def moved(low: int, high: int) -> list[Move]:
        before, after = ask(low), ask(high)
        if before is None or after is None:
            raise ValueError("an end of the history cannot be measured")
        if abs(after - before) < threshold:
            return []
        inside = sorted(range(low + 1, high), key=lambda index: abs(2 * index - low - high))
        middle = next((index for index in inside if ask(index) is not None), None)
        if middle is None:
            return [Move(low, high)]
        return [*moved(low, middle), *moved(middle, high)]

    return moved(0, last)
