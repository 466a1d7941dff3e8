# SPDX-License-Identifier: MIT
"""Kernels that take long to build, and what is counted on them: make test-kernels."""

from pathlib import Path

import pytest
from support.linux import COMMITS, linux_tree

from kbench.judge.bisection import Bisection, Move
from kbench.judge.options import options
from kbench.kernels import files
from kbench.lab import labs
from kbench.lab.labs import measure_all
from kbench.present.bisection import text
from kbench.session.ab.measure import measured
from kbench.session.bisect import bisect

# `lab` too: where labs are left out, so are these.
pytestmark = [pytest.mark.lab, pytest.mark.test_kernels, pytest.mark.timeout(4 * 3600)]
NAME = "exit.pio_out"
# The commits that move the count: NOPs, and the function that they are in.
MOVES = {2: (5, "svm_handle_exit"), 7: (7, "kvm_arch_vcpu_ioctl_run"), 10: (3, "do_syscall_64")}


def found(good: str, tree: Path) -> Bisection:
    last = f"c{len(COMMITS) + 1}"
    return bisect(good, last, f"{tree},tiny", NAME, threshold=1, every=0, keep=None, report=print)


def figures(one: Bisection) -> dict[int, float]:
    """By the commit that moves it: how much the count moves."""
    steps = one.steps
    return {
        move.after: (steps[move.after].figure or 0) - (steps[move.before].figure or 0)
        for move in one.moves
    }


def test_bisect_names_the_commits_and_their_counts_twice() -> None:
    """Between them are a commit that does not build, one that does not boot, and comments."""
    tree = linux_tree()
    first = found("c1", tree)
    print(text(first, 100))
    # Indices of the history are those of the tags, less the first commit.
    assert [Move(number - 2, number - 1) for number in MOVES] == list(first.moves)
    assert figures(first) == {number - 1: nops for number, (nops, _) in MOVES.items()}
    for functions, (nops, function) in zip(first.functions, MOVES.values(), strict=True):
        assert [(each.function, each.delta) for each in functions.changes] == [(function, nops)]
    reasons = " ".join(step.reason for step in first.steps.values())
    assert "this does not compile" in reasons
    assert "this does not boot" in reasons
    assert found("c1", tree) == first


def test_bisect_across_a_series() -> None:
    """From one of Debian's series to the next: that step moves the count too."""
    moves = figures(found("c0", linux_tree()))
    assert {number: moves.pop(number) for number in MOVES} == {
        number: nops for number, (nops, _) in MOVES.items()
    }
    assert list(moves) == [1]


def test_gate_of_two_commits_names_the_functions() -> None:
    """They differ in KVM alone: one kernel and one snapshot, with two sets of modules."""
    found = measured(
        ("c1", "c2"), [NAME], options(["0"], None, False), 600, None, f"{linux_tree()},tiny"
    )
    assert [row.delta for row in found.changes if row.metric == "p50"] == [5]
    (functions,) = found.functions
    assert [(each.function, each.delta) for each in functions.changes] == [("svm_handle_exit", 5)]
    assert not [note for note in found.notes if "different kernels" in note]


@pytest.mark.parametrize("variant", ["stock", "all"])
def test_newest_kernel_of_debian_built_here(variant: str) -> None:
    """The distribution's own binaries take its compiler: gcc of this machine builds its source."""
    lab = labs.prepare("debian:newest,tiny", variant, print)
    results = {
        result.benchmark: result
        for result in measure_all(lab, [NAME, "exit.hlt_user", "exit.mwait_user"])
    }
    assert results[NAME].counts
    extended = [bool(results[name].counts) for name in ("exit.hlt_user", "exit.mwait_user")]
    assert extended == [variant == "all"] * 2


def test_installed_kernel_counts_as_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    package = labs.prepare("debian:6.1", labs.STOCK, print)
    kernel = package.snapshot.kernel
    monkeypatch.setattr(files, "BOOT", kernel.vmlinuz.parent)
    monkeypatch.setattr(files, "MODULES", kernel.modules.parents[1])
    installed = labs.prepare(f"installed:{kernel.release}", labs.STOCK, print)
    (one,), (other,) = (list(measure_all(lab, [NAME])) for lab in (package, installed))
    assert one.counts
    assert other.counts
    assert one.counts.minimum == other.counts.minimum
    assert installed.identity["kernel"].startswith(f"{kernel.release}-")
