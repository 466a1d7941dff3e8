# SPDX-License-Identifier: MIT
"""How differences of provenance read."""

from kbench.judge.compat import Difference, is_condition


def test_long_lists_and_digests_are_cut() -> None:
    names = tuple(f"exit.b{number}" for number in range(9))
    difference = Difference("kbench_guest_sha256", "a" * 64, "", names)
    expected = "guest sha256: aaaaaaaaaaaa -> unknown (exit.b0, exit.b1, exit.b2 and 6 more)"
    assert str(difference) == expected


def test_what_forbids() -> None:
    forbidding = ("unit", "kbench_target", "kbench_backend", "kbench_cpu_model", "kbench_pin_qemu")
    assert all(Difference(key, "a", "b").forbids for key in forbidding)
    assert not Difference("kbench_kvm_srcversion", "a", "b").forbids


def test_what_is_a_condition() -> None:
    """How it was measured is one; figures, counters, histograms and stages are not."""
    conditions = ("hostname", "kbench_kernel", "kbench_policy", "kbench_pin_machine_p50")
    assert all(map(is_condition, conditions))
    figures = (
        "hdr",
        "hdr_guest",
        "guest_p99_9",
        "late_p50",
        "min",
        "counter_exits",
        "void",
        "load",
        "title",
        "functions",
    )
    assert not any(is_condition(f"kbench_{name}") for name in figures)
    assert not is_condition("loadavg_1min"), "pyperf's own metadata"
