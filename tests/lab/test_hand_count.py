# SPDX-License-Identifier: MIT
"""In the lab the count of a batch is that many times the count of its subject alone.

By hand: the guest with a batch of one, in the plain exit loop, makes two exits in turn, one
with the subject and one without. The loop knows nothing of batches; its longest and its
shortest round trip are exact, and what lies between them is the subject.
"""

import json

import pytest
from support.rows import batch

from kbench.lab import labs, protocol
from kbench.lab.inside import bundle
from kbench.lab.labs import Lab

pytestmark = pytest.mark.lab

ENTRY = """
from kbench.catalogue import RoundTrip, find
from kbench.lab.inside.measure import WARM_UP, _sleep_past_tick
from kbench.worker.measure import prepare

def main(job, send):
    row = find(job["benchmark"])
    one = RoundTrip(
        name=row.name, title=row.title, guest=row.guest, mode=row.mode, expect=row.expect,
        features=row.features, rounds=1,
    )
    with prepare(one, job["run_seconds"]) as measurement:
        measurement.run(2 * WARM_UP)
        _sleep_past_tick()
        measurement.run(2 * WARM_UP)
        measurement.reset()
        measurement.run(2 * WARM_UP)
        low, high = measurement.histogram.minimum, measurement.histogram.maximum
    send({"facts": {"low": low, "high": high}, "skipped": "counted by hand"})
"""
# name -> the instructions of one round of its control loop, read off guests/: dec and jnz,
# and cpuid's two xor.
LOOPS = {"inkernel.cpuid": 4, "inkernel.pio_in@elcr": 2, "inkernel.rdmsr_tsc_adjust": 2}


def by_hand(lab: Lab, name: str) -> int:
    """Instructions of one subject, from two single round trips."""
    job = protocol.Job(name, 0, 5.0, 20.0, entry="hand:main")
    files = {**labs.files(job), "package": bundle.pack({"hand.py": ENTRY.encode()})}
    with lab.snapshot.restore(files, 120.0) as process:
        process.wait()
        results = process.results()
    facts = json.loads(results.splitlines()[-1])["facts"]
    return int(facts["high"] - facts["low"])


@pytest.mark.parametrize("name", LOOPS)
def test_recorded_count_is_the_hand_count(lab: Lab, name: str) -> None:
    (result,) = labs.measure_all(lab, [name], jobs=1)
    assert result.counts is not None, result.error or result.skipped
    alone, size = by_hand(lab, name), batch(name).size
    # A figure is the mean of a batch. QEMU 7.2 counts exactly `size` times the subject, and
    # QEMU 10 one instruction less in the whole batch.
    whole = result.counts.figures["per_instruction_min"] * size
    assert abs(round(whole) - alone * size) <= 1
    # The guest's own stamps lie inside the exits and see the same.
    within = result.counts.figures["guest_per_instruction_min"] * size
    assert abs(round(within) - alone * size) <= 1


def test_the_controls_differ_by_their_loops(lab: Lab) -> None:
    results = list(labs.measure_all(lab, list(LOOPS), jobs=1))
    controls = {
        result.benchmark: result.counts.figures["control_min"]
        for result in results
        if result.counts is not None
    }
    cpuid, pio, rdmsr = (controls[name] for name in LOOPS)
    # 100 rounds; one more instruction before the loop sets rdmsr's registers, pio's and none.
    assert cpuid - rdmsr == 100 * (4 - 2) - 1
    assert pio >= rdmsr
