# SPDX-License-Identifier: MIT
from dataclasses import replace

from kbench.fleet import labels, member
from kbench.fleet.member import describe, fitting, members, said


def test_what_a_worker_says_arrives() -> None:
    here = describe(4, None)
    (found,) = members({"tcp://10.0.0.2:1": {"kbench": said(here)}, "tcp://10.0.0.3:1": {}})
    assert found == replace(here, address="tcp://10.0.0.2:1")


def test_memory_bounds_the_labs() -> None:
    few = describe(64, 3 * member.LAB_BYTES)
    assert few.labs == (0 if few.lab_reason else 3)
    assert few.resources["LAB"] == few.labs


def test_another_kbench_is_left_out_naming_both() -> None:
    here = describe(1, None)
    other = replace(here, machine="old", labels={**here.labels, "kbench": "0.1.0 (ab)"})
    fit, lines = fitting([other, here], labels.host_labels())
    assert fit == [here]
    assert lines == [f"old is left out: kbench is 0.1.0 (ab) there and {labels.build()} here"]
