# SPDX-License-Identifier: MIT
"""What stock KVM says of a halted vCPU with an event: the facts of reports/mp-state."""

import pytest

from kbench.catalogue import select
from kbench.catalogue.mpstate import LOOKS
from kbench.lab.labs import Lab, measure_all

pytestmark = pytest.mark.lab


def test_what_the_thread_calls_a_mess(lab: Lab) -> None:
    names = [row.name for row in select(["mpstate.truth@*"])]
    words = {}
    for result in measure_all(lab, names):
        assert result.error is None and result.counts and not result.counts.void, result
        words[result.benchmark.partition("@")[2]] = result.counts.marks
    for found in words.values():
        assert {found[f"truth_{look}"] for look in LOOKS} <= {"right", "stale", "changes"}
    # No interrupt shows before KVM_RUN; a PV kick does; INIT resets the vCPU that is looked at.
    for event in ("msi", "nmi", "timer"):
        assert (words[event]["truth"], words[event]["truth_get"]) == ("runs", "stale")
    assert words["msi"]["truth_kick"] == words["nmi"]["truth_kick"] == "right"
    assert words["smi"]["truth_events"] == words["nmi"]["truth_events"] == "right"
    # KVM_SET_MP_STATE leaves the kick pending: the next HLT falls through.
    assert words["pv-kick"]["truth_get"] == "right"
    assert words["pv-kick"]["truth_set"] == "changes"
    assert words["init"]["truth_get"] == "changes"
