# SPDX-License-Identifier: MIT
"""Idle guests in the lab: exact, with their stages and their share of the pCPU."""

import json

import pytest

from kbench.benches import find
from kbench.targets.lab import session
from kbench.targets.lab.target import Lab, LabResult, measure_all

HALTED, SPINNING = "idle.poisson@hlt", "idle.poisson@mwait-nop"

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def results(lab: Lab) -> "dict[str, LabResult]":
    names = [HALTED, SPINNING, "wake.irqfd@hlt", "hunt.flag@hlt"]
    return {result.benchmark: result for result in measure_all(lab, names)}


def test_nothing_is_void(results: "dict[str, LabResult]") -> None:
    for result in results.values():
        assert result.error is None
        assert result.skipped or (result.counts is not None and not result.counts.void)


def test_a_missing_mechanism_is_a_skip(results: "dict[str, LabResult]") -> None:
    assert "KVM_KBENCH_IDLE_FLAG" in results["hunt.flag@hlt"].skipped


def test_a_halted_vcpu_leaves_the_pcpu_and_a_spinning_one_does_not(
    results: "dict[str, LabResult]",
) -> None:
    halted, spinning = (results[name].counts for name in (HALTED, SPINNING))
    assert halted and spinning and halted.value and spinning.value
    assert halted.value < 0.1e9 < 0.8e9 < spinning.value <= 1e9
    assert halted.counters["progress"] == spinning.counters["progress"] == 1


def test_the_suite_has_value_and_stages(results: "dict[str, LabResult]") -> None:
    for name, stages in ((HALTED, {"late"}), ("wake.irqfd@hlt", {"late", "guest", "ack"})):
        result = results[name]
        document = json.loads(session.suite(result, find(name).title))
        (run,) = document["benchmarks"][0]["runs"]
        assert result.counts is not None
        assert {f"kbench_hdr_{stage}" for stage in stages} <= set(run["metadata"])
        if result.counts.value is not None:
            assert run["values"] == [result.counts.value]
