# SPDX-License-Identifier: MIT
"""The Pareto front, and what a point of the trade-off plot is."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reports import POLICIES, host, lab

from kbench.suite.load import load
from kbench.suite.tradeoff import front, points

PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12)


@given(PAIRS)
def test_front_is_what_nothing_beats(pairs: list[tuple[int, int]]) -> None:
    def beaten(pair: tuple[int, int]) -> bool:
        return any(other != pair and other[0] <= pair[0] and other[1] <= pair[1] for other in pairs)

    chosen = front(pairs)
    assert {pairs[index] for index in chosen} == {pair for pair in pairs if not beaten(pair)}
    assert [pairs[index] for index in chosen] == sorted({pairs[index] for index in chosen})


def test_points_of_the_host(tmp_path: Path) -> None:
    found = points(load(host(tmp_path / "a.json")))
    assert {point.pattern for point in found} == {"tick250", "poisson"}
    costs = {point.policy: point.cost for point in found if point.pattern == "tick250"}
    assert costs == {policy: pytest.approx(row[0]) for policy, row in POLICIES.items()}
    assert all(point.p50 < (point.p99 or 0) for point in found)


def test_lab_cost_is_a_share_of_virtual_time(tmp_path: Path) -> None:
    found = points(load(lab(tmp_path / "a.json")))
    assert [point.policy for point in found] == ["hlt", "mwait-nop"]
    assert [point.cost for point in found] == pytest.approx([0.0009, 1.0])


def test_a_row_without_wake_ups_that_mean_anything_has_no_point(tmp_path: Path) -> None:
    marked = []
    for row in load(lab(tmp_path / "a.json")):
        own = {"kbench_no_latency": "the waker shares the vCPU's pCPU"}
        spins = row.name.endswith("@mwait-nop")
        runs = (replace(run, own={**run.own, **own}) if spins else run for run in row.runs)
        marked.append(replace(row, runs=tuple(runs)))
    assert [point.policy for point in points(marked)] == ["hlt"]
