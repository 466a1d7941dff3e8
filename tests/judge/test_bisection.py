# SPDX-License-Identifier: MIT
"""Where an exact figure moves: every place is found, and no commit is asked twice."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbench.judge.bisection import Move, search


class History:
    """The figures of a history; counts what is asked."""

    def __init__(self, *figures: float | None) -> None:
        self.figures = figures
        self.asked: Counter[int] = Counter()

    def __call__(self, index: int) -> float | None:
        self.asked[index] += 1
        return self.figures[index]

    def search(self, threshold: float = 1) -> list[Move]:
        return search(self, len(self.figures) - 1, threshold)


def test_one_change_takes_a_logarithm_of_steps() -> None:
    history = History(*[7.0] * 700, *[8.0] * 324)
    assert history.search() == [Move(699, 700)]
    assert len(history.asked) <= 2 + 10 * 2


def test_every_change_is_found() -> None:
    history = History(10, 10, 15, 15, 22, 42, 42)
    assert history.search() == [Move(1, 2), Move(3, 4), Move(4, 5)]


def test_commits_that_cannot_be_measured_are_passed_over() -> None:
    assert History(1, None, None, 2).search() == [Move(0, 3)]
    assert History(1, None, 1, 2).search() == [Move(2, 3)]


def test_changes_below_the_threshold_are_none() -> None:
    assert History(10, 14, 30).search(threshold=5) == [Move(1, 2)]
    assert History(10, 14).search(threshold=5) == []


def test_an_end_that_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="an end"):
        History(1, 2, None).search()


@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 5.0, 20.0]), min_size=1, max_size=60))
def test_moves_are_the_steps_of_a_history_that_only_grows(steps: list[float]) -> None:
    figures = [sum(steps[:index]) for index in range(len(steps) + 1)]
    history = History(*figures)
    assert history.search() == [Move(i, i + 1) for i, step in enumerate(steps) if step]
    assert max(history.asked.values()) == 1
