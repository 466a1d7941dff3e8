# SPDX-License-Identifier: MIT
"""The extension's exits to userspace, as round trips: mended in `all`, as posted in `rfc-v1`."""

import pytest

from kbench.targets.lab import target
from kbench.targets.lab.target import Lab, measure_all

pytestmark = pytest.mark.lab

POSTED = ["exit.hlt_user", "exit.mwait_user"]


def test_stock_kvm_has_none(lab: Lab) -> None:
    for result in measure_all(lab, [*POSTED, "exit.pause_user"]):
        assert "this KVM has no KVM_CAP_KBENCH" in result.skipped


def test_each_round_trip_is_the_same(extended: Lab) -> None:
    for result in measure_all(extended, [*POSTED, "exit.pause_user"]):
        assert result.error is None and result.counts is not None, result
        assert not result.counts.void
        assert result.counts.minimum == result.counts.maximum > 0


def test_the_rfc_as_posted(extended: Lab) -> None:
    posted = target.prepare("6.1", "rfc-v1", print)
    *both, pause = measure_all(posted, [*POSTED, "exit.pause_user"])
    assert "KVM_CAP_KBENCH is 0x200 here, without" in pause.skipped
    for result in both:
        assert result.error is None and result.counts is not None, result
        assert not result.counts.void and result.counts.minimum > 0
