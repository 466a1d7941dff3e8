# SPDX-License-Identifier: MIT
"""How differences of provenance read."""

from kbench.judge.compat import Difference


def test_long_lists_and_digests_are_cut() -> None:
    names = tuple(f"exit.b{number}" for number in range(9))
    difference = Difference("kbench_guest_sha256", "a" * 64, "", names)
    expected = "guest sha256: aaaaaaaaaaaa -> unknown (exit.b0, exit.b1, exit.b2 and 6 more)"
    assert str(difference) == expected


def test_what_forbids() -> None:
    forbidding = ("unit", "kbench_target", "kbench_backend", "kbench_cpu_model", "kbench_pin_qemu")
    assert all(Difference(key, "a", "b").forbids for key in forbidding)
    assert not Difference("kbench_kvm_srcversion", "a", "b").forbids
