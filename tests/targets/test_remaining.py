# SPDX-License-Identifier: MIT
"""What a session says of the time that is left."""

import random

import pytest

from kbench.catalogue import select
from kbench.targets.remaining import Remaining

# Seconds that a step of a family takes: a worker's start, and what the family plays. The lab
# plays ten windows where another row has one.
HOST = {"exit": 0.5, "floor": 0.5, "wake": 2.5, "idle": 4.0, "work": 6.0, "hunt": 3.0}
LAB = {"exit": 3.0, "floor": 3.0, "wake": 8.0, "idle": 30.0, "work": 60.0, "hunt": 5.0}


@pytest.mark.parametrize(
    ("times", "rounds"), [(HOST, ["calibration", *["run"] * 6]), (LAB, ["run"])]
)
@pytest.mark.parametrize("seed", range(2))
def test_right_after_the_first_fifth(times: dict[str, float], rounds: list[str], seed: int) -> None:
    chance = random.Random(seed)
    rows = select(["exit", "rfc"])
    absent = {row.name for row in rows if "@mwait" in row.name}
    steps = [(kind, row.name) for kind in rounds for row in chance.sample(rows, len(rows))]
    took = [
        times.get(name.partition(".")[0], 2.0)
        * (0.3 if kind == "calibration" else 1.0)
        * chance.lognormvariate(0, 0.3)
        for kind, name in steps
    ]
    remaining = Remaining(steps)
    for name in absent:
        remaining.dropped(name)
    present = [(step, s) for step, s in zip(steps, took, strict=True) if step[1] not in absent]
    assert remaining.total == len(present) and remaining.seconds() is None
    for number, (step, seconds) in enumerate(present, 1):
        remaining.finished(*step, seconds)
        truth = sum(s for _, s in present[number:])
        said = remaining.seconds()
        assert said is not None and remaining.total == len(present)
        if len(present) / 5 <= number < 0.95 * len(present):
            assert truth / 1.5 < said < truth * 1.5, (number, said, truth)
    assert remaining.seconds() == 0
