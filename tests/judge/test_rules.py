# SPDX-License-Identifier: MIT
"""The host rule's alarms and silences by simulation, the lab rule by arithmetic."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kbench.judge.rules import (
    LAB_MARGIN,
    HostRule,
    host_evidence,
    host_verdict,
    lab_change,
    lab_verdict,
)
from kbench.judge.verdict import Margin, Verdict

RULE = HostRule()
MARGIN = Margin(0.03)


def judged(base: list[float], head: list[float], margin: Margin = MARGIN) -> tuple[str, int | None]:
    evidence = host_evidence(base, head, RULE)
    verdict, further = host_verdict(evidence, evidence.p_value, margin, "lower", RULE)
    return str(verdict), further


def drawn(seed: int, runs: int, factor: float, spread: float) -> tuple[list[float], list[float]]:
    source = np.random.default_rng(seed)
    base = 6e-6 * source.lognormal(0, spread, runs)
    head = 6e-6 * factor * source.lognormal(0, spread, runs)
    return base.tolist(), head.tolist()


def regimes(seed: int, runs: int) -> tuple[list[float], list[float]]:
    """Interleaved pairs on a machine with two regimes a factor 1.3 apart, from outside."""
    source = np.random.default_rng(seed)
    slow = source.random(runs) < 0.3
    both = [6e-6 * np.where(slow, 1.3, 1.0) * source.lognormal(0, 0.03, runs) for _ in range(2)]
    return both[0].tolist(), both[1].tolist()


def test_identical_sides_alarm_as_seldom_as_promised() -> None:
    """At most alpha of all A/A comparisons are called different, on any machine."""
    steady = [judged(*drawn(seed, 20, 1.0, 0.04))[0] for seed in range(400)]
    unsteady = [judged(*regimes(seed, 40))[0] for seed in range(400)]
    bound = stats.binom.ppf(0.999, 400, RULE.alpha)
    for found in (steady, unsteady):
        assert found.count("worse") + found.count("better") <= bound


def test_ten_percent_is_found() -> None:
    found = [judged(*drawn(seed, 20, 1.10, 0.04))[0] for seed in range(100)]
    assert found.count("worse") >= 95
    found = [judged(*drawn(seed, 20, 1 / 1.10, 0.04))[0] for seed in range(100)]
    assert found.count("better") >= 95


def test_direction() -> None:
    base, head = drawn(1, 20, 1.2, 0.02)
    evidence = host_evidence(base, head, RULE)
    assert host_verdict(evidence, 0.0, MARGIN, "higher", RULE)[0] is Verdict.BETTER


@pytest.mark.parametrize("runs", [1, 2, 6, 19])
def test_too_few_runs_cannot_tell(runs: int) -> None:
    """Even a factor of two; the number of pairs asked for reaches the rule's minimum."""
    verdict, further = judged(*drawn(3, runs, 2.0, 0.02))
    assert verdict == "cannot tell"
    assert further is not None and further >= RULE.runs - runs


def test_further_pairs_do_decide() -> None:
    """With the pairs that were asked for, most undecided cases are decided."""
    decided = asked = 0
    for seed in range(200):
        verdict, further = judged(*drawn(seed, 20, 1.0, 0.06))
        if verdict == "cannot tell" and further is not None and further < 200:
            asked += 1
            decided += judged(*drawn(seed + 1000, 20 + further, 1.0, 0.06))[0] != "cannot tell"
    assert asked >= 20 and decided / asked > 0.5


@given(
    st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=40),
    st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=40),
    st.floats(0, 1),
)
def test_any_figures_get_a_verdict(base: list[float], head: list[float], margin: float) -> None:
    verdict, further = judged(base, head, Margin(margin))
    assert (further is not None) == (verdict == "cannot tell")
    assert further is None or 1 <= further <= 1000
    mirrored, _ = judged(head, base, Margin(margin))
    assert {verdict, mirrored} in (
        {"worse", "better"}, {"same"}, {"cannot tell"}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("head", "margin", "expected"),
    [
        (3031, Margin(0), "same"),
        (3032, Margin(0), "worse"),
        (3030, Margin(0), "better"),
        (3032, LAB_MARGIN, "same"),
        (3046, LAB_MARGIN, "same"),  # 0.5 % of 3031 are 15.2
        (3047, LAB_MARGIN, "worse"),
        (3015, LAB_MARGIN, "better"),
    ],
)
def test_lab_is_exact(head: int, margin: Margin, expected: str) -> None:
    change = lab_change([3031.0], [float(head)])
    assert change.low == change.mid == change.high == head - 3031
    assert lab_verdict(change, 3031.0, margin, "lower") == expected


def test_ten_instructions_matter_more_than_half_a_percent_of_little() -> None:
    assert lab_verdict(lab_change([300.0], [310.0]), 300.0, LAB_MARGIN, "lower") == "same"
    assert lab_verdict(lab_change([300.0], [311.0]), 300.0, LAB_MARGIN, "lower") == "worse"
    assert lab_verdict(lab_change([300.0], [311.0]), 300.0, LAB_MARGIN, "higher") == "better"


def test_lab_sides_that_do_not_repeat() -> None:
    change = lab_change([3031.0, 3033.0], [3032.0, 3032.0])
    assert (change.low, change.high) == (-1, 1)
    assert lab_verdict(change, 3032.0, Margin(0), "lower") is Verdict.CANNOT_TELL
    assert lab_verdict(change, 3032.0, LAB_MARGIN, "lower") is Verdict.SAME


def test_interval_is_unknown_with_two_runs() -> None:
    assert math.isinf(host_evidence([1.0, 1.1], [1.2, 1.3], RULE).shift.low)
