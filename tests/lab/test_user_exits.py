# SPDX-License-Identifier: MIT
"""The extension's exits to userspace, as round trips: fixed in `all`, as posted in `rfc-v1`."""

import pytest

from kbench.lab import labs
from kbench.lab.labs import Lab, measure_all

pytestmark = pytest.mark.lab

POSTED = ["exit.hlt_user", "exit.mwait_user"]
PROPOSED = "--target lab --kvm userspace_exits"


def test_stock_kvm_has_none(lab: Lab) -> None:
    *both, pause = measure_all(lab, [*POSTED, "exit.pause_user"])
    for result in both:
        assert result.skipped.endswith("lacks KVM_KBENCH_USERSPACE_EXITS: " + PROPOSED)
    assert pause.skipped.endswith(
        "lacks KVM_KBENCH_USERSPACE_EXITS and KVM_KBENCH_ENTRY_INTERCEPTS: --target lab --kvm all"
    )


def test_each_round_trip_is_the_same(extended: Lab) -> None:
    for result in measure_all(extended, [*POSTED, "exit.pause_user"]):
        assert result.error is None and result.counts is not None, result
        assert not result.counts.void
        assert result.counts.minimum == result.counts.maximum > 0


@pytest.fixture(scope="module")
def posted(lab: Lab) -> Lab:
    return labs.prepare("6.1", "rfc-v1", print)


def test_the_rfc_as_posted(posted: Lab) -> None:
    *both, pause = measure_all(posted, [*POSTED, "exit.pause_user"])
    assert "lacks KVM_KBENCH_USERSPACE_EXITS and " in pause.skipped
    for result in both:
        assert result.error is None and result.counts is not None, result
        assert not result.counts.void and result.counts.minimum > 0


def test_idle_policies_of_the_rfc_as_posted(posted: Lab) -> None:
    """Only its modules have them; a HLT that exits blocks in KVM once it is entered again."""
    names = ["wake.irqfd@hlt-exit-rfc", "wake.irqfd@mwait-exit-rfc", "wake.irqfd@hlt-exit"]
    hlt, mwait, fixed = measure_all(posted, names)
    assert "lacks KVM_KBENCH_USERSPACE_EXITS: --target lab --kvm" in fixed.skipped
    for result in (hlt, mwait):
        assert result.error is None and result.counts is not None, result
        assert not result.counts.void
        assert result.counts.counters["userspace_idle_exits"] > 0
    assert hlt.counts and mwait.counts
    assert hlt.counts.minimum > mwait.counts.minimum > 0
